import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlay } from '../../src/control-plane/deployments/preview.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

const keys = ['a/1', 'a/2', 'a/3', 'b/1', 'b/2'];
const key = fc.constantFrom(...keys);
const step = fc.oneof(
  fc.record({ put: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }), value: fc.nat() }),
  fc.record({ delete: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }) }),
);

async function apply(store: Store, change: { put?: readonly string[]; value?: number; delete?: readonly string[] }) {
  const put = (change.put ?? []).map((each) => ({ key: each, value: encode(change.value) }));
  await store.transact({ put, delete: change.delete ?? [] });
}

async function contents(store: Store) {
  const shown = (records: Awaited<ReturnType<Store['read']>>) =>
    records.map((record) => (record === undefined ? undefined : [record.key, Buffer.from(record.value).toString()]));
  return {
    read: shown(await store.read({ get: keys })),
    all: shown(await store.list({ prefix: '', limit: 10 })),
    page: shown(await store.list({ prefix: 'a/', after: 'a/1', limit: 1 })),
  };
}

test('a change in an overlay looks like a change of the store, and does not reach the store', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.array(step, { maxLength: 8 }), async (below, above) => {
      const [base, whole] = [memoryStore(), memoryStore()];
      for (const change of below) for (const store of [base, whole]) await apply(store, change);
      const before = await contents(base);
      const over = overlay(base);
      for (const change of above) for (const store of [over, whole]) await apply(store, change);
      assert.deepEqual(await contents(over), await contents(whole));
      assert.deepEqual(await contents(base), before);
    }),
  );
});

test("a requirement is checked against the overlay's record, or else against the store's", async () => {
  const base = memoryStore();
  const [one, two] = await base.transact({ put: ['a/1', 'a/2'].map((each) => ({ key: each, value: encode(0) })) });
  assert.ok(one !== undefined && two !== undefined);
  const over = overlay(base);
  const [above] = await over.transact({
    require: [{ key: 'a/1', version: one }],
    put: [{ key: 'a/1', value: encode(1) }],
  });
  assert.ok(above !== undefined);
  await over.transact({ delete: ['a/2'] });
  const holds = [
    { key: 'a/1', version: above },
    { key: 'a/2', version: null },
    { key: 'b/1', version: null },
  ];
  await over.read({ require: holds, get: [] });
  const fails = [
    { key: 'a/1', version: one },
    { key: 'a/2', version: two },
    { key: 'b/1', version: one },
  ];
  for (const requirement of fails) {
    await assert.rejects(over.read({ require: [requirement], get: [] }), Conflict);
    await assert.rejects(over.list({ require: [requirement], prefix: '', limit: 1 }), Conflict);
    await assert.rejects(over.transact({ require: [requirement], put: [{ key: 'c', value: encode(1) }] }), Conflict);
  }
  assert.deepEqual(await over.read({ get: ['c'] }), [undefined]);
  // A change of the store below is noticed.
  await base.transact({ put: [{ key: 'b/1', value: encode(2) }] });
  await assert.rejects(over.read({ require: [{ key: 'b/1', version: null }], get: [] }), Conflict);
});
