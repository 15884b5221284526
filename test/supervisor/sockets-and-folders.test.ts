import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockFile, lockFolder } from '../../src/supervisor/control-folder.ts';
import { prepareDataFolder } from '../../src/supervisor/data-folder.ts';
import { openTcp, openUnix } from '../../src/supervisor/raw-socket.ts';
import { notRun } from '../not-run.ts';
import { newFolder } from './supervised.ts';

test('a port in use cannot be opened, and each address family has its own ports', () => {
  const opened = openTcp('::1', 0);
  assert.ok(opened.ok && opened.port > 0);
  const other = openTcp('127.0.0.1', opened.port);
  assert.ok(other.ok);
  for (const { socket } of [opened, other]) socket.close();
});

test('a port in use and an address of another machine give different errors', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  assert.deepEqual(openTcp('127.0.0.1', address.port), { ok: false, code: 'EADDRINUSE' });
  assert.deepEqual(openTcp('192.0.2.1', 0), { ok: false, code: 'EADDRNOTAVAIL' });
});

test('a unix socket is opened only in a folder that is closed to others, and replaces a dead one, not a live one or a file', async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, 'in.sock');
  await chmod(folder, 0o750);
  assert.deepEqual(openUnix(path), { ok: false, code: 'FOLDER_OPEN_TO_OTHERS' });
  assert.deepEqual(openUnix(join(folder, 'none', 'in.sock')), { ok: false, code: 'ENOENT' });
  await chmod(folder, 0o700);
  // After kill -9 the path exists, but no process has the socket.
  const dying = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', dying, path]).signal, 'SIGKILL');
  const opened = openUnix(path);
  assert.ok(opened.ok);
  const mine = await stat(path);
  assert.equal(mine.mode & 0o777, 0o600);
  // A running server keeps its socket.
  assert.deepEqual(openUnix(path), { ok: false, code: 'EADDRINUSE' });
  assert.equal((await stat(path)).ino, mine.ino);
  opened.socket.close();
  await writeFile(path, 'precious');
  assert.deepEqual(openUnix(path), { ok: false, code: 'EADDRINUSE' });
});

test("in another user's folder the socket belongs to that user, and root removes and changes nothing there", async (t) => {
  if (process.geteuid?.() !== 0) {
    notRun("a unix socket in somebody else's folder", 'needs root');
    return;
  }
  const owner = { uid: 61_044, gid: 61_044 };
  const outer = await newFolder(t);
  await chmod(outer, 0o755);
  const folder = join(outer, 'theirs');
  await mkdir(folder, { mode: 0o700 });
  await chown(folder, owner.uid, owner.gid);
  const opened = openUnix(join(folder, 'in.sock'));
  assert.ok(opened.ok);
  const { uid, gid, mode } = await stat(join(folder, 'in.sock'));
  assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { ...owner, mode: 0o600 });
  opened.socket.close();
  // A folder of root's, in which only root could bind.
  await mkdir(join(outer, 'ours'), { mode: 0o700 });
  await symlink(join(outer, 'ours', 'new.sock'), join(folder, 'link.sock'));
  assert.deepEqual(openUnix(join(folder, 'link.sock')), { ok: false, code: 'EADDRINUSE' });
  assert.deepEqual(await readdir(join(outer, 'ours')), []);
  assert.equal(process.geteuid(), 0);
  await chmod(outer, 0o700);
  assert.deepEqual(openUnix(join(folder, 'in.sock')), { ok: false, code: 'FOLDER_CLOSED_TO_OWNER' });
});

test('root neither binds nor removes a socket at a path that the worker could redirect', async (t) => {
  if (process.geteuid?.() !== 0) {
    notRun("a unix socket on the worker's way", 'needs root');
    return;
  }
  const worker = { uid: 61_043, gid: 61_043 };
  const outer = await newFolder(t);
  await chmod(outer, 0o755);
  const [theirs, ours] = [join(outer, 'theirs'), join(outer, 'ours')];
  await mkdir(join(theirs, 'gateway'), { recursive: true, mode: 0o700 });
  await mkdir(join(ours, 'gateway'), { recursive: true, mode: 0o700 });
  for (const path of [theirs, join(theirs, 'gateway')]) await chown(path, worker.uid, worker.gid);
  const precious = openUnix(join(ours, 'gateway', 'in.sock'), worker);
  assert.ok(precious.ok);
  // A link above the folder, which is root's own and closed.
  await symlink(ours, join(theirs, 'link'));
  const { ino } = await stat(join(ours, 'gateway', 'in.sock'));
  assert.deepEqual(openUnix(join(theirs, 'link', 'gateway', 'in.sock'), worker), {
    ok: false,
    code: 'PATH_CONTROLLED_BY_WORKER',
  });
  assert.equal((await stat(join(ours, 'gateway', 'in.sock'))).ino, ino);
  // A link that replaced the socket.
  const opened = openUnix(join(theirs, 'gateway', 'in.sock'), worker);
  assert.ok(opened.ok);
  await rename(join(theirs, 'gateway'), join(theirs, 'before'));
  await symlink(join(ours, 'gateway'), join(theirs, 'gateway'));
  opened.socket.close();
  assert.equal((await stat(join(ours, 'gateway', 'in.sock'))).ino, ino);
  precious.socket.close();
  assert.deepEqual(await readdir(join(ours, 'gateway')), []);
});

