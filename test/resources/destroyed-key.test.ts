/**
 * The effect of a purge on copies of the database that were made before: the vault's data key is destroyed here, and
 * once the master key was rotated, the copy's own is wrapped under a key that no longer needs to exist.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import type { MasterKey } from '../../src/crypto/master-key.ts';
import { vaultKey } from '../../src/resources/keys.ts';
import { clearPurged, purgeVault } from '../../src/resources/vaults/purge.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { SealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { decode, encode } from '../../src/store/store.ts';
import { temporaryFolder } from '../store/folder.ts';
import { deletedVault } from './vault.ts';

const original = masterKeyFrom(Buffer.alloc(32, 1));
const rotated = masterKeyFrom(Buffer.alloc(32, 2));
const vault = deletedVault('purged', { deletionDate: '', scheduledPurgeDate: '2027-01-08T00:00:00Z' });
const gone = 'vault/purged/secrets/s';
const stays = 'vault/stays/secrets/s';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let live: string;

async function open(
  file: string,
  masterKey: MasterKey,
  ...previousMasterKeys: readonly MasterKey[]
): Promise<SealedStore> {
  const inner = await openSqliteStore({ file });
  try {
    return await openSealedStore({ inner, masterKey, previousMasterKeys });
  } catch (error) {
    await inner.close();
    throw error;
  }
}

/** A copy of a database that no process has open. */
async function copyOf(file: string, name: string): Promise<string> {
  const copy = join(folder.path, name);
  await copyFile(file, copy);
  return copy;
}

before(async () => {
  folder = await temporaryFolder();
  live = join(folder.path, 'postern.db');
  const store = await open(live, original);
  await store.transact({
    put: [
      { key: vaultKey(vault.name), value: encode(vault) },
      { key: gone, value: encode('of the purged vault') },
      { key: stays, value: encode('of another vault') },
    ],
  });
  await store.close();
  await copyOf(live, 'old-copy.db');
  const purging = await open(live, original);
  const [record] = await purging.read({ get: [vaultKey(vault.name)] });
  assert.ok(record !== undefined);
  await purging.transact(purgeVault(record, vault, 0));
  await clearPurged(purging, (domain) => purging.destroyDomain(domain));
  await purging.rotateMasterKey(rotated);
  await purging.close();
});

after(() => folder[Symbol.asyncDispose]());

const oldCopy = (name: string) => copyOf(join(folder.path, 'old-copy.db'), name);

test('the purged vault no longer has a data key, and the others have theirs under the new master key', async () => {
  const database = new DatabaseSync(await copyOf(live, 'looked-at.db'));
  const records = database.prepare('SELECT key FROM records').all();
  database.close();
  const keys = new Set(records.map(({ key }) => key));
  assert.ok(keys.has('seal/vault/stays'));
  assert.ok(!keys.has('seal/vault/purged'));
  assert.ok(!keys.has(gone));
  const store = await open(await copyOf(live, 'opened.db'), rotated);
  const [other] = await store.read({ get: [stays] });
  assert.equal(other && decode(other), 'of another vault');
  await store.close();
});

test('the complete old copy is refused with the new master key', async () => {
  const refused = open(await oldCopy('whole.db'), rotated);
  await assert.rejects(refused, { name: 'StoreRefused', kind: 'wrongMasterKey' });
});

test('records of the old copy that are put back into the database cannot be read, with or without their data key', async () => {
  const places = [`key = '${gone}'`, `key IN ('${gone}', 'seal/vault/purged')`];
  for (const [index, where] of places.entries()) {
    const file = await copyOf(live, `put-back-${index}.db`);
    const database = new DatabaseSync(file);
    database.prepare('ATTACH ? AS old').run(await oldCopy(`source-${index}.db`));
    const { changes } = database.prepare(`INSERT INTO records SELECT * FROM old.records WHERE ${where}`).run();
    assert.equal(changes, index + 1);
    database.close();
    const store = await open(file, rotated);
    await assert.rejects(store.read({ get: [gone] }), { name: 'Unreadable' });
    assert.equal((await store.read({ get: [stays] })).length, 1);
    await store.close();
  }
});

test('the limit: with the old master key the old copy can be opened, and with both keys rotated', async () => {
  const kept = await open(await oldCopy('kept.db'), original);
  const [record] = await kept.read({ get: [gone] });
  assert.equal(record && decode(record), 'of the purged vault');
  await kept.close();
  const both = await open(await oldCopy('both.db'), rotated, original);
  assert.equal((await both.read({ get: [gone] })).length, 1);
  await both.close();
});

test('no file holds the value in clear', () => {
  for (const file of ['postern.db', 'old-copy.db']) {
    assert.ok(!readFileSync(join(folder.path, file)).includes('of the purged vault'));
  }
});
