import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vaultKey } from '../../src/resources/keys.ts';
import { clearPurged, dueWorkOfVault, purgeVault, scheduledPurge } from '../../src/resources/vaults/purge.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { deletedVault } from './vault.ts';

async function purgedVault(store: Store, incarnation: string, records: number): Promise<void> {
  const keys = Array.from({ length: records }, (_item, index) => `vault/${incarnation}/secret/${index}`);
  const put = keys.map((key) => ({ key, value: encode(1) }));
  await store.transact({ put: [...put, { key: `purged/${incarnation}`, value: encode({ incarnation }) }] });
}

async function allKeys(store: Store): Promise<readonly string[]> {
  return (await store.list({ prefix: '', limit: 5000 })).map(({ key }) => key);
}

test('all records of purged vaults are deleted, then their data keys, and nothing of other vaults', async () => {
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

test('an interrupted purge is finished the next time', async () => {
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

test('a purge that fails does not delay others, and more than a page of them are all finished', async () => {
  const store = memoryStore();
  const names = Array.from({ length: 620 }, (_item, index) => `v${String(index).padStart(3, '0')}`);
  for (const name of names) await purgedVault(store, name, 1);
  const once = clearPurged(store, async (domain) => {
    if (domain === 'vault/v001') throw new Error('its key is damaged');
  });
  await assert.rejects(once, /its key is damaged/);
  assert.deepEqual(await allKeys(store), ['purged/v001']);
});

const over = Date.parse('2027-01-08T00:00:00Z');
const deleted = { deletionDate: '2027-01-01T00:00:00Z', scheduledPurgeDate: '2027-01-08T00:00:00Z' };
const subject = { vault: 'KV', incarnation: 'mine' };

const notDue = [
  { what: 'was recovered', vault: deletedVault('mine', undefined), now: over },
  { what: 'is another one of that name', vault: deletedVault('other', deleted), now: over },
  { what: 'was deleted again', vault: deletedVault('mine', deleted), now: over - 1 },
  { what: 'is not there any more', vault: undefined, now: over },
] as const;

for (const { what, vault, now } of notDue) {
  test(`a vault that ${what} is not purged by due work from before`, async () => {
    const store = memoryStore();
    if (vault !== undefined) await store.transact({ put: [{ key: vaultKey('kv'), value: encode(vault) }] });
    assert.equal(await dueWorkOfVault(store, subject, now), 'nothing');
  });
}

test('a vault whose retention is over is purged, and clearing its contents is due at once', async () => {
  const store = memoryStore();
  const vault = deletedVault('mine', deleted);
  await store.transact({ put: [{ key: vaultKey('kv'), value: encode(vault) }, scheduledPurge(vault, deleted)] });
  const due = await dueWorkOfVault(store, subject, over);
  assert.ok(typeof due === 'object');
  assert.deepEqual(due.vault, vault);
  await store.transact(due.change);
  const clearing = `due/${String(over).padStart(15, '0')}/purgeVault/mine//`;
  assert.deepEqual(await allKeys(store), [clearing, 'purged/mine']);
  assert.equal(await dueWorkOfVault(store, subject, over), 'clear');
});

test('an earlier purge removes the scheduled one, unless both are the same record', async () => {
  const vault = deletedVault('mine', deleted);
  for (const now of [over - 1, over]) {
    const store = memoryStore();
    await store.transact({ put: [{ key: vaultKey('kv'), value: encode(vault) }, scheduledPurge(vault, deleted)] });
    const [record] = await store.read({ get: [vaultKey('kv')] });
    assert.ok(record !== undefined);
    await store.transact(purgeVault(record, vault, now));
    const due = (await allKeys(store)).filter((key) => key.startsWith('due/'));
    assert.deepEqual(due, [`due/${String(now).padStart(15, '0')}/purgeVault/mine//`]);
  }
});