test('a folder can be locked once in this process, and again when the lock is released', async (t) => {
  const folder = await newFolder(t);
  const lock = lockFolder(folder, undefined);
  assert.ok(lock);
  assert.equal(lockFolder(folder, undefined), undefined);
  lock.release();
  const again = lockFolder(folder, undefined);
  assert.ok(again);
  again.release();
});

if (process.geteuid?.() === 0) {
  test("a lock of root's is below /run, and leaves nothing there", async (t) => {
    const folder = await newFolder(t);
    const worker = { uid: 61_112, gid: 61_112 };
    for (const round of ['first', 'second']) {
      const lock = lockFolder(folder, worker);
      assert.ok(lock, round);
      assert.equal(existsSync(lockFile(folder, worker)), true, round);
      assert.equal(lockFolder(folder, worker), undefined, round);
      lock.release();
      assert.equal(existsSync(lockFile(folder, worker)), false, round);
    }
  });
} else notRun("a lock of root's", 'this needs root');

test('a lock is not followed through a link', async (t) => {
  const folder = await newFolder(t);
  await symlink('/etc/hostname', join(folder, 'supervisor.lock'));
  assert.throws(() => lockFolder(folder, undefined), /is not a plain file/);
});

test('the data folder is created and closed to others; an unusable path is refused', async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, 'a', 'b');
  assert.equal(preparedPath(path, undefined), path);
  await chmod(path, 0o755);
  assert.equal(preparedPath(path, undefined), path);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  await writeFile(join(folder, 'file'), '');
  const refused = prepareDataFolder(join(folder, 'file'), undefined);
  assert.match(
    refused.ok ? '' : refused.message,
    /^The data folder cannot be used \(EEXIST: .*\)\. Choose another --data/,
  );
});

test("root gives the worker an empty folder, and refuses another user's folder with contents", async (t) => {
  const worker = { uid: 61_043, gid: 61_043 };
  const folder = await newFolder(t);
  const [empty, full] = [join(folder, 'empty'), join(folder, 'full')];
  for (const path of [empty, full]) await mkdir(path);
  await writeFile(join(full, 'file'), '');
  const refusal = prepareDataFolder(full, worker);
  assert.match(
    refusal.ok ? '' : refusal.message,
    /belongs to uid \d+, and Postern runs as uid 61043\. Choose another --data, /,
  );
  if (process.geteuid?.() !== 0) return;
  assert.equal(preparedPath(empty, worker), empty);
  assert.equal((await stat(empty)).uid, worker.uid);
  await chown(full, worker.uid, worker.gid);
  assert.equal(preparedPath(full, worker), full);
});

test('at a path that the worker can redirect, root creates and gives away nothing', async (t) => {
  if (process.geteuid?.() !== 0) {
    notRun('root makes no folder where the worker chose the way', 'needs root');
    return;
  }
  const worker = { uid: 61_043, gid: 61_043 };
  const folder = await newFolder(t);
  await chmod(folder, 0o755);
  const [theirs, ours] = [join(folder, 'theirs'), join(folder, 'ours')];
  for (const path of [theirs, ours]) await mkdir(path);
  await chown(theirs, worker.uid, worker.gid);
  await symlink(ours, join(theirs, 'link'));
  // An empty folder of root's is not given away through the link, and none is created behind it.
  const given = prepareDataFolder(join(theirs, 'link'), worker);
  assert.match(
    given.ok ? '' : given.message,
    /ours belongs to uid 0, and Postern runs as uid 61043\. .*give it to uid 61043 \(chown -R 61043 /,
  );
  const made = prepareDataFolder(join(theirs, 'link', 'data'), worker);
  assert.match(made.ok ? '' : made.message, /^The data folder cannot be used \(EACCES: /);
  assert.equal((await stat(ours)).uid, 0);
  assert.deepEqual(await readdir(ours), []);
  // A folder that the worker could create is created as the worker, and then root is root again.
  assert.equal(preparedPath(join(theirs, 'a', 'data'), worker), join(theirs, 'a', 'data'));
  assert.equal((await stat(join(theirs, 'a'))).uid, worker.uid);
  assert.equal(process.geteuid(), 0);
});

function preparedPath(path: string, worker: Parameters<typeof prepareDataFolder>[1]): string {
  const prepared = prepareDataFolder(path, worker);
  assert.ok(prepared.ok, prepared.ok ? '' : prepared.message);
  closeSync(prepared.folder.descriptor);
  return prepared.folder.path;
}
