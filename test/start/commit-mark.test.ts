import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder, startCommand, startPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const key = Buffer.alloc(32, 7).toString('base64');

/** A folder with the data folder and whatever a test puts beside it. */
function place(): Disposable & { readonly data: string; readonly at: (name: string) => string } {
  const folder = dataFolder();
  const at = (name: string) => join(folder.path, name);
  execFileSync('chmod', ['755', folder.path]);
  return { data: at('data'), at, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

/** Starts, stops in order, and returns what was printed on standard error. */
async function startAndStop(options: readonly string[], environment: readonly string[] = []): Promise<string> {
  const world = await startCommand(['env', ...environment, postern, 'start', ...options]);
  assert.equal(await world.end('SIGTERM'), 0, world.stderr());
  return world.stderr();
}

test('a store with a commit number is refused without its mark, unless an option allows it', async () => {
  using files = place();
  const options = ['--data', files.data];
  assert.doesNotMatch(await startAndStop(options), /postern: The commit mark/);
  const mark = join(files.data, 'commit-mark');
  rmSync(mark);
  await assert.rejects(startPostern(options), /the commit mark is missing.*--accept-copy/s);
  await startAndStop([...options, '--accept-copy']);
  await startAndStop(options);
});

test('without the key file of its first start a store is refused, and no new key is made', async () => {
  using files = place();
  const options = ['--data', files.data];
  await startAndStop(options);
  const file = join(files.data, 'master.key');
  renameSync(file, files.at('kept.key'));
  await assert.rejects(
    startPostern(options),
    /master\.key is missing, although a store exists beside it.*No new key was created/s,
  );
  assert.equal(existsSync(file), false);
  // The same if the key was never there, and the variable was forgotten.
  const other = files.at('other');
  await startAndStop(['--data', other], [`POSTERN_MASTER_KEY=${key}`]);
  await assert.rejects(startPostern(['--data', other]), /POSTERN_MASTER_KEY or in the file that masterKeyFile names/);
  assert.equal(existsSync(join(other, 'master.key')), false);
  renameSync(files.at('kept.key'), file);
  await startAndStop(options);
});

test('the mark is beside the key file, and refuses an older copy of the whole data folder', async () => {
  using files = place();
  const keys = files.at('keys');
  mkdirSync(keys, { mode: 0o700 });
  writeFileSync(join(keys, 'key'), key, { mode: 0o600 });
  writeFileSync(files.at('postern.json'), JSON.stringify({ masterKeyFile: 'keys/key' }));
  const options = ['--data', files.data, '--config', files.at('postern.json')];
  assert.doesNotMatch(await startAndStop(options), /The commit mark/);
  copy(files.data, files.at('older'));
  await startAndStop(options);
  // The worker writes it, and it belongs to the folder's owner.
  const mark = join(keys, 'key.commit-mark');
  assert.equal(statSync(mark).uid, process.geteuid?.());
  assert.match(readFileSync(mark, 'latin1'), /postern commit mark /);
  assert.equal(existsSync(join(files.data, 'commit-mark')), false);
  copy(files.at('older'), files.data);
  await assert.rejects(startPostern(options), /older copy.*key\.commit-mark/s);
  rmSync(mark);
  await assert.rejects(startPostern(options), /the commit mark is missing/);
});

test('with the key in the environment the start says what is not protected, unless the mark has a path', async () => {
  using files = place();
  const options = ['--data', files.data];
  const environment = [`POSTERN_MASTER_KEY=${key}`];
  const said = await startAndStop(options, environment);
  assert.match(
    said,
    /The commit mark is in the data folder, although the master key is not: .*commitMarkFile in the configuration/,
  );
  writeFileSync(files.at('postern.json'), JSON.stringify({ commitMarkFile: 'mark' }));
  const placed = [...options, '--config', files.at('postern.json')];
  await assert.rejects(
    startCommand(['env', ...environment, postern, 'start', ...placed]),
    /the commit mark is missing/,
  );
  renameSync(join(files.data, 'commit-mark'), files.at('mark'));
  assert.doesNotMatch(await startAndStop(placed, environment), /The commit mark/);
});

test('root reads no key for the worker from a place where the worker could put a link', async () => {
  if (process.geteuid?.() !== 0) {
    notRun('a key file behind a link of the worker', 'needs root');
    return;
  }
  using files = place();
  writeFileSync(files.at('secret'), key, { mode: 0o600 });
  const theirs = files.at('theirs');
  mkdirSync(theirs);
  execFileSync('ln', ['-s', files.at('secret'), join(theirs, 'key')]);
  chownSync(theirs, 61_043, 61_043);
  writeFileSync(files.at('postern.json'), JSON.stringify({ masterKeyFile: 'theirs/key' }));
  const options = ['--data', files.data, '--config', files.at('postern.json')];
  await assert.rejects(startPostern(options), /EACCES: permission denied, open '.*theirs\/key'/);
  // With its own configuration the worker would make root read any file for it.
  renameSync(files.at('postern.json'), join(theirs, 'postern.json'));
  const theirConfig = ['--data', files.data, '--config', join(theirs, 'postern.json')];
  await assert.rejects(
    startPostern(theirConfig),
    /\(uid 61043\) can change .*theirs\/postern\.json, which root trusts/,
  );
});

test('a start without the database does not make another, and what is put back afterwards is whole', async () => {
  using files = place();
  const options = ['--data', files.data];
  const database = join(files.data, 'postern.db');
  await startAndStop(options);
  renameSync(database, files.at('kept.db'));
  await assert.rejects(startPostern(options), /postern\.db is missing, but its commit mark.*--accept-copy/s);
  assert.equal(existsSync(database), false);
  assert.equal(existsSync(`${database}-wal`), false);
  renameSync(files.at('kept.db'), database);
  await startAndStop(options);
  // SQLite would apply the log of another database to a new one.
  renameSync(database, files.at('kept.db'));
  writeFileSync(`${database}-wal`, 'left');
  const { uid, gid } = statSync(files.data);
  chownSync(`${database}-wal`, uid, gid);
  const withLog = startPostern([...options, '--accept-copy']);
  await assert.rejects(withLog, /postern\.db is missing, but postern\.db-wal, .* is still there/);
  rmSync(`${database}-wal`);
  await startAndStop([...options, '--accept-copy']);
});

test('a refused older copy leaves no log behind that would be applied to the latest one', async () => {
  using files = place();
  const options = ['--data', files.data];
  const database = join(files.data, 'postern.db');
  await startAndStop(options);
  copy(database, files.at('older.db'));
  await startAndStop(options);
  copy(database, files.at('latest.db'));
  copy(files.at('older.db'), database);
  await assert.rejects(startPostern(options), /older copy/);
  assert.equal(existsSync(`${database}-wal`), false);
  copy(files.at('latest.db'), database);
  await startAndStop(options);
});
