import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { encode } from '../../src/store/store.ts';
import type { Opened } from './conformance.ts';
import { conformance, onDisk } from './conformance.ts';
import { temporaryFolder } from './folder.ts';

async function openConforming(options = {}): Promise<Opened> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'postern.db');
  return onDisk(folder, () => openSqliteStore({ file, ...options }));
}

conformance('sqlite', openConforming, 'durable');

const record = (index: number) => ({
  key: `record/${String(index).padStart(5, '0')}`,
  value: Buffer.alloc(500, index),
});

/** A database of some 100 pages, closed. */
async function written(folder: string, count = 600): Promise<string> {
  const file = join(folder, 'postern.db');
  const store = await openSqliteStore({ file });
  await store.transact({ put: Array.from({ length: count }, (_, index) => record(index)) });
  await store.close();
  return file;
}

const refusedAs = (kind: string, message: RegExp) => ({ name: 'StoreRefused', kind, message });

describe('many reads of a SQLite store', () => {
  it('have what another process committed after a snapshot of the same turn began', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    const store = await openSqliteStore({ file });
    const other = new DatabaseSync(file);
    await store.transact({ put: [record(1)] });
    const firstByte = ([result]: Awaited<ReturnType<typeof store.readMany>>) =>
      result?.ok === true && result.records[0]?.value[0];
    for (let round = 2; round < 20; round += 1) {
      const before = store.read({ get: [record(1).key] });
      other.prepare('UPDATE records SET value = ?, version = ?').run(Buffer.alloc(500, round), `of round ${round}`);
      const many = store.readMany([{ get: [record(1).key] }]);
      assert.ok(Array.isArray(many), 'nothing is waited for');
      assert.equal(firstByte(many), round);
      assert.equal((await before)[0]?.value[0], round - 1);
    }
    other.close();
    await store.close();
  });
});

