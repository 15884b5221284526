import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { headerKey } from '../../src/store/seal-header.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { OpenedStore } from '../../src/store/sealed.ts';
import { Conflict, decode, encode, Unavailable, Unreadable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { conformance } from './conformance.ts';
import { memoryMark, stay } from './sealing.ts';
import { withTurns } from './turns.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));
const nextKey = masterKeyFrom(Buffer.alloc(32, 2));
const secret = 'vault/6f1c/secret/password';

conformance(
  'sealed memory of many nodes',
  async (options) => {
    const store = await openSealedStore({
      inner: withTurns(memoryStore(options)),
      masterKey,
      mark: memoryMark(),
      markInterval: 1,
    });
    return { store, dispose: () => store.close() };
  },
  'passing',
);

interface TwoNodes {
  readonly inner: Store;
  readonly one: OpenedStore;
  readonly other: OpenedStore;
}

/** Two sealed stores over one; both have the data keys of the secret and of the control records open. */
async function twoNodes(shared?: boolean): Promise<TwoNodes> {
  const inner = memoryStore();
  const open = () =>
    openSealedStore({
      inner: { ...stay(inner), ...(shared === true && turns) },
      masterKey,
      mark: memoryMark(),
      markInterval: 1,
      join: true,
    });
  const [one, other] = [await open(), await open()];
  await one.transact({ put: [{ key: secret, value: encode('hunter2') }] });
  await one.transact({ put: [{ key: 'vaults/one', value: encode('rules') }] });
  for (const node of [one, other]) assert.equal(await valueIn(node, secret), 'hunter2');
  return { inner, one, other };
}

const turns = { turnOf: () => Promise.reject(new Error('these tests take no turns')) };

async function valueIn(store: Store, key: string): Promise<unknown> {
  const [record] = await store.read({ get: [key] });
  return record && decode<unknown>(record);
}

const reads = {
  read: (store: Store) => store.read({ get: [secret] }),
  list: (store: Store) => store.list({ prefix: 'vault/6f1c/', limit: 10 }),
  'list through all domains': (store: Store) => store.list({ prefix: '', limit: 10 }),
  async readMany(store: Store) {
    const [result] = await store.readMany([{ get: [secret] }]);
    if (result?.ok === false) throw result.error;
    return result?.records;
  },
} as const;

describe('a data key that another node destroyed', () => {
  for (const [name, read] of Object.entries(reads)) {
    it(`opens nothing here from then on: ${name}`, async () => {
      const { one, other } = await twoNodes(true);
      await one.destroyDomain('vault/6f1c');
      await assert.rejects(async () => read(other), Unreadable);
    });

    it(`a store of one process does not pay for that: ${name}`, async () => {
      const { one, other } = await twoNodes();
      await one.destroyDomain('vault/6f1c');
      await read(other);
    });
  }

  it('is dropped when the change is followed', async () => {
    const { one, other } = await twoNodes();
    const { cursor } = await other.changes(undefined, 10);
    await one.destroyDomain('vault/6f1c');
    const changes = await other.changes(cursor, 10);
    assert.equal(changes.expired, false);
    await assert.rejects(() => reads.read(other), Unreadable);
  });

  it('is replaced by the one that the next put makes, on whichever node', async () => {
    const { one, other } = await twoNodes(true);
    await one.destroyDomain('vault/6f1c');
    await one.transact({ put: [{ key: secret, value: encode('again') }] });
    assert.equal(await valueIn(other, secret), 'again');
    await other.transact({ put: [{ key: `${secret}2`, value: encode('too') }] });
    assert.equal(await valueIn(one, `${secret}2`), 'too');
  });

  it('a vault without records has none, and its first is read on the other node at once', async () => {
    const { one, other } = await twoNodes(true);
    assert.deepEqual(await other.list({ prefix: 'vault/new/', limit: 5 }), []);
    await one.transact({ put: [{ key: 'vault/new/secret/first', value: encode(1) }] });
    assert.equal((await other.list({ prefix: 'vault/new/', limit: 5 })).length, 1);
  });

  it('is required in each list: one that meets another vault at each try is not answered', async () => {
    const { inner, one } = await twoNodes(true);
    let vaults = 0;
    let most = 5;
    const growing: Store = {
      ...stay(inner),
      ...turns,
      readMany: async (requests) => {
        const isList = requests.some((request) => 'prefix' in request);
        if (isList && vaults < most) {
          vaults += 1;
          await one.transact({ put: [{ key: `vault/${vaults}/secret/s`, value: encode(vaults) }] });
        }
        return inner.readMany(requests);
      },
    };
    const reader = await openSealedStore({ inner: growing, masterKey, mark: memoryMark(), join: true });
    assert.equal((await reader.list({ prefix: 'vault/', limit: 100 })).length, 6);
    most = Infinity;
    await assert.rejects(
      () => reader.list({ prefix: 'vault/', limit: 100 }),
      (error) => error instanceof Unavailable && /data keys of the store change faster/.test(error.message),
    );
    assert.equal(vaults, 13);
  });

  it("the caller's own requirement is named first", async () => {
    const { one, other } = await twoNodes(true);
    await one.destroyDomain('vault/6f1c');
    const require = [{ key: 'vaults/one', version: 'another' }];
    await assert.rejects(
      () => other.read({ require, get: [secret] }),
      (error: unknown) => error instanceof Conflict && error.key === 'vaults/one',
    );
  });
});

describe('a master key that another node replaced', () => {
  it('a node that knows the new one reads, writes, makes data keys and marks under it', async () => {
    const { inner, one, other } = await twoNodes(true);
    const { cursor } = await other.changes(undefined, 10);
    await other.learnMasterKey(nextKey);
    await one.rotateMasterKey(nextKey);
    assert.equal(await valueIn(other, secret), 'hunter2');
    await other.transact({ put: [{ key: secret, value: encode('after') }] });
    await other.transact({ put: [{ key: 'vault/new/secret/first', value: encode(1) }] });
    await other.changes(cursor, 100);
    assert.equal(other.masterKey.id, nextKey.id);
    assert.equal(other.hasOneMasterKey, true);
    const alone = await openSealedStore({ inner: stay(inner), masterKey: nextKey });
    assert.equal(await valueIn(alone, 'vault/new/secret/first'), 1);
  });

  it('a node that does not know it reads nothing under it and says which it is; told, it goes on', async () => {
    const { one, other } = await twoNodes(true);
    await one.rotateMasterKey(nextKey);
    const named = (error: unknown) => error instanceof Unreadable && error.message.includes(nextKey.id);
    await assert.rejects(() => other.read({ get: [secret] }), named);
    await assert.rejects(() => other.transact({ put: [{ key: 'vault/new/secret/first', value: encode(1) }] }), named);
    const { expired } = await other.changes((await other.changes(undefined, 1)).cursor, 10);
    assert.equal(expired, false);
    await other.learnMasterKey(nextKey);
    assert.equal(await valueIn(other, secret), 'hunter2');
    assert.equal(other.masterKey.id, nextKey.id);
  });

  it('a node that does not know it ends all the same, with its mark behind', async () => {
    const inner = memoryStore();
    const open = () =>
      openSealedStore({
        inner: { ...stay(inner), ...turns },
        masterKey,
        mark: memoryMark(),
        markInterval: 60_000,
        join: true,
        changed: () => () => undefined,
      });
    const [one, other] = [await open(), await open()];
    await other.transact({ put: [{ key: secret, value: encode('hunter2') }] });
    await one.rotateMasterKey(nextKey);
    await assert.rejects(other.read({ get: [secret] }), Unreadable);
    await other.close();
    const alone = await openSealedStore({ inner: stay(inner), masterKey: nextKey });
    assert.equal(await valueIn(alone, secret), 'hunter2');
  });

  it('reads and writes of the other node go on while a rotation is at work', async () => {
    const { one, other } = await twoNodes(true);
    await other.learnMasterKey(nextKey);
    const seen = { ended: false };
    const rotation = one.rotateMasterKey(nextKey).finally(() => {
      seen.ended = true;
    });
    for (let count = 0; !seen.ended || count < 20; count += 1) {
      await other.transact({ put: [{ key: secret, value: encode(count) }] });
      await other.transact({ put: [{ key: `vault/v${count}/secret/first`, value: encode(count) }] });
      assert.equal(await valueIn(other, `vault/v${count}/secret/first`), count);
      assert.equal(await valueIn(one, secret), count);
    }
    await rotation;
  });
});

describe('what is under a master key that a rotation has replaced', () => {
  /** Both nodes run since before the rotation, and so have had the old key. */
  async function rotated() {
    const nodes = await twoNodes(true);
    const { inner, one, other } = nodes;
    const before = await inner.read({ get: ['seal/store', 'seal/vault/6f1c'] });
    await other.learnMasterKey(nextKey);
    await one.rotateMasterKey(nextKey);
    for (const node of [one, other]) await node.learnMasterKey(nextKey);
    for (const node of [one, other]) assert.equal(await valueIn(node, secret), 'hunter2');
    const putBack = async (key: string) => {
      const put = before.filter((record) => record !== undefined).filter((record) => record.key === key);
      assert.equal(put.length, 1);
      await inner.transact({ put });
    };
    return { ...nodes, putBack };
  }

  it('is not opened when it is put back: a data key', async () => {
    const { one, other, putBack } = await rotated();
    await one.destroyDomain('vault/6f1c');
    await putBack('seal/vault/6f1c');
    for (const node of [one, other]) await assert.rejects(valueIn(node, secret), Unreadable);
  });

  it('is not followed when it is put back: the header, under which the next data key would be wrapped', async () => {
    const { inner, one, other, putBack } = await rotated();
    await putBack('seal/store');
    for (const [index, node] of [one, other].entries()) {
      const put = [{ key: `vault/7a2${index}/secret/password`, value: encode('hunter3') }];
      await assert.rejects(node.transact({ put }), Unreadable);
      assert.equal(node.masterKey.id, nextKey.id);
    }
    assert.deepEqual(await inner.list({ prefix: 'seal/vault/7', limit: 10 }), []);
  });

  it('is opened again once the store is rotated back to that key', async () => {
    const { one, other } = await rotated();
    await other.learnMasterKey(masterKey);
    await one.rotateMasterKey(masterKey);
    await other.learnMasterKey(masterKey);
    for (const node of [one, other]) assert.equal(await valueIn(node, secret), 'hunter2');
    assert.equal(other.masterKey.id, masterKey.id);
  });
});

it('a header that cannot be followed is told, and that it can again, also where no change says so', async () => {
  const inner = memoryStore();
  const told: boolean[] = [];
  const refused = (why: object | undefined) => void told.push(why !== undefined);
  const store = await openSealedStore({ inner: { ...stay(inner) }, masterKey, refused });
  const [header] = await inner.read({ get: [headerKey] });
  assert.ok(header);
  const { cursor } = await store.changes(undefined, 1);
  await inner.transact({ put: [{ key: headerKey, value: Buffer.from('{}') }] });
  await store.changes(cursor, 10);
  assert.deepEqual(told, [true]);
  await inner.transact({ put: [{ key: headerKey, value: header.value }] });
  const last = await inner.changes(undefined, 1);
  await store.changes(last.cursor, 10);
  assert.deepEqual(told, [true, false]);
  // Near miss: without a fault it is not read each time.
  await store.changes(last.cursor, 10);
  assert.deepEqual(told, [true, false]);
});
