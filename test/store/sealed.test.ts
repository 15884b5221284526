import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { DataKeys } from '../../src/store/data-keys.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { commitKey, loadHeader } from '../../src/store/seal-header.ts';
import { SealedRecords } from '../../src/store/sealed-records.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { SealedStoreOptions } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { decode, encode } from '../../src/store/store.ts';
import type { Store, StoredRecord } from '../../src/store/store.ts';
import { conformance, onDisk } from './conformance.ts';
import { temporaryFolder } from './folder.ts';
import { memoryMark, stay } from './sealing.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));
const nextKey = masterKeyFrom(Buffer.alloc(32, 2));
const otherKey = masterKeyFrom(Buffer.alloc(32, 3));
const secret = 'vault/6f1c/secret/password';

conformance(
  'sealed memory',
  async (options) => {
    const store = await openSealedStore({
      inner: memoryStore(options),
      masterKey,
      mark: memoryMark(),
      markInterval: 1,
    });
    return { store, dispose: () => store.close() };
  },
  'passing',
);

conformance(
  'sealed sqlite',
  async (options = {}) => {
    const folder = await temporaryFolder();
    const mark = memoryMark();
    const start = async () => {
      const inner = await openSqliteStore({ file: join(folder.path, 'postern.db'), ...options });
      return openSealedStore({ inner, masterKey, mark });
    };
    return onDisk(folder, start);
  },
  'durable',
);

const sealedOver = (inner: Store, options: Partial<SealedStoreOptions> = {}) =>
  openSealedStore({ inner: stay(inner), masterKey, ...options });

async function withSecret(): Promise<Store> {
  const inner = memoryStore();
  const store = await sealedOver(inner);
  await store.transact({ put: [{ key: secret, value: encode('hunter2') }] });
  await store.transact({ put: [{ key: 'vaults/one', value: encode('rules') }] });
  await store.close();
  return inner;
}

async function recordAt(store: Store, key: string): Promise<StoredRecord> {
  const [record] = await store.read({ get: [key] });
  assert.ok(record, key);
  return record;
}

/** Every record as it is in the store beneath. */
const everything = (inner: Store) => inner.list({ prefix: '', limit: 10_000 });

/** The same records in another store, like a copy of the database. */
async function copyOf(inner: Store): Promise<Store> {
  const copy = memoryStore();
  await copy.transact({ put: await everything(inner) });
  return copy;
}

const unreadable = (message: RegExp) => ({ name: 'Unreadable', message });
const refusedAs = (kind: string, message: RegExp) => ({ name: 'StoreRefused', kind, message });