describe('the files of a SQLite store', () => {
  it('are for their owner only, and one file is left after a clean close', async () => {
    await using folder = await temporaryFolder();
    const store = await openSqliteStore({ file: join(folder.path, 'postern.db') });
    await store.transact({ put: [record(1)] });
    const names = (await readdir(folder.path)).toSorted();
    assert.deepEqual(names, ['postern.db', 'postern.db-shm', 'postern.db-wal', 'postern.db.lock']);
    for (const name of names) assert.equal((await stat(join(folder.path, name))).mode & 0o777, 0o600, name);
    await store.close();
    assert.deepEqual((await readdir(folder.path)).toSorted(), ['postern.db', 'postern.db.lock']);
  });

  it('replace those of a start that was interrupted', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    for (const name of ['new', 'new-wal', 'new-shm']) await writeFile(`${file}.${name}`, 'half a database');
    const store = await openSqliteStore({ file });
    await store.transact({ put: [record(1)] });
    assert.equal((await store.read({ get: [record(1).key] })).length, 1);
    await store.close();
  });

  it('cannot be opened again in this process until they are closed', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    const store = await openSqliteStore({ file });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await assert.rejects(openSqliteStore({ file }), refusedAs('inUse', /is already open: another process uses/));
    }
    await store.transact({ put: [record(1)] });
    await store.close();
    await (await openSqliteStore({ file })).close();
  });

  it('are locked by another process as long as it lives, and free when it is killed', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    const module = new URL('../../src/store/sqlite.ts', import.meta.url).href;
    const script = `const { openSqliteStore } = await import(${JSON.stringify(module)});
      await openSqliteStore({ file: ${JSON.stringify(file)} }); process.stdout.write('open');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail('it has ended'))]);
      await assert.rejects(openSqliteStore({ file }), refusedAs('inUse', /is already open: another process uses/));
    } finally {
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await exited;
    }
    await (await openSqliteStore({ file })).close();
  });
});

describe('the log of a SQLite store', () => {
  it('is restarted again and again, even while reads never stop', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    const store = await openSqliteStore({ file });
    const writes = { left: 6_000 };
    const write = async (): Promise<void> => {
      for (; writes.left > 0; writes.left -= 1)
        await store.transact({ put: [{ ...record(writes.left % 500), value: Buffer.alloc(3_000) }] });
    };
    const read = async (): Promise<void> => {
      while (writes.left > 0) {
        for (let index = 0; index < 20; index += 1) await store.read({ get: [record(index).key] });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([...Array.from({ length: 32 }, write), ...Array.from({ length: 4 }, read)]);
    const { size } = await stat(`${file}-wal`);
    assert.ok(size < 2 ** 24, `${size} bytes`);
    await store.close();
  });
});

describe('a SQLite store is not opened', () => {
  it('when the file is cut off, wherever', async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path);
    const whole = await readFile(file);
    assert.ok(whole.length > 300_000);
    for (const length of [whole.length - 1, whole.length - 4096, whole.length >> 1, 4096, 200]) {
      await writeFile(file, whole.subarray(0, length));
      await assert.rejects(
        openSqliteStore({ file }),
        refusedAs('cutOff', /is cut off: it has \d+ of the \d+ pages/),
        `${length}`,
      );
    }
    for (const length of [99, 15, 0]) {
      await writeFile(file, whole.subarray(0, length));
      await assert.rejects(
        openSqliteStore({ file }),
        refusedAs('notOurs', /is damaged, or is not an SQLite database/),
        `${length}`,
      );
    }
    await writeFile(file, whole);
    await (await openSqliteStore({ file })).close();
  });

  it('when the file is not a database', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    await writeFile(file, Buffer.alloc(8_192, 'x'));
    await assert.rejects(openSqliteStore({ file }), refusedAs('notOurs', /or is not an SQLite database/));
  });

  it('when the database is that of another application', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'postern.db');
    const foreign = new DatabaseSync(file);
    foreign.exec('CREATE TABLE records (key TEXT PRIMARY KEY)');
    foreign.close();
    await assert.rejects(openSqliteStore({ file }), refusedAs('notOurs', /of another application/));
  });

  it('when a later version of Postern wrote it', async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path, 1);
    const later = new DatabaseSync(file);
    later.exec('PRAGMA user_version = 2');
    later.close();
    await assert.rejects(openSqliteStore({ file }), refusedAs('otherFormat', /has format 2; .* knows format 1/));
  });

  it('when its first page is damaged after the header', async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path, 1);
    await overwrite(file, { from: 100, length: 3_996 });
    await assert.rejects(openSqliteStore({ file }), refusedAs('notOurs', /is damaged/));
  });
});

describe('a SQLite store that was not closed', () => {
  it('is opened when a checkpoint was cut short and the log has the missing pages, and only then', async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path, 1);
    await cutCheckpoint(file, 300);
    const store = await openSqliteStore({ file });
    assert.equal((await store.list({ prefix: 'raw/', limit: 1_000 })).length, 300);
    await store.close();

    await rm(file);
    await written(folder.path, 1);
    await cutCheckpoint(file, 300);
    await truncate(`${file}-wal`, 40_000);
    await assert.rejects(openSqliteStore({ file }), refusedAs('cutOff', /is cut off/));
    await rm(`${file}-wal`);
    await assert.rejects(openSqliteStore({ file }), refusedAs('cutOff', /is cut off/));
  });
});

describe('a damaged page inside a SQLite store', () => {
  it('makes the records on it unreadable, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path);
    const { size } = await stat(file);
    await overwrite(file, { from: Math.floor(size / 4_096 / 2) * 4_096, length: 4_096 });
    const store = await openSqliteStore({ file });
    let damaged = 0;
    for (let index = 0; index < 600; index += 1) {
      const { key, value } = record(index);
      try {
        const [found] = await store.read({ get: [key] });
        assert.deepEqual(Buffer.from(found?.value ?? []), value);
      } catch (error) {
        assert.ok(error instanceof Error);
        assert.equal(error.name, 'Unreadable');
        damaged += 1;
      }
      // Reads of one turn share a snapshot; a damaged page must not affect the next turn.
      if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(damaged > 0 && damaged < 20, `${damaged} records`);
    await store.close();
  });
});

async function overwrite(file: string, { from, length }: { from: number; length: number }): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(length, 0x5a), 0, length, from);
  await handle.close();
}

/**
 * What a kill in the middle of a checkpoint leaves: the log has all of `count` new records, and the file only the first
 * of their pages, which states a length that the file has not reached yet.
 */
async function cutCheckpoint(file: string, count: number): Promise<void> {
  const raw = new DatabaseSync(file);
  raw.exec('PRAGMA wal_autocheckpoint = 0');
  const put = raw.prepare('INSERT INTO records (key, version, value) VALUES (?, ?, ?)');
  raw.exec('BEGIN');
  for (let index = 0; index < count; index += 1) put.run(`raw/${index}`, `version-${index}`, encode('x'.repeat(500)));
  raw.exec('COMMIT');
  const [database, log] = [await readFile(file), await readFile(`${file}-wal`)];
  raw.close();
  let firstPage: Buffer | undefined;
  for (let frame = 32; frame < log.length; frame += 24 + 4_096) {
    if (log.readUInt32BE(frame) === 1) firstPage = log.subarray(frame + 24, frame + 24 + 4_096);
  }
  assert.ok(firstPage);
  await writeFile(file, Buffer.concat([firstPage, database.subarray(4_096)]));
  await writeFile(`${file}-wal`, log);
}
