import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { recordPut } from '../../src/store/records.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { OpenedStore } from '../../src/store/sealed.ts';
import { Conflict, decode, encode, Unavailable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { guardRelease } from '../../src/worker/release-guard.ts';
import { writtenByKey } from '../../src/worker/upgrade.ts';
import type { WrittenBy } from '../../src/worker/upgrade.ts';
import { stay } from '../store/sealing.ts';
import { withTurns } from '../store/turns.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));
const ours = { release: '1.0.0', format: 3 };
const newer = { release: '2.0.0', format: 4 };
const newerFound =
  'The store is written by Postern 2.0.0 in format 4, and this node runs Postern 1.0.0 in format 3: it answers nothing ' +
  'from it. Stop it, and start Postern 2.0.0 on its data folder.';

/** A node of our release, and another one that need not be. */
async function twoNodes() {
  const inner = withTurns(memoryStore());
  const open = () => openSealedStore({ inner: { ...inner, ...stay(inner) }, masterKey, shared: true });
  const other = await open();
  await writtenBy(other, ours);
  await other.transact({ put: [{ key: 'vaults/one', value: encode('before') }] });
  const found: (string | undefined)[] = [];
  const guarded = await guardRelease({ store: await open(), ours, found: (why) => void found.push(why) });
  return { guarded, other, found, inner };
}

function writtenBy(store: Store, by: WrittenBy) {
  return store.transact({ put: [recordPut(writtenByKey, by)] });
}

async function valueIn(store: Store, key: string): Promise<unknown> {
  const [record] = await store.read({ get: [key] });
  return record && decode<unknown>(record);
}

const uses: Readonly<Record<string, (store: OpenedStore) => Promise<unknown>>> = {
  read: (store) => store.read({ get: ['vaults/one'] }),
  list: (store) => store.list({ prefix: 'vaults/', limit: 5 }),
  async readMany(store) {
    const results = await store.readMany([{ get: ['vaults/one'] }, { prefix: 'vaults/', limit: 5 }]);
    for (const result of results) if (!result.ok) throw result.error;
    assert.equal(results.length, 2);
  },
  transact: (store) => store.transact({ put: [{ key: 'vaults/one', value: encode('after') }] }),
  'a deletion, which seals nothing': (store) => store.transact({ delete: ['vaults/one'] }),
  'a rotation': (store) => store.rotateMasterKey(masterKeyFrom(Buffer.alloc(32, 2))),
  'the end of a data key': (store) => store.destroyDomain('vault/6f1c'),
};

describe('a store that a newer release has taken', () => {
  for (const [name, use] of Object.entries(uses)) {
    it(`is not used any more: ${name}`, async () => {
      const { guarded, other, found } = await twoNodes();
      await writtenBy(other, newer);
      await assert.rejects(use(guarded), (error: unknown) => {
        assert(error instanceof Unavailable);
        assert.equal(error.message, newerFound);
        assert.equal(error.mayHaveHappened, false);
        return true;
      });
      assert.equal(found.at(-1), newerFound);
      assert.equal(await valueIn(other, 'vaults/one'), 'before');
      assert.equal(other.masterKey.id, masterKey.id);
    });

    it(`near miss, another release of the same format goes on beside it: ${name}`, async () => {
      for (const by of [
        { ...ours, release: '1.0.1' },
        { release: '0.9.0', format: 2 },
      ]) {
        const { guarded, other, found } = await twoNodes();
        await writtenBy(other, by);
        await use(guarded);
        assert.deepEqual(new Set(found), new Set([undefined]));
      }
    });
  }

  it('is noticed by a node that is asked nothing, when it follows the changes', async () => {
    const { guarded, other, found } = await twoNodes();
    const { cursor } = await guarded.changes(undefined, 10);
    await other.transact({ put: [{ key: 'vaults/two', value: encode(2) }] });
    const changes = await guarded.changes(cursor, 10);
    assert.deepEqual(changes.expired ? [] : changes.keys, ['vaults/two']);
    assert.deepEqual(found, [undefined]);
    await writtenBy(other, newer);
    await assert.rejects(guarded.changes(changes.cursor, 10), Unavailable);
    assert.deepEqual(found, [undefined, newerFound]);
  });

  it('is used again when it was put back to a copy from before', async () => {
    const { guarded, other, found } = await twoNodes();
    await writtenBy(other, newer);
    await assert.rejects(valueIn(guarded, 'vaults/one'), Unavailable);
    await writtenBy(other, ours);
    assert.equal(await valueIn(guarded, 'vaults/one'), 'before');
    assert.deepEqual(found, [undefined, newerFound, undefined]);
  });

  it('has a fault until its record can be read, also on a node that is asked nothing', async () => {
    const { guarded, other, found, inner } = await twoNodes();
    const { cursor } = await guarded.changes(undefined, 10);
    const [record] = await inner.read({ get: [writtenByKey] });
    assert.ok(record);
    await inner.transact({ put: [{ key: writtenByKey, value: Buffer.from('not what was sealed') }] });
    const why = /^The record written-by, which says which release writes the store, cannot be read: .*put back/;
    await assert.rejects(valueIn(guarded, 'vaults/one'), { name: 'Unavailable', message: why });
    assert.match(found.at(-1) ?? '', why);
    await assert.rejects(guarded.changes(cursor, 10), { name: 'Unavailable', message: why });
    await writtenBy(other, ours);
    const { cursor: last } = await other.changes(undefined, 1);
    await guarded.changes(last, 10);
    assert.equal(found.at(-1), undefined);
    assert.equal(await valueIn(guarded, 'vaults/one'), 'before');
  });

  it('is not opened', async () => {
    const { other } = await twoNodes();
    await writtenBy(other, newer);
    await assert.rejects(guardRelease({ store: other, ours, found: () => undefined }), Unavailable);
  });
});

it('the conflict of a caller is named, and the requests beside it are answered', async () => {
  const { guarded, other } = await twoNodes();
  await writtenBy(other, { ...ours, release: '1.0.1' });
  const require = [{ key: 'vaults/one', version: 'another' }];
  const isTheirs = (error: unknown) => error instanceof Conflict && error.key === 'vaults/one';
  await assert.rejects(guarded.transact({ require, put: [{ key: 'vaults/two', value: encode(2) }] }), isTheirs);
  await writtenBy(other, { ...ours, release: '1.0.2' });
  const [refused, read] = await guarded.readMany([{ require, get: ['vaults/one'] }, { get: ['vaults/one'] }]);
  assert.ok(refused?.ok === false && isTheirs(refused.error));
  assert.ok(read?.ok);
  assert.equal(read.records.length, 1);
});

it('a turn, and what the store says of itself, are those of the store', async () => {
  const { guarded, other } = await twoNodes();
  assert.equal(guarded.storeId, other.storeId);
  assert.equal(guarded.masterKey.id, masterKey.id);
  assert.equal(guarded.hasOneMasterKey, true);
  const turn = await guarded.turnOf?.('vaults/one');
  assert.ok(turn);
  await guarded.transact({ put: [{ key: 'vaults/one', value: encode('in turn') }], turn: turn.id });
  assert.equal(await valueIn(other, 'vaults/one'), 'in turn');
});
