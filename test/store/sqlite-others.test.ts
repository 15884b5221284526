import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryFolder } from './folder.ts';

/** A store, and another connection that writes into the same file. */
interface Shared extends AsyncDisposable {
  readonly store: Store;
  readonly other: DatabaseSync;
  /** Writes a record by the other connection, past the store. */
  write(key: string, version: string): void;
}

async function shared(): Promise<Shared> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'postern.db');
  const store = await openSqliteStore({ file });
  const other = new DatabaseSync(file, { timeout: 5_000 });
  const put = other.prepare('INSERT OR REPLACE INTO records (key, version, value) VALUES (?, ?, ?)');
  return {
    store,
    other,
    write: (key, version) => void put.run(key, version, Buffer.from(version)),
    async [Symbol.asyncDispose]() {
      other.close();
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function versionOf(store: Store, key: string): Promise<string | undefined> {
  const [result] = await store.readMany([{ get: [key] }]);
  assert.ok(result?.ok === true);
  const [record] = result.records;
  if (record !== undefined) assert.equal(Buffer.from(record.value).toString(), record.version);
  return record?.version;
}

const put = (key: string, version: string) => ({ put: [{ key, version, value: Buffer.from(version) }] });

describe('what another connection commits to the file of a SQLite store', () => {
  it('is read right after a commit of the store’s own, of the same record and of another one', async () => {
    await using at = await shared();
    for (let round = 0; round < 30; round += 1) {
      await at.store.transact(put('a', `ours ${round}`));
      if (round % 3 > 0) at.write(round % 3 === 1 ? 'a' : 'b', `theirs ${round}`);
      assert.equal(await versionOf(at.store, 'a'), round % 3 === 1 ? `theirs ${round}` : `ours ${round}`);
      if (round >= 2) assert.equal(await versionOf(at.store, 'b'), `theirs ${round - ((round + 1) % 3)}`);
    }
  });

  it('is read while a commit of the store’s own is in progress', async () => {
    await using at = await shared();
    for (let round = 0; round < 30; round += 1) {
      const [one, two] = [`ours ${round}`, `theirs ${round}`];
      const written = at.store.transact(put('a', one));
      await new Promise((resolve) => setImmediate(resolve));
      at.write('b', two);
      assert.equal(await versionOf(at.store, 'b'), two);
      await written;
      assert.deepEqual([await versionOf(at.store, 'a'), await versionOf(at.store, 'b')], [one, two]);
    }
  });

  it('is compared with requirements', async () => {
    await using at = await shared();
    await at.store.transact(put('a', 'first'));
    const change = (version: string) => at.store.transact({ require: [{ key: 'a', version }], ...put('b', version) });
    await change('first');
    at.write('a', 'second');
    await assert.rejects(change('first'), { name: 'Conflict', key: 'a' });
    await change('second');
    at.other.exec(`DELETE FROM records WHERE key = 'a'`);
    await assert.rejects(change('second'), { name: 'Conflict', key: 'a' });
  });
});

describe('what a SQLite store reads', () => {
  it('is what the file has, in any order of its own commits, failed ones, and those of others', async () => {
    await using at = await shared();
    const row = at.other.prepare('SELECT version FROM records WHERE key = ?');
    const keys = ['a', 'b', 'c', 'd'];
    // A linear congruential generator: the same sequence every time.
    let state = 12;
    const next = (below: number) => ((state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 8) % below;
    const underWay: Promise<unknown>[] = [];
    for (let step = 0; step < 600; step += 1) {
      const key = keys[next(keys.length)] ?? '';
      const act = next(6);
      if (act === 0) at.write(key, `theirs ${step}`);
      else if (act === 1) underWay.push(at.store.transact(put(key, `ours ${step}`)));
      else if (act === 2) await at.store.transact({ delete: [key] });
      else if (act === 3) {
        const require = [{ key, version: 'never' }];
        await assert.rejects(at.store.transact({ require, ...put(key, `failed ${step}`) }), { name: 'Conflict' });
      } else if (act === 4) await Promise.all(underWay.splice(0));
      else await new Promise((resolve) => setImmediate(resolve));
      // Nothing is committed between these two if nothing is in progress.
      const found = await versionOf(at.store, key);
      if (underWay.length === 0) assert.equal(found, row.get(key)?.['version'], `step ${step}`);
    }
    await Promise.all(underWay);
  });
});