describe('the store beneath a sealed store', () => {
  it('shows keys, but neither values nor data keys', async () => {
    const inner = await withSecret();
    const records = await everything(inner);
    assert.deepEqual(
      records.map((record) => record.key),
      ['seal/control', 'seal/store', 'seal/vault/6f1c', secret, 'vaults/one'],
    );
    for (const record of records) assert.ok(!Buffer.from(record.value).includes('hunter2'), record.key);
  });

  it('is sealed under a data key for each vault, and one for all the rest', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner);
    const keys = ['vault/a/secret/x', 'vault/b/secret/x', 'vault/a', 'vault//x', 'vaults/a/x', 'due/1'];
    await store.transact({ put: keys.map((key) => ({ key, value: encode(key) })) });
    const wraps = await inner.list({ prefix: 'seal/', limit: 10 });
    assert.deepEqual(
      wraps.map((record) => record.key),
      ['seal/control', 'seal/store', 'seal/vault/a', 'seal/vault/b'],
    );
  });

  it('makes one data key when many write to a new vault at once', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner);
    const keys = Array.from({ length: 20 }, (_, index) => `vault/new/secret/${index}`);
    await Promise.all(keys.map((key) => store.transact({ put: [{ key, value: encode(key) }] })));
    const reopened = await sealedOver(inner);
    assert.deepEqual(
      (await reopened.read({ get: keys })).map((record) => record && decode<string>(record)),
      keys,
    );
  });

  it('is read through a cache of data keys that is smaller than the number of vaults', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner, { dataKeyLimit: 2 });
    const keys = Array.from({ length: 9 }, (_, index) => `vault/${index}/secret/x`);
    await store.transact({ put: keys.map((key) => ({ key, value: encode(key) })) });
    for (const key of [...keys, ...keys.toReversed(), ...keys]) {
      assert.equal(decode<string>(await recordAt(store, key)), key);
    }
  });

  it('is not reached through keys of the seal, which listings and the change feed skip', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner);
    const { cursor } = await store.changes(undefined, 1);
    await store.transact({ put: ['a', 'seal', 'seam', secret].map((key) => ({ key, value: encode(key) })) });
    const message = /is the sealed store's own/;
    await assert.rejects(store.transact({ put: [{ key: 'seal/x', value: encode(1) }] }), {
      name: 'TypeError',
      message,
    });
    await assert.rejects(store.transact({ delete: ['seal/control'] }), { name: 'TypeError', message });
    await assert.rejects(store.read({ get: ['seal/store'] }), { name: 'TypeError', message });
    await assert.rejects(store.list({ prefix: 'seal/', limit: 1 }), { name: 'TypeError', message });
    for (const limit of [1, 2, 3, 4]) {
      const page = await store.list({ prefix: '', limit });
      assert.deepEqual(
        page.map((record) => record.key),
        ['a', 'seal', 'seam', secret].slice(0, limit),
      );
    }
    const changes = await store.changes(cursor, 100);
    assert.ok(!changes.expired);
    assert.deepEqual(changes.keys, ['a', 'seal', 'seam', secret]);
  });
});

describe('a record that was tampered with', () => {
  it('is unreadable with any bit of it flipped', async () => {
    const inner = await withSecret();
    const { version, value } = await recordAt(inner, secret);
    const store = await sealedOver(inner);
    for (let byte = 0; byte < value.length; byte += 1) {
      const flipped = Uint8Array.from(value);
      flipped[byte] = (flipped[byte] ?? 0) ^ (1 << (byte & 7));
      await inner.transact({ put: [{ key: secret, version, value: flipped }] });
      await assert.rejects(store.read({ get: [secret] }), unreadable(/is not what was written/));
    }
    await inner.transact({ put: [{ key: secret, version, value }] });
    assert.equal(decode<string>(await recordAt(store, secret)), 'hunter2');
  });

  it('is unreadable under another key of the same vault, of another vault, or at another version', async () => {
    const inner = await withSecret();
    const store = await sealedOver(inner);
    await store.transact({ put: [{ key: 'vault/other/secret/x', value: encode(1) }] });
    const { version, value } = await recordAt(inner, secret);
    for (const key of ['vault/6f1c/secret/another', 'vault/other/secret/password', 'control-record']) {
      await inner.transact({ put: [{ key, version, value }] });
      await assert.rejects(store.read({ get: [key] }), unreadable(/is not what was written/), key);
    }
    await inner.transact({ put: [{ key: secret, version: 'another', value }] });
    await assert.rejects(store.read({ get: [secret] }), unreadable(/is not what was written/));
    await assert.rejects(store.list({ prefix: 'vault/6f1c/', limit: 10 }), unreadable(/is not what was written/));
  });

  it('is unreadable when it comes from another store under the same master key, with or without its data key', async () => {
    const inner = await withSecret();
    const foreign = await withSecret();
    const store = await sealedOver(inner);
    await inner.transact({ put: [await recordAt(foreign, secret)] });
    await assert.rejects(store.read({ get: [secret] }), unreadable(/the record .* is not what was written/));
    await inner.transact({ put: [await recordAt(foreign, 'seal/vault/6f1c')] });
    const reopened = await sealedOver(inner);
    await assert.rejects(reopened.read({ get: [secret] }), unreadable(/the data key .* is not what was written/));
  });
});

