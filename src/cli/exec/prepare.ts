import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandFailed } from '../failed.ts';
import type { Inherited } from '../run/environment.ts';
import { javaRoots } from '../run/launch.ts';
import { workloadEnvironment } from './environment.ts';
import { givenFolder, isVisible } from './given-folder.ts';
import type { Joined } from './join.ts';
import type { Launch } from './launch.ts';
import { idMap, mountTable } from './mounts.ts';
import { javaRootFile, rootFiles } from './root-files.ts';
import { nameServices, withPoolAccount } from './system-files.ts';
import { workloadUser } from './workload-user.ts';

export interface Wanted {
  /** The real path of the server's data folder. */
  readonly dataFolder: string;
  /** Where the workload is to work: a real path. */
  readonly folder: string;
  /** Of a user-assigned identity. */
  readonly clientId: string | undefined;
  readonly command: readonly string[];
  readonly inherited: Inherited;
}

/** In /run: sockets and names of others: of sessions, of servers and fabrics, and of a cache that the C library's resolver asks. */
const closed = /^(?:user|netns|nscd|postern.*)$/;

/** Everything that the launcher needs for a workload that has joined. */
export async function prepare(joined: Joined, wanted: Wanted): Promise<Omit<Launch, 'programs'>> {
  const { namespace, anchor, runFolder } = joined;
  const { folder, command, inherited } = wanted;
  const passwd = contentsOf('/etc/passwd') ?? '';
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const user = workloadUser({ uid, gid, environment: inherited, poolUid: joined.poolUid, passwd });
  const covered = dirname(runFolder);
  const poolHome = user.kind === 'pool' ? { path: join(covered, 'home'), uid: user.uid, gid: user.gid } : undefined;
  const given = poolHome && givenFolder(folder, userInfo().homedir);
  const environment = workloadEnvironment({
    inherited,
    user,
    poolHome: poolHome?.path,
    instance: /^pt-([\da-f]+)-/.exec(namespace)?.[1] ?? 'fabric',
    clientId: wanted.clientId,
    place: `${joined.place} ${joined.address}`,
    command,
    ...(await rootFiles(inherited, runFolder)),
  });
  const staged = stagedFiles(passwd, poolHome);
  const java = javaRoots(environment);
  const table = mountTable({
    runFolder,
    coveredFolder: covered,
    otherCovers: coversBeside(covered, wanted.dataFolder).filter((path) => isVisible(path, given)),
    hiddenFiles: ['state.json'].filter((name) => existsSync(join(runFolder, name))),
    replaced: [
      ['resolv.conf', systemFile('/etc/resolv.conf')],
      ['hosts', systemFile('/etc/hosts')],
      ...(java !== undefined && isVisible(java, given) ? [[await javaRootFile(runFolder), java] as const] : []),
    ],
    staged: staged.map(({ name, target }) => [name, target]),
    given,
    home: poolHome,
  });
  return {
    namespace,
    anchor,
    user,
    runFolder,
    workingFolder: given === undefined ? (poolHome?.path ?? folder) : given.path,
    given: given && { path: given.path, idMap: idMap(user) },
    files: { ...Object.fromEntries(staged.map(({ name, contents }) => [name, contents])), fstab: table },
    command,
    environment,
  };
}

interface StagedFile {
  readonly name: string;
  readonly target: string;
  readonly contents: string;
}

function stagedFiles(
  passwd: string,
  home: { readonly path: string; readonly uid: number; readonly gid: number } | undefined,
): readonly StagedFile[] {
  const nsswitch = contentsOf('/etc/nsswitch.conf');
  const accounts =
    home && withPoolAccount({ ...home, home: home.path }, { passwd, group: contentsOf('/etc/group') ?? '' });
  const files = {
    'nsswitch.conf': nsswitch && nameServices(nsswitch),
    passwd: accounts?.passwd,
    group: accounts?.group,
  };
  return Object.entries(files).flatMap(([name, contents]) =>
    contents === undefined ? [] : [{ name, contents, target: systemFile(`/etc/${name}`) }],
  );
}

/** The data folder, and the closed folders of /run that exist, without what is covered by another one. */
function coversBeside(covered: string, dataFolder: string): readonly string[] {
  const inRun = readdirSync('/run').filter((name) => closed.test(name));
  return [...inRun.map((name) => join('/run', name)), dataFolder].filter((path) => path !== covered);
}

/** A file can only be mounted over one that is there, and over what its name leads to. */
function systemFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new CommandFailed(
      `There is no ${path}, which a workload reads a file of its own in place of.`,
      'Make an empty one.',
    );
  }
}

function contentsOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
