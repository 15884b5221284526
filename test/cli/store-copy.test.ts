/** The refusals of `postern store copy` that come before a database is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const program = join(import.meta.dirname, '../../bin/postern');
const folder = mkdtempSync(join(tmpdir(), 'postern-copy-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** On port 1 there is no database. */
const nowhere = 'postgres://postern@127.0.0.1:1/postern';

function copy(...args: readonly string[]) {
  const { status, stderr } = spawnSync(program, ['store', 'copy', ...args], { encoding: 'utf8', cwd: folder });
  return { status, stderr };
}

function dataFolder(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o700 });
  for (const [file, contents] of Object.entries(files)) writeFileSync(join(path, file), contents);
  return path;
}

test('a folder in which a restore was cut short is copied neither from nor into', () => {
  const data = dataFolder('restored', { restoring: '', 'postern.db': '' });
  for (const way of [
    ['--from', data, '--to', nowhere],
    ['--from', nowhere, '--to', data, '--replace'],
  ]) {
    const { status, stderr } = copy(...way);
    assert.deepEqual([status, stderr.includes('A restore into')], [1, true], stderr);
    assert.match(stderr, /Run "postern restore" again/);
  }
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith('postern.db')),
    ['postern.db'],
  );
});

test('the log of a database that is missing is neither applied to the copy nor removed', () => {
  const data = dataFolder('log-alone', { 'postern.db-wal': 'changes' });
  const { status, stderr } = copy('--from', nowhere, '--to', data);
  assert.equal(status, 1);
  assert.match(stderr, /postern\.db-wal is there, the log of the last changes of a database.*Bring the database back/s);
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith('postern.db')),
    ['postern.db-wal'],
  );
});

test('the authorities that a URL names are looked for where the command is given, not in the data folder', () => {
  const data = dataFolder('authorities', { 'ca.pem': 'of another folder' });
  const { status, stderr } = copy('--from', data, '--to', `${nowhere}?sslrootcert=ca.pem`);
  assert.equal(status, 1);
  assert.match(stderr, /sslrootcert: ENOENT: no such file or directory, open 'ca\.pem'/);
});