describe('a data key that was tampered with', () => {
  it('is unreadable in any other form, and as the data key of another vault', async () => {
    const inner = await withSecret();
    const neighbour = await sealedOver(inner);
    await neighbour.transact({ put: [{ key: 'vault/other/secret/x', value: encode(1) }] });
    const foreign = await recordAt(inner, 'seal/vault/other');
    const message = /the data key seal\/vault\/6f1c is not what was written/;
    for (const value of [foreign.value, ...['', '{', 'null', '{"masterKey":1}'].map((text) => Buffer.from(text))]) {
      await inner.transact({ put: [{ key: 'seal/vault/6f1c', value }] });
      const store = await sealedOver(inner);
      await assert.rejects(store.read({ get: [secret] }), unreadable(message));
      await assert.rejects(store.transact({ put: [{ key: secret, value: encode(1) }] }), unreadable(message));
    }
  });
});

describe('a sealed store is not opened', () => {
  it('under another master key, and the message names both keys by their ids', async () => {
    const inner = await withSecret();
    const names = new RegExp(`under master key ${masterKey.id}, and what was given is ${otherKey.id}`);
    await assert.rejects(sealedOver(inner, { masterKey: otherKey }), refusedAs('wrongMasterKey', names));
    await (await sealedOver(inner)).close();
  });

  it('when the store beneath has records that are not sealed', async () => {
    const inner = memoryStore();
    await inner.transact({ put: [{ key: 'a', value: encode(1) }] });
    await assert.rejects(sealedOver(inner), refusedAs('notSealed', /holds records but no seal\/store/));
  });

  it('when its header is damaged, of another store or of a later format', async () => {
    const inner = await withSecret();
    const header = await recordAt(inner, 'seal/store');
    const stored = decode<Record<string, unknown>>(header);
    const foreign = decode<Record<string, unknown>>(await recordAt(await withSecret(), 'seal/store'));
    const cases = [
      ...['{', '{}', 'null', '[]', '{"format":1,"storeId":"x","masterKeys":{}}', '{"storeId":1,"masterKeys":[]}'].map(
        (text) => [Buffer.from(text), 'damagedSeal', /is damaged/] as const,
      ),
      [encode({ ...stored, masterKeys: [{ id: masterKey.id, check: 1 }] }), 'damagedSeal', /is damaged/],
      [encode({ ...stored, masterKeys: [] }), 'damagedSeal', /is damaged/],
      [encode({ ...stored, storeId: foreign['storeId'] }), 'damagedSeal', /is damaged/],
      [encode({ ...stored, format: 2 }), 'otherFormat', /format 2; .* knows format 1/],
    ] as const;
    for (const [value, kind, message] of cases) {
      await inner.transact({ put: [{ key: 'seal/store', value }] });
      await assert.rejects(sealedOver(inner), refusedAs(kind, message));
    }
  });
});

