import { randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from '../crypto/seal.ts';
import { geographyOf } from '../resources/regions.ts';
import { decode, encode } from '../store/store.ts';
import type { Put, Requirement, StoredRecord } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { readKeyType } from './key-type.ts';
import { objectKeys, refused } from './object.ts';
import type { ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';
import { isThere } from './transition.ts';

/** "Key Vault does not support backing up more than 500 past versions" (backup.md, "Limitations"). */
const versionsMax = 500;
/** What a blob begins with, before its sealed part. */
const mark = Buffer.from(')PosternBackupV1.');

/** An object of a collection with all its versions, as they were stored. */
interface StoredVersions<C extends Collection = Collection> {
  readonly collection: C;
  readonly object: ObjectRecord<ObjectVersion>;
  readonly older: readonly ObjectVersion[];
}

/** What a blob holds. */
interface Backup extends StoredVersions {
  /** The key and the secret of a certificate. */
  readonly parts?: readonly StoredVersions<'keys' | 'secrets'>[];
}

/**
 * An object with all its versions, as one sealed text that only a vault of the same subscription and geography on this
 * server can restore, also after the vault itself was purged. A certificate takes its key and its secret along.
 */
export async function backupObject(vault: VaultScope, collection: Collection, name: string): Promise<Outcome<string>> {
  const found = await storedVersions(vault, collection, name);
  if (!found.ok) return found;
  const scope = { ...vault, require: found.require };
  const parts: StoredVersions<'keys' | 'secrets'>[] = [];
  for (const part of partsOf(found.value)) {
    const stored = await storedVersions(scope, part, name);
    if (!stored.ok) return stored;
    parts.push(stored.value);
  }
  return sealed(scope, parts.length === 0 ? found.value : { ...found.value, parts });
}

/**
 * Puts a backup back under its own name, with its versions, in a vault that has nothing of that name and may have keys of
 * the types that are in it.
 */
export async function restoreObject<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  blob: string,
): Promise<Outcome<ObjectRecord<V>>> {
  const [stored] = await vault.store.read({ require: vault.require, get: [backupKeyOf(vault)] });
  const read = readBackup(blob, stored === undefined ? undefined : keyIn(stored), vault);
  if (!read.ok) return read;
  const { value: backup } = read;
  if (backup.collection !== collection) return refused({ kind: 'backupNotValid' });
  const { object, parts = [] } = backup;
  for (const kty of [backup, ...parts].flatMap(keyTypesOf)) {
    const allowed = readKeyType(kty, vault);
    if (!allowed.ok) return allowed;
  }
  const { name, current } = object;
  const own = placesOf(vault, collection, name);
  // A certificate that is not issued yet will have a key and a secret of its name.
  if (collection !== 'certificates') own.push(objectKeys(vault, 'certificates').current(name));
  const others = collection === 'certificates' ? (['keys', 'secrets'] as const) : [];
  const places = [...own, ...others.flatMap((other) => placesOf(vault, other, name))];
  const records = await vault.store.read({ require: vault.require, get: places });
  const isTaken = (keys: readonly string[]) => keys.some((key) => records[places.indexOf(key)] !== undefined);
  if (isTaken(own)) return refused({ kind: 'restoreConflict', collection, id: `${name}/${current.version}` });
  const taken = others.find((other) => isTaken(placesOf(vault, other, name)));
  if (taken !== undefined) return refused({ kind: 'certificateNameTaken', collection: taken, name });
  const free: readonly Requirement[] = places.map((key) => ({ key, version: null }));
  const put = [backup, ...parts].flatMap((versions) => putVersions(vault, versions));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the blob is ours: its seal was opened
  return { ok: true, value: object as ObjectRecord<V>, change: { require: [...vault.require, ...free], put } };
}

/** An object that is there, and the requirement that it and its vault stay as they were seen. */
async function storedVersions<C extends Collection>(vault: VaultScope, collection: C, name: string): Promise<Found<C>> {
  const keys = objectKeys(vault, collection);
  const [current] = await vault.store.read({ require: vault.require, get: [keys.current(name)] });
  const object = current === undefined ? undefined : decode<ObjectRecord<ObjectVersion>>(current);
  if (current === undefined || object === undefined || !isThere(object, vault)) {
    return refused({ kind: 'objectNotFound', collection, name });
  }
  const require = [...vault.require, { key: current.key, version: current.version }];
  const older = await vault.store.list({ require, prefix: keys.versions(name), limit: versionsMax + 1 });
  if (older.length > versionsMax) {
    const message = `There are more than ${versionsMax} past versions of '${name}', and more cannot be backed up.`;
    return refused({ kind: 'badParameter', message });
  }
  const value = {
    collection,
    object: { name: object.name, current: object.current },
    older: older.map((record) => decode<ObjectVersion>(record)),
  };
  return { ok: true, value, require };
}

type Found<C extends Collection> =
  | { readonly ok: true; readonly value: StoredVersions<C>; readonly require: readonly Requirement[] }
  | ReturnType<typeof refused>;

/** The collections that have a part of the object: of a certificate that is issued (only then it has a `cer`), all. */
function partsOf({ collection, object }: StoredVersions): readonly ('keys' | 'secrets')[] {
  return collection === 'certificates' && 'cer' in object.current ? ['keys', 'secrets'] : [];
}

/** Of every version of a key: an older one is used as the current one is. */
function keyTypesOf({ object, older }: StoredVersions): readonly string[] {
  return [object.current, ...older].flatMap((version) =>
    'kty' in version && typeof version.kty === 'string' ? [version.kty] : [],
  );
}

/** Where records of that name would be in the way of a restored object. */
function placesOf(vault: VaultScope, collection: Collection, name: string): string[] {
  const keys = objectKeys(vault, collection);
  return [keys.current(name), keys.deleted(name)];
}

function putVersions(vault: VaultScope, { collection, object, older }: StoredVersions): readonly Put[] {
  const keys = objectKeys(vault, collection);
  const put: Put[] = older.map((version) => ({
    key: keys.version(object.name, version.version),
    value: encode(version),
  }));
  return [...put, { key: keys.current(object.name), value: encode(object) }];
}

async function sealed(vault: VaultScope, backup: Backup): Promise<Outcome<string>> {
  const keyKey = backupKeyOf(vault);
  const [stored] = await vault.store.read({ require: vault.require, get: [keyKey] });
  const key = stored === undefined ? randomBytes(32) : keyIn(stored);
  const value = Buffer.concat([mark, seal(new SealingKey(key), encode(backup), boundTo(vault))]).toString('base64url');
  if (stored !== undefined) return { ok: true, value };
  const put = [{ key: keyKey, value: encode({ key: key.toString('base64') }) }];
  return { ok: true, value, change: { require: [...vault.require, { key: keyKey, version: null }], put } };
}

function readBackup(blob: string, key: Uint8Array | undefined, vault: VaultScope): Outcome<Backup> {
  const bytes = Buffer.from(blob, 'base64url');
  if (!bytes.subarray(0, mark.length).equals(mark)) return refused({ kind: 'backupNotValid' });
  const sealing = key === undefined ? undefined : new SealingKey(key);
  const plaintext = sealing === undefined ? undefined : open(sealing, bytes.subarray(mark.length), boundTo(vault));
  if (plaintext === undefined) return refused({ kind: 'backupNotOpened' });
  return { ok: true, value: decode<Backup>({ key: '', version: '', value: plaintext }) };
}

/** Each subscription seals its backups with a key of its own, which master keys may come and go over. */
function backupKeyOf({ subscriptionId }: VaultScope): string {
  return `backup-key/${subscriptionId.toLowerCase()}`;
}

function keyIn(record: StoredRecord): Buffer {
  return Buffer.from(decode<{ readonly key: string }>(record).key, 'base64');
}

/** "Same Azure subscription and Azure geography" (backup.md, "Limitations"). */
function boundTo({ subscriptionId, location }: VaultScope): Uint8Array {
  return Buffer.from(`backup ${subscriptionId.toLowerCase()} ${geographyOf(location)}`);
}
