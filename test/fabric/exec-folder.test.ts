/** The working folder of `postern exec`: which ones a workload of root may be given, and what it cannot do in it. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { folderOfRoot, foldersBetween, installationOf, ownFolders } from '../../src/cli/exec/given-folder.ts';
import { mountTable } from '../../src/cli/exec/mounts.ts';
import { notRun } from '../not-run.ts';
import { ended, ExecIn, modes, userUid, whyNot, type Mode } from './exec-in.ts';

const inSubnet = ['--subnet', 'prod/web'];
const hint = 'hint: Give a folder of yours with --folder DIR';

void describe('a folder that root gives to a workload', () => {
  const homes = ['/root', '/home/ada'];
  const refusalOf = (folder: string): string => {
    try {
      folderOfRoot(folder, homes);
      return 'given';
    } catch (error) {
      return / workload: (.*)\.$/.exec(String(error))?.[1] ?? String(error);
    }
  };

  it('is not one of the system, and no home', () => {
    const system = [
      '/bin',
      '/usr',
      '/etc/cron.d',
      '/usr/local/bin',
      '/usr/lib/x',
      '/boot',
      '/run/x',
      '/lib64',
      '/var/lib/x',
    ];
    for (const folder of [...system, '/var/spool/cron', '/dev/shm', '/proc/1', '/nix/store']) {
      assert.equal(refusalOf(folder), 'root runs and reads what is there', folder);
    }
    for (const folder of ['/', '/home', '/opt', '/srv', '/mnt', '/usr/src', '/var/www']) {
      assert.equal(refusalOf(folder), 'it is a folder of the whole system', folder);
    }
    for (const folder of homes) assert.equal(refusalOf(folder), 'it is a home, in which there are keys');
    for (const folder of ['.cache', '.ssh/x'].map((name) => join('/root', name))) {
      assert.equal(refusalOf(folder), "programs keep a user's settings and keys there");
    }
  });

  it('may be one of a user', (t) => {
    const made = mkdtempSync('/usr/src/postern-');
    t.after(() => rmSync(made, { recursive: true }));
    assert.equal(refusalOf(made), 'given');
  });

  it('has folders between it and what is covered in it', () => {
    assert.deepEqual(foldersBetween('/a', '/a/b/c/data'), ['/a/b', '/a/b/c']);
    assert.deepEqual(foldersBetween('/a', '/a/data'), []);
    assert.deepEqual(foldersBetween('/a/b', '/a/data'), []);
  });

  it('has the files of this program, with all packages beside it where it is one', () => {
    assert.equal(installationOf('/srv/postern/bin/main.mjs'), '/srv/postern');
    assert.equal(installationOf('/srv/p/node_modules/postern/bin/main.mjs'), '/srv/p/node_modules');
  });

  it('is a field of the table of mounts with any name', () => {
    const path = '/w/a b\tc\nd\\e#f\u2028g\u00A0h';
    const none = { dataFolder: undefined, installation: undefined, replaced: [], staged: [], keptInRun: [] };
    const table = mountTable({
      ...none,
      runFolder: '/r',
      hasTerminals: true,
      hasQueues: false,
      hasRun: true,
      isReadOnly: false,
      kept: { path, base: ownFolders[0] },
      home: undefined,
    });
    assert.ok(table.includes('/dev/shm/folder /w/a\\040b\\011c\\012d\\134e\\043f\u2028g\u00A0h none rbind,'), table);
  });
});

for (const mode of modes) {
  const title = `the folder of a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = whyNot(mode);
  if (why === undefined) void describe(title, () => folderTests(mode));
  else notRun(title, why);
}

function folderTests(mode: Mode): void {
  let world: ExecIn;
  before(async () => {
    world = await ExecIn.start(mode);
  });
  after(() => world[Symbol.asyncDispose]());

  const inFolder = (folder: string) => ({ options: [...inSubnet, '--folder', folder] });

  it('is refused where it is a file, was removed, or cannot be entered', async () => {
    const file = join(world.project, 'app.txt');
    const refused = await world.run(['pwd'], inFolder(file));
    assert.deepEqual([refused.status, refused.stdout], [1, '']);
    assert.equal(refused.stderr, `error: ${file} is not a folder.\n${hint}.\n`);
    const gone = join(world.project, 'gone');
    mkdirSync(gone);
    chmodSync(gone, 0o777);
    const line = world.line(['pwd']);
    const removed = await ended(
      world.startLine(['sh', '-c', `cd ${gone} && rmdir ${gone} && exec "$@"`, 'sh', ...line], {}),
    );
    assert.deepEqual([removed.status, removed.stdout], [1, '']);
    assert.match(
      removed.stderr,
      /^(?:.*getcwd.*\n)*error: The current folder was removed\.\nhint: Change to one that is there\.\n$/,
    );
  });

  it('is a folder for temporary files of its own, with nothing of the machine in it', async (t) => {
    const seen = ownFolders.map((folder) => mkdtempSync(join(folder, 'postern-seen-')));
    t.after(() => seen.forEach((folder) => rmSync(folder, { recursive: true })));
    for (const folder of seen) chmodSync(folder, 0o777);
    for (const folder of ownFolders) {
      const script = 'pwd; ls -A | grep seen; echo x >postern-left; cat postern-left';
      assert.equal(await world.prints(script, inFolder(folder)), `${folder}\nx\n`);
      assert.ok(!existsSync(join(folder, 'postern-left')));
    }
    const find = 'find /run /tmp /var/tmp -type s 2>/dev/null; ls -A /run';
    assert.doesNotMatch(await world.prints(find), /sock|user|netns|dbus|systemd/);
  });

  if (mode === 'rootless') return;

  it('is found below a closed folder, of which the workload sees nothing else', async (t) => {
    const closed = mkdtempSync('/srv/postern-closed-');
    t.after(() => rmSync(closed, { recursive: true }));
    const folder = join(closed, 'deep', 'a b');
    mkdirSync(folder, { recursive: true });
    for (const path of [join(closed, 'key'), join(folder, 'own.txt')]) writeFileSync(path, 'own\n', { mode: 0o600 });
    const script = 'pwd; cat own.txt; echo x >made && ls; ls -A ../..; ls -A ..; touch ../x 2>&1 | grep -o denied';
    assert.equal(await world.prints(script, inFolder(folder)), `${folder}\nown\nmade\nown.txt\ndeep\na b\ndenied\n`);
    assert.equal(statSync(join(folder, 'made')).uid, 0);
  });

  it('is not one of the system', async () => {
    for (const folder of ['/', '/etc', '/usr/local/bin']) {
      const { status, stdout, stderr } = await world.run(['pwd'], inFolder(folder));
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, new RegExp(`^error: ${folder} cannot be given to a workload: .*\\.\n${hint}`));
    }
  });

  it('is one that the user who called sudo may enter', async () => {
    const env = { SUDO_UID: String(userUid), SUDO_GID: String(userUid) };
    const { status, stderr } = await world.run(['pwd'], { env });
    assert.equal(status, 125);
    assert.equal(stderr, `error: The workload cannot enter ${world.project}: Permission denied.\n${hint}.\n`);
    for (const folder of [world.home, world.project]) chmodSync(folder, 0o755);
    assert.equal(
      await world.prints('pwd; touch x 2>&1 | grep -o denied; id -u', { env }),
      `${world.project}\ndenied\n${userUid}\n`,
    );
    for (const folder of [world.home, world.project]) chmodSync(folder, 0o700);
  });

  it("has this program's own files read-only, in a folder above them as well", async (t) => {
    const parent = mkdtempSync('/srv/postern-above-');
    t.after(() => rmSync(parent, { recursive: true }));
    const installation = join(parent, 'deep', 'postern');
    mkdirSync(join(installation, 'bin'), { recursive: true });
    const checkout = join(import.meta.dirname, '../..');
    for (const name of ['src', 'node_modules', 'runtime', 'package.json'])
      symlinkSync(join(checkout, name), join(installation, name));
    writeFileSync(join(installation, 'bin', 'main.mjs'), "import('../src/cli/main.ts');\n");
    const { status, stdout } = await ended(
      world.startLine(
        [process.execPath, join(installation, 'bin/main.mjs'), ...world.line(['sh', '-c', attack]).slice(1)],
        { cwd: parent },
      ),
    );
    assert.deepEqual([status, stdout], [0, 'written\n']);
    const inside = 'touch x || mkdir src2 || mv bin bin2 || echo no; cat bin/main.mjs';
    const own = await ended(
      world.startLine(
        [process.execPath, join(installation, 'bin/main.mjs'), ...world.line(['sh', '-c', inside]).slice(1)],
        {
          cwd: installation,
        },
      ),
    );
    assert.equal(own.stdout, "no\nimport('../src/cli/main.ts');\n");
    assert.equal(own.stderr.match(/Read-only file system/g)?.length, 3, own.stderr);
  });

  const attack = [
    'echo x >written && echo written',
    'echo x 2>/dev/null >>deep/postern/bin/main.mjs && echo changed',
    'mv deep other 2>/dev/null && echo renamed',
    'mv deep/postern other 2>/dev/null && echo renamed',
    'true',
  ].join('; ');

  it('has no data folder, also under another name of a folder above it', async () => {
    const script = 'mkdir p && echo made; mv project p 2>&1 | grep -o "busy"; ls -A project/postern-data';
    chmodSync(world.home, 0o755);
    assert.equal(await world.prints(script, inFolder(world.home)), 'made\nbusy\n');
    chmodSync(world.home, 0o700);
  });

  it('is the folder that was checked, when its path leads elsewhere afterwards', async (t) => {
    const [folder, moved] = [join(world.home, 'swapped'), join(world.home, 'moved')];
    mkdirSync(folder);
    writeFileSync(join(folder, 'own.txt'), 'own\n');
    t.after(() => [folder, moved].forEach((each) => rmSync(each, { recursive: true, force: true })));
    world.fabric.beforeAnswer = () => {
      renameSync(folder, moved);
      symlinkSync('/etc', folder);
    };
    const { status, stdout, stderr } = await world.run(['cat', 'own.txt', 'passwd'], inFolder(folder));
    world.fabric.beforeAnswer = undefined;
    assert.deepEqual([status, stdout], [1, '']);
    assert.equal(stderr, `error: ${folder} was moved meanwhile.\nhint: Run the command again.\n`);
  });
}