describe('an older copy of the database', () => {
  it('is refused, from the start on and after every close', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    const copies: Store[] = [];
    for (let round = 0; round < 3; round += 1) {
      const store = await sealedOver(inner, { mark });
      await store.transact({ put: [{ key: 'a', value: encode(round) }] });
      copies.push(await copyOf(inner));
      await store.close();
    }
    for (const copy of copies) {
      await assert.rejects(
        sealedOver(copy, { mark }),
        refusedAs('olderCopy', /is at commit \d, and the commit mark at \d/),
      );
    }
    const store = await sealedOver(inner, { mark });
    assert.equal(decode<number>(await recordAt(store, 'a')), 2);
  });

  it('is refused too when it is older than the last interval, and the latest was killed', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    const store = await sealedOver(inner, { mark, markInterval: 1 });
    const copy = await copyOf(inner);
    const before = mark.now();
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    while (mark.now() === before) await new Promise((resolve) => setTimeout(resolve, 1));
    await assert.rejects(sealedOver(copy, { mark }), refusedAs('olderCopy', /older copy/));
    await (await sealedOver(await copyOf(inner), { mark })).close();
  });

  it('is refused when it is a new, empty database', async () => {
    const mark = memoryMark();
    await (await sealedOver(memoryStore(), { mark })).close();
    await assert.rejects(
      sealedOver(memoryStore(), { mark }),
      refusedAs('olderCopy', /the commit mark was made for another database/),
    );
  });

  it('cannot pass for a later one by a counter that was tampered with', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    const store = await sealedOver(inner, { mark });
    const copy = await copyOf(inner);
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    await store.close();
    const { value } = await recordAt(inner, 'seal/commit');
    await copy.transact({ put: [{ key: 'seal/commit', value }] });
    await assert.rejects(sealedOver(copy, { mark }), refusedAs('damagedSeal', /seal\/commit is not what was written/));
    await copy.transact({ delete: ['seal/commit'] });
    await assert.rejects(sealedOver(copy, { mark }), refusedAs('olderCopy', /is at commit 0/));
  });

  it('is told of at the end, where the counter was damaged while the store was open', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner, { mark: memoryMark(), markInterval: 60_000 });
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    const { value } = await recordAt(inner, 'seal/commit');
    await inner.transact({ put: [{ key: 'seal/commit', value: value.toReversed() }] });
    await assert.rejects(store.close(), unreadable(/seal\/commit/));
  });

  it('does not count as the latest because its mark was removed, with or without its counter', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    const store = await sealedOver(inner, { mark });
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    await store.close();
    mark.forget();
    const copy = await copyOf(inner);
    await assert.rejects(
      sealedOver(copy, { mark }),
      refusedAs('noMark', /the commit mark is missing.*is at commit [1-9].*--accept-copy/),
    );
    await copy.transact({ delete: ['seal/commit'] });
    await assert.rejects(sealedOver(copy, { mark }), refusedAs('noMark', /is not new: it is at commit 0/));
    assert.equal(mark.now(), '');
  });

  it('is accepted if an option says so, and counts on from the mark, so that the next start needs no option', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    const store = await sealedOver(inner, { mark });
    const copy = await copyOf(inner);
    for (let round = 0; round < 3; round += 1) await (await sealedOver(inner, { mark })).close();
    await assert.rejects(sealedOver(await copyOf(copy), { mark }), refusedAs('olderCopy', /older copy/));
    await (await sealedOver(copy, { mark, acceptCopy: true })).close();
    await (await sealedOver(copy, { mark })).close();
    // The store that was the latest is now behind.
    await assert.rejects(sealedOver(inner, { mark }), refusedAs('olderCopy', /older copy/));
    await store.close().catch(() => {});
  });

  it('has only marks that were made under its master key', async () => {
    const [mark, other] = [memoryMark(), memoryMark()];
    const inner = memoryStore();
    await (await sealedOver(inner, { mark })).close();
    await (await sealedOver(memoryStore(), { mark: other, masterKey: otherKey })).close();
    const foreign = { ...mark, read: () => other.read() };
    await assert.rejects(
      sealedOver(await copyOf(inner), { mark: foreign }),
      refusedAs('damagedMark', /another master key/),
    );
    const check = createHash('sha256').update('1').digest('hex').slice(0, 16);
    const forged = { ...mark, read: async () => [`postern commit 1 ${check}\n`, ''] };
    await assert.rejects(
      sealedOver(await copyOf(inner), { mark: forged }),
      refusedAs('damagedMark', /another master key/),
    );
  });

  it('is recognised by a mark of an older version, which becomes a sealed one', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    // As the version before wrote both: only the number, and a mark with a digest that anyone can make.
    const unmarked = await sealedOver(inner);
    await unmarked.transact({ put: [{ key: 'a', value: encode(1) }] });
    await unmarked.close();
    const records = new SealedRecords(inner, new DataKeys(inner, await loadHeader(inner, [masterKey]), { limit: 10 }));
    await records.transact({ put: [{ key: commitKey, value: encode('7') }] });
    const plain = (commit: number) =>
      `postern commit ${commit} ${createHash('sha256').update(String(commit)).digest('hex').slice(0, 16)}\n`;
    await mark.write(0, plain(8));
    await assert.rejects(
      sealedOver(await copyOf(inner), { mark }),
      refusedAs('olderCopy', /at commit 7, and the commit mark at 8/),
    );
    await mark.write(0, plain(6));
    await mark.write(1, plain(7));
    await (await sealedOver(inner, { mark })).close();
    await assert.rejects(sealedOver(memoryStore(), { mark }), refusedAs('olderCopy', /another database/));
    // From now on such a mark is forged.
    mark.forget();
    await mark.write(0, plain(1));
    await assert.rejects(sealedOver(inner, { mark }), refusedAs('damagedMark', /another master key/));
  });

  it('stops all writing when its mark cannot be written, until it can', async () => {
    const mark = memoryMark();
    const store = await sealedOver(memoryStore(), { mark, markInterval: 1 });
    mark.breakDown();
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    const write = () => store.transact({ put: [{ key: 'b', value: encode(1) }] });
    await assert.rejects(async () => {
      for (;;) {
        await write();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }, /the mark is out of order/);
    await assert.rejects(write(), /the mark is out of order/);
    mark.repair();
    await write();
    await store.close();
  });

  it('writes its mark again by itself once it can, even if nothing more is written', async () => {
    const mark = memoryMark();
    const store = await sealedOver(memoryStore(), { mark, markInterval: 1 });
    const opened = mark.now();
    mark.breakDown();
    await store.transact({ put: [{ key: 'a', value: encode(1) }] });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(mark.now(), opened);
    mark.repair();
    while (mark.now() === opened) await new Promise((resolve) => setTimeout(resolve, 1));
    await store.close();
  });
});

