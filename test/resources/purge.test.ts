import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearPurged } from '../../src/resources/purge.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

async function purgedVault(store: Store, incarnation: string, records: number): Promise<void> {
  const keys = Array.from({ length: records }, (_item, index) => `vault/${incarnation}/secret/${index}`);
  const put = keys.map((key) => ({ key, value: encode(1) }));
  await store.transact({ put: [...put, { key: `purged/${incarnation}`, value: encode({ incarnation }) }] });
}

async function allKeys(store: Store): Promise<readonly string[]> {
  return (await store.list({ prefix: '', limit: 5000 })).map(({ key }) => key);
}

test('the records of purged vaults go, however many, then their data keys, and nothing of others', async () => {
  const store = memoryStore();
  await purgedVault(store, 'a', 1201);
  await purgedVault(store, 'b', 0);
  const others = ['vault/ab/secret/1', 'vault/c/secret/1', 'vault-resource/a'];
  await store.transact({ put: others.map((key) => ({ key, value: encode(1) })) });
  const destroyed: string[] = [];
  await clearPurged(store, async (domain) => {
    const left = (await allKeys(store)).filter((key) => key.startsWith(`${domain}/`));
    assert.deepEqual(left, [], 'a data key goes after the records');
    destroyed.push(domain);
  });
  assert.deepEqual(destroyed, ['vault/a', 'vault/b']);
  assert.deepEqual(await allKeys(store), others.toSorted());
  await clearPurged(store, async () => assert.fail('there is nothing to do'));
});

test('what was interrupted is finished the next time', async () => {
  const store = memoryStore();
  await purgedVault(store, 'a', 3);
  await assert.rejects(
    clearPurged(store, async () => {
      throw new Error('the power is out');
    }),
    /the power is out/,
  );
  assert.deepEqual(await allKeys(store), ['purged/a']);
  const destroyed: string[] = [];
  await clearPurged(store, async (domain) => {
    destroyed.push(domain);
  });
  assert.deepEqual(destroyed, ['vault/a']);
  assert.deepEqual(await allKeys(store), []);
});
