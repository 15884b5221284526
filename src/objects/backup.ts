import { randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from '../crypto/seal.ts';
import { decode, encode } from '../store/store.ts';
import type { Put, Requirement, StoredRecord } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { objectKeys, refused } from './object.ts';
import type { ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';
import { isThere } from './transition.ts';

/** "Key Vault does not support backing up more than 500 past versions" (backup.md, "Limitations"). */
const versionsMax = 500;
/** What a blob begins with, before its sealed part. */
const mark = Buffer.from(')PosternBackupV1.');

/** An object as its blob holds it: the records as they were stored. */
interface Backup {
  readonly collection: Collection;
  readonly object: ObjectRecord<ObjectVersion>;
  /** The older versions. */
  readonly older: readonly ObjectVersion[];
}

/**
 * An object with all its versions, as one sealed text that only a vault of the same subscription on this server can
 * restore, also after the vault itself was purged.
 */
export async function backupObject(vault: VaultScope, collection: Collection, name: string): Promise<Outcome<string>> {
  const keys = objectKeys(vault, collection);
  const keyKey = backupKeyOf(vault);
  const [current, stored] = await vault.store.read({ require: vault.require, get: [keys.current(name), keyKey] });
  const object = current === undefined ? undefined : decode<ObjectRecord<ObjectVersion>>(current);
  if (current === undefined || object === undefined || !isThere(object, vault)) {
    return refused({ kind: 'objectNotFound', collection, name });
  }
  const older = await vault.store.list({
    require: [...vault.require, { key: current.key, version: current.version }],
    prefix: keys.versions(name),
    limit: versionsMax + 1,
  });
  if (older.length > versionsMax) {
    const message = `There are more than ${versionsMax} past versions of '${name}', and more cannot be backed up.`;
    return refused({ kind: 'badParameter', message });
  }
  const key = stored === undefined ? randomBytes(32) : keyIn(stored);
  const backup: Backup = {
    collection,
    object: { name: object.name, current: object.current },
    older: older.map((record) => decode<ObjectVersion>(record)),
  };
  const value = Buffer.concat([mark, seal(new SealingKey(key), encode(backup), boundTo(vault))]).toString('base64url');
  if (stored !== undefined) return { ok: true, value };
  const put = [{ key: keyKey, value: encode({ key: key.toString('base64') }) }];
  return { ok: true, value, change: { require: [...vault.require, { key: keyKey, version: null }], put } };
}

/** Puts a backup back under its own name, with its versions, in a vault that has nothing of that name. */
export async function restoreObject<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  blob: string,
): Promise<Outcome<ObjectRecord<V>>> {
  const [stored] = await vault.store.read({ require: vault.require, get: [backupKeyOf(vault)] });
  const backup = stored === undefined ? undefined : readBackup(blob, keyIn(stored), vault);
  if (backup?.collection !== collection) return refused({ kind: 'backupNotValid' });
  const { object, older } = backup;
  const keys = objectKeys(vault, collection);
  const taken = [keys.current(object.name), keys.deleted(object.name)];
  const [current, deleted] = await vault.store.read({ require: vault.require, get: taken });
  if (current !== undefined || deleted !== undefined) {
    return refused({ kind: 'restoreConflict', collection, id: `${object.name}/${object.current.version}` });
  }
  const put: Put[] = older.map((version) => ({
    key: keys.version(object.name, version.version),
    value: encode(version),
  }));
  put.push({ key: keys.current(object.name), value: encode(object) });
  const free: readonly Requirement[] = taken.map((key) => ({ key, version: null }));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the blob is ours: its seal was opened
  return { ok: true, value: object as ObjectRecord<V>, change: { require: [...vault.require, ...free], put } };
}

function readBackup(blob: string, key: Uint8Array, vault: VaultScope): Backup | undefined {
  const bytes = Buffer.from(blob, 'base64url');
  if (!bytes.subarray(0, mark.length).equals(mark)) return undefined;
  const plaintext = open(new SealingKey(key), bytes.subarray(mark.length), boundTo(vault));
  return plaintext === undefined ? undefined : decode<Backup>({ key: '', version: '', value: plaintext });
}

/** Each subscription seals its backups with a key of its own, which master keys may come and go over. */
function backupKeyOf({ subscriptionId }: VaultScope): string {
  return `backup-key/${subscriptionId.toLowerCase()}`;
}

function keyIn(record: StoredRecord): Buffer {
  return Buffer.from(decode<{ readonly key: string }>(record).key, 'base64');
}

function boundTo({ subscriptionId }: VaultScope): Uint8Array {
  return Buffer.from(`backup ${subscriptionId.toLowerCase()}`);
}