describe('rotating the master key', () => {
  it('wraps every data key again, after which the old key opens nothing and the new one everything', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner);
    const keys = Array.from({ length: 450 }, (_, index) => `vault/${index}/secret/x`);
    await store.transact({ put: keys.map((key) => ({ key, value: encode(key) })) });
    const records = await everything(inner);
    await store.rotateMasterKey(nextKey);
    assert.equal(decode<string>(await recordAt(store, 'vault/7/secret/x')), 'vault/7/secret/x');
    await store.transact({ put: [{ key: 'vault/7/secret/y', value: encode('after') }] });
    await store.close();
    for (const record of records.filter(({ key }) => !key.startsWith('seal/'))) {
      assert.deepEqual(await recordAt(inner, record.key), record);
    }
    await assert.rejects(
      sealedOver(inner),
      refusedAs('wrongMasterKey', /Give the key that this store was sealed under/),
    );
    const reopened = await sealedOver(inner, { masterKey: nextKey });
    assert.deepEqual(
      (await reopened.read({ get: keys })).map((record) => record && decode<string>(record)),
      keys,
    );
    assert.equal(decode<string>(await recordAt(reopened, 'vault/7/secret/y')), 'after');
  });

  it('is done at the start when the previous key is given too', async () => {
    const inner = await withSecret();
    const store = await sealedOver(inner, { masterKey: nextKey, previousMasterKeys: [masterKey] });
    assert.equal(decode<string>(await recordAt(store, secret)), 'hunter2');
    await store.close();
    await assert.rejects(sealedOver(inner), { kind: 'wrongMasterKey' });
    await (await sealedOver(inner, { masterKey: nextKey, previousMasterKeys: [masterKey] })).close();
  });

  it('seals the mark again, so that the old key is not needed any more', async () => {
    const mark = memoryMark();
    const inner = memoryStore();
    await (await sealedOver(inner, { mark })).close();
    // As after a kill: without the mark that closing writes.
    await sealedOver(inner, { mark, masterKey: nextKey, previousMasterKeys: [masterKey] });
    const again = await sealedOver(inner, { mark, masterKey: nextKey });
    await again.rotateMasterKey(otherKey);
    await (await sealedOver(inner, { mark, masterKey: otherKey })).close();
  });

  it('loses nothing of what is written meanwhile, to old vaults and new ones', async () => {
    const inner = memoryStore();
    const store = await sealedOver(inner);
    const old = Array.from({ length: 300 }, (_, index) => `vault/${index}/secret/x`);
    await store.transact({ put: old.map((key) => ({ key, value: encode(key) })) });
    const during = Array.from({ length: 60 }, (_, index) => `vault/${index * 10}/secret/y`);
    const writes = during.map(async (key, index) => {
      for (let turn = 0; turn < index; turn += 1) await Promise.resolve();
      await store.transact({ put: [{ key, value: encode(key) }] });
    });
    await Promise.all([store.rotateMasterKey(nextKey), store.rotateMasterKey(otherKey), ...writes]);
    await store.close();
    const reopened = await sealedOver(inner, { masterKey: otherKey });
    const keys = [...old, ...during];
    assert.deepEqual(
      (await reopened.read({ get: keys })).map((record) => record && decode<string>(record)),
      keys,
    );
  });

  it('can be interrupted after any of its writes: both keys open the store and finish, one alone is refused', async () => {
    for (let writes = 1; writes < 5; writes += 1) {
      const inner = memoryStore();
      const store = await sealedOver(inner);
      const keys = Array.from({ length: 450 }, (_, index) => `vault/${index}/secret/x`);
      await store.transact({ put: keys.map((key) => ({ key, value: encode(key) })) });
      let left = writes;
      const failing = {
        ...stay(inner),
        transact: (each: Parameters<Store['transact']>[0]) => {
          left -= 1;
          return left < 0 ? Promise.reject(new Error('the power is gone')) : inner.transact(each);
        },
      };
      const cut = openSealedStore({ inner: failing, masterKey: nextKey, previousMasterKeys: [masterKey] });
      await assert.rejects(cut, /the power is gone/);
      for (const alone of [masterKey, nextKey]) {
        await assert.rejects(
          sealedOver(inner, { masterKey: alone }),
          refusedAs('wrongMasterKey', /A rotation was cut short/),
        );
      }
      const [to, from] = writes % 2 === 0 ? [nextKey, masterKey] : [masterKey, nextKey];
      await (await sealedOver(inner, { masterKey: to, previousMasterKeys: [from] })).close();
      const reopened = await sealedOver(inner, { masterKey: to });
      assert.deepEqual(
        (await reopened.read({ get: keys })).map((record) => record && decode<string>(record)),
        keys,
      );
    }
  });
});

describe('destroying the data key of a vault', () => {
  it('makes everything in that vault unreadable, now and later, and nothing else', async () => {
    const inner = await withSecret();
    const store = await sealedOver(inner);
    await store.transact({ put: [{ key: 'vault/6f1d/secret/x', value: encode('neighbour') }] });
    assert.equal(decode<string>(await recordAt(store, secret)), 'hunter2');
    await store.destroyDomain('vault/6f1c');
    await assert.rejects(store.read({ get: [secret] }), unreadable(/the data key of .* is gone/));
    assert.equal(decode<string>(await recordAt(store, 'vault/6f1d/secret/x')), 'neighbour');
    await store.transact({ delete: [secret], put: [{ key: 'vault/6f1c/secret/new', value: encode('new') }] });
    const reopened = await sealedOver(inner);
    assert.equal(decode<string>(await recordAt(reopened, 'vault/6f1c/secret/new')), 'new');
  });

  it('is refused for anything but a vault', async () => {
    const store = await sealedOver(memoryStore());
    for (const domain of ['control', 'store', 'vault/', 'vault/a/b', 'vault', '']) {
      await assert.rejects(store.destroyDomain(domain), { name: 'TypeError', message: /give vault\/<incarnation>/ });
    }
  });
});
