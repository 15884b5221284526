import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { rootFolder } from '../../fabric/place.ts';
import { CommandFailed } from '../failed.ts';
import type { Inherited } from '../run/environment.ts';
import { javaRoots } from '../run/launch.ts';
import { isInteractiveShell, workloadEnvironment } from './environment.ts';
import {
  folderOfRoot,
  folderOfUser,
  installationOf,
  isIn,
  isOwnFolder,
  isVisible,
  type KeptFolder,
} from './given-folder.ts';
import type { Joined } from './join.ts';
import type { Launch } from './launch.ts';
import { cgroupFolders, mountTable } from './mounts.ts';
import { javaRootFile, rootFiles } from './root-files.ts';
import { terminalUse } from './relay.ts';
import { nameServices, withPoolAccount } from './system-files.ts';
import { homesOf, workloadUser, type WorkloadUser } from './workload-user.ts';

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

/** Everything that the launcher needs for a workload that has joined. */
export async function prepare(joined: Joined, wanted: Wanted): Promise<Omit<Launch, 'programs' | 'filter'>> {
  const { namespace, anchor, runFolder } = joined;
  const { folder, command, inherited } = wanted;
  const passwd = contentsOf('/etc/passwd') ?? '';
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const user = workloadUser({ uid, gid, environment: inherited, poolUid: joined.poolUid, passwd });
  const home = user.kind === 'pool' ? { path: join(rootFolder, 'home'), uid: user.uid, gid: user.gid } : undefined;
  const kept = keptFolder(folder, { user, passwd });
  const environment = workloadEnvironment({
    inherited,
    user,
    poolHome: home?.path,
    instance: /^pt-([\da-f]+)-/.exec(namespace)?.[1] ?? 'fabric',
    clientId: wanted.clientId,
    place: `${joined.place} ${joined.address}`,
    command,
    ...(await rootFiles(inherited, runFolder)),
  });
  const terminal = terminalOf(command);
  const staged = stagedFiles(passwd, home);
  const java = javaRoots(environment);
  const isSeen = (path: string): boolean => isVisible(path, kept);
  const names = systemFile('/etc/resolv.conf');
  const madeFile = isIn(names, '/run') ? names : undefined;
  const installation = user.kind === 'caller' ? undefined : readOnlyFor(kept).find(isSeen);
  const isReadOnly = installation !== undefined && installation === kept?.path;
  const table = mountTable({
    runFolder,
    dataFolder: [wanted.dataFolder].find(isSeen),
    installation,
    isReadOnly,
    replaced: [
      ['resolv.conf', names],
      ['hosts', systemFile('/etc/hosts')],
      ...(java !== undefined && isSeen(java) ? [[await javaRootFile(runFolder), java] as const] : []),
    ],
    staged: staged.map(({ name, target }) => [name, target]),
    hasQueues: existsSync('/dev/mqueue'),
    hasTerminals: terminal.terminal !== 'none',
    hasRun: madeFile !== undefined,
    keptInRun: ['current-system'].filter((name) => existsSync(join('/run', name))),
    kept,
    home,
  });
  return {
    namespace,
    anchor,
    user,
    runFolder,
    workingFolder: folder,
    kept,
    isReadOnly,
    madeFile,
    files: { ...Object.fromEntries(staged.map(({ name, contents }) => [name, contents])), fstab: table },
    cgroups: user.kind === 'pool' ? [] : cgroupFolders(contentsOf('/proc/self/mounts') ?? ''),
    ...terminal,
    command,
    environment,
  };
}

/** The working folder, where it needs to be put to its place. */
function keptFolder(
  folder: string,
  { user, passwd }: { readonly user: WorkloadUser; readonly passwd: string },
): KeptFolder | undefined {
  if (isOwnFolder(folder)) return undefined;
  return user.kind === 'pool' ? folderOfRoot(folder, [userInfo().homedir, ...homesOf(passwd)]) : folderOfUser(folder);
}

/** The installation, or a given folder in it; the examples are for writing. */
function readOnlyFor(kept: KeptFolder | undefined): readonly string[] {
  const main = process.argv[1];
  if (main === undefined) return [];
  const installation = installationOf(realpathSync(main));
  if (kept === undefined || !isIn(kept.path, installation)) return [installation];
  return isIn(kept.path, join(installation, 'examples')) ? [] : [kept.path];
}

function terminalOf(command: readonly string[]): Pick<Launch, 'terminal' | 'takesTerminal'> {
  const terminal = terminalUse([0, 1, 2].map(isatty), hasControllingTerminal());
  return { terminal, takesTerminal: terminal === 'types' && isInteractiveShell(command) };
}

/** Whether this process has a controlling terminal (proc_pid_stat(5), the field `tty_nr`). */
function hasControllingTerminal(): boolean {
  return Number(contentsOf('/proc/self/stat')?.split(') ').at(-1)?.split(' ')[4] ?? 0) !== 0;
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
