import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { recordKind } from '../../src/store/keys.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { readRecords, recordPut } from '../../src/store/records.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { Put } from '../../src/store/store.ts';
import { upgradeStore, writtenByKey } from '../../src/worker/upgrade.ts';
import type { WrittenBy } from '../../src/worker/upgrade.ts';

/**
 * The messages when a release of that format takes over a store that `by` wrote, and the store's content afterwards.
 */
async function taken(
  by: WrittenBy | undefined,
  ours: WrittenBy,
  { records = [], accept = false }: { readonly records?: readonly Put[]; readonly accept?: boolean } = {},
) {
  const store = memoryStore();
  await store.transact({ put: [...records, ...(by === undefined ? [] : [recordPut(writtenByKey, by)])] });
  const notices: string[] = [];
  await upgradeStore({ store, sealed: store, path: '/data', accept, ours, notice: (message) => notices.push(message) });
  const [mark] = await readRecords(store, { get: [writtenByKey] });
  return { notices, by: mark?.value };
}

const fruits = recordKind<string>({
  pattern: 'test-upgrade/',
  owner: 'test',
  holds: 'a fruit',
  upgrades: [(name: string) => name.toUpperCase()],
});
const now = { release: '2.0.0', format: 2 };

test('a new store is marked, and in one of the same format only the release changes', async () => {
  assert.deepEqual(await taken(undefined, now), { notices: [], by: now });
  assert.deepEqual(await taken(now, now), { notices: [], by: now });
  const patched = { ...now, release: '2.0.1' };
  assert.deepEqual(await taken(now, patched), { notices: [], by: patched });
  assert.deepEqual(await taken(patched, now), { notices: [], by: now }, 'also an older release');
});

test('a store of an older format is read, and the messages say how to go back', async () => {
  const records = [{ key: fruits.key('a'), value: Buffer.from('"apple"') }];
  assert.deepEqual(await taken({ release: '1.0.0', format: 1 }, now, { records }), {
    notices: [
      '/data was written by Postern 1.0.0 in format 1. Everything in it is read before Postern 2.0.0 writes to it.',
      '2 records were read. Postern 2.0.0 uses the folder from now on. To go back, stop this release, restore the copy of the folder that was made before this start, and start Postern 1.0.0 once with --accept-copy (docs/how-to/upgrade.md).',
    ],
    by: now,
  });
});

test('before anything is written, all records are read, with their upgrades', async () => {
  const records = [
    { key: fruits.key('broken'), value: Buffer.from('{') },
    { key: fruits.key('newer'), value: Buffer.from('v3 1') },
    { key: fruits.key('other'), value: Buffer.from('1') },
    { key: 'test-unknown/a', value: Buffer.from('1') },
  ];
  const older = { release: '1.0.0', format: 1 };
  const reasons = [
    'the record test-unknown/a is of a kind that this release does not know',
    'the record test-upgrade/broken is not what was written',
    'the record test-upgrade/newer has version 3, and this release of Postern reads versions up to 2. Start the release that wrote it, or a newer one.',
    'the record test-upgrade/other is not what was written',
  ];
  const found = `4 of the 5 records in /data cannot be read: ${reasons.join('; ')}`;
  await assert.rejects(taken(older, now, { records }), (error: Error) => {
    assert.ok(error.message.startsWith(`${found}. Postern 2.0.0 changed nothing. Start Postern 1.0.0 again,`));
    return true;
  });
  const accepted = await taken(older, now, { records, accept: true });
  assert.equal(accepted.notices[1], `${found}. They are left as they are.`);
  assert.deepEqual(accepted.by, now);
});

test('a record of the release that cannot be read is refused with what to do, and replaced where that is accepted', async () => {
  const records = [
    { key: fruits.key('a'), value: Buffer.from('v2 "FIG"') },
    { key: writtenByKey, value: Buffer.from('{') },
  ];
  const found = 'The record in /data that says which release wrote it cannot be read: it is not what was written';
  const remedy = 'Restore a good copy, or start the release that wrote the folder once with --accept-copy';
  await assert.rejects(taken(undefined, now, { records }), {
    message: `${found}. Postern 2.0.0 changed nothing. ${remedy} (docs/how-to/upgrade.md).`,
  });
  const accepted = await taken(undefined, now, { records, accept: true });
  assert.equal(accepted.notices[0], `${found}. It is replaced.`);
  assert.deepEqual(accepted.by, now);
});

test('so is one that cannot be opened', async () => {
  const inner = memoryStore();
  const store = await openSealedStore({ inner, masterKey: masterKeyFrom(Buffer.alloc(32, 1)) });
  await store.transact({ put: [recordPut(writtenByKey, now)] });
  const [sealed] = await inner.read({ get: [writtenByKey] });
  assert.ok(sealed);
  const value = Buffer.from(sealed.value);
  value[value.length - 1] = 1 - (value[value.length - 1] ?? 0);
  await inner.transact({ put: [{ key: writtenByKey, value }] });
  const parts = { store, sealed: inner, path: '/data', ours: now, notice: () => {} };
  await assert.rejects(upgradeStore({ ...parts, accept: false }), /--accept-copy \(docs/);
  await upgradeStore({ ...parts, accept: true });
  const [mark] = await readRecords(store, { get: [writtenByKey] });
  assert.deepEqual(mark?.value, now);
});
