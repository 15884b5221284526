import { randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from '../crypto/seal.ts';
import { geographyOf } from '../resources/regions.ts';
import { recordKind } from '../store/keys.ts';
import type { Key } from '../store/keys.ts';
import { get, list, recordPut } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import { decode, encode } from '../store/store.ts';
import type { Put, Requirement } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { isIssued } from './certificates/certificate.ts';
import { certificateState } from './certificates/state.ts';
import { readKeyType } from './keys/type.ts';
import { isVisible, objectKeys, refused } from './object.ts';
import type { Outcome, RecordOf, VaultScope, VersionOf } from './object.ts';
import { requireUnchanged } from './state.ts';
import type { ObjectState } from './state.ts';

/** "Key Vault does not support backing up more than 500 past versions" (backup.md, "Limitations"). */
const versionsMax = 500;
/** The first bytes of a blob, before its sealed part. */
const mark = Buffer.from(')PosternBackupV1.');

/** An object with all its versions, as they were stored. */
interface StoredVersions<C extends Collection> {
  readonly collection: C;
  readonly object: RecordOf<C>;
  readonly older: readonly VersionOf<C>[];
}

/** The contents of a blob. A certificate has its key and secret in `parts`. */
interface Backup extends StoredVersions<Collection> {
  readonly parts?: readonly StoredVersions<'keys' | 'secrets'>[];
}

/**
 * An object with all its versions, sealed into one string that only a vault of the same subscription and geography on
 * this server can restore, even after the original vault was purged.
 */
export function* backupObject<C extends 'secrets' | 'keys'>(
  vault: VaultScope,
  state: ObjectState<C>,
): Reading<Outcome<string>> {
  const stored = yield* storedVersions(vault, state);
  if (!stored.ok) return stored;
  return yield* sealed(vault, stored.value, state.require);
}

/** The same for a certificate, with its key and secret once it is issued. */
export function* backupCertificate(vault: VaultScope, name: string): Reading<Outcome<string>> {
  const { own, keys, secrets, require } = yield* certificateState(vault, { name });
  const stored = yield* storedVersions(vault, own);
  if (!stored.ok) return stored;
  if (!isIssued(stored.value.object.current)) return yield* sealed(vault, stored.value, require);
  const key = yield* storedVersions(vault, keys);
  if (!key.ok) return key;
  const secret = yield* storedVersions(vault, secrets);
  if (!secret.ok) return secret;
  return yield* sealed(vault, { ...stored.value, parts: [key.value, secret.value] }, require);
}

/**
 * Restores a backup under its own name, with all versions. The vault must have nothing of that name, and must allow the
 * types of the keys.
 */
export function* restoreObject<C extends Collection>(
  vault: VaultScope,
  collection: C,
  blob: string,
): Reading<Outcome<RecordOf<C>>> {
  const [stored] = yield* get(backupKeyOf(vault));
  const read = readBackup(blob, stored === undefined ? undefined : keyIn(stored.value), vault);
  if (!read.ok) return read;
  const { value: backup } = read;
  if (!isOf(backup, collection)) return refused({ kind: 'backupNotValid' });
  const { object, parts = [] } = backup;
  for (const kty of [backup, ...parts].flatMap(keyTypesOf)) {
    const allowed = readKeyType(kty, vault);
    if (!allowed.ok) return allowed;
  }
  const { name, current } = object;
  const own = placesOf(vault, collection, name);
  // A certificate that is not issued yet will get a key and a secret of its name.
  if (collection !== 'certificates') own.push(objectKeys(vault, 'certificates').current(name));
  const others = collection === 'certificates' ? (['keys', 'secrets'] as const) : [];
  const places = [...own, ...others.flatMap((other) => placesOf(vault, other, name))];
  const records = yield* get(...places);
  const isTaken = (keys: readonly string[]) =>
    places.some((key, at) => keys.includes(key) && records[at] !== undefined);
  if (isTaken(own)) return refused({ kind: 'restoreConflict', collection, id: `${name}/${current.version}` });
  const taken = others.find((other) => isTaken(placesOf(vault, other, name)));
  if (taken !== undefined) return refused({ kind: 'certificateNameTaken', collection: taken, name });
  const free: readonly Requirement[] = places.map((key) => ({ key, version: null }));
  const put = [...putVersions(vault, backup), ...parts.flatMap((part) => putVersions(vault, part))];
  return { ok: true, value: object, change: { require: [...vault.require, ...free], put } };
}

/** An object that is not deleted, with its older versions. */
function* storedVersions<C extends Collection>(
  vault: VaultScope,
  { collection, name, current }: ObjectState<C>,
): Reading<Outcome<StoredVersions<C>>> {
  if (current === undefined || !isVisible(current.value, vault)) {
    return refused({ kind: 'objectNotFound', collection, name });
  }
  const older = yield* list({
    require: [requireUnchanged(current.key, current)],
    prefix: objectKeys(vault, collection).versions(name),
    limit: versionsMax + 1,
  });
  if (older.length > versionsMax) {
    const message = `There are more than ${versionsMax} past versions of '${name}', and more cannot be backed up.`;
    return refused({ kind: 'badParameter', message });
  }
  const object: RecordOf<C> = { name: current.value.name, current: current.value.current };
  return { ok: true, value: { collection, object, older: older.map(({ value }) => value) } };
}

function isOf<C extends Collection>(
  backup: StoredVersions<Collection>,
  collection: C,
): backup is Backup & StoredVersions<C> {
  return backup.collection === collection;
}

/** The types of all versions of a key: older versions can be used as well as the current one. */
function keyTypesOf(backup: StoredVersions<Collection>): readonly string[] {
  return isOf(backup, 'keys') ? [backup.object.current, ...backup.older].map(({ kty }) => kty) : [];
}

/** The keys of records that would conflict with a restored object. */
function placesOf(vault: VaultScope, collection: Collection, name: string): Key<unknown>[] {
  const keys = objectKeys(vault, collection);
  return [keys.current(name), keys.deleted(name)];
}

function putVersions<C extends Collection>(
  vault: VaultScope,
  { collection, object, older }: StoredVersions<C>,
): readonly Put[] {
  const keys = objectKeys(vault, collection);
  const put = older.map((version) => recordPut(keys.version(object.name, version.version), version));
  return [...put, recordPut(keys.current(object.name), object)];
}

function* sealed(vault: VaultScope, backup: Backup, require: readonly Requirement[]): Reading<Outcome<string>> {
  const keyKey = backupKeyOf(vault);
  const [stored] = yield* get(keyKey);
  const key = stored === undefined ? randomBytes(32) : keyIn(stored.value);
  const value = Buffer.concat([mark, seal(new SealingKey(key), encode(backup), boundTo(vault))]).toString('base64url');
  if (stored !== undefined) return { ok: true, value };
  const put = [recordPut(keyKey, { key: key.toString('base64') })];
  return { ok: true, value, change: { require: [...require, { key: keyKey, version: null }], put } };
}

function readBackup(blob: string, key: Uint8Array | undefined, vault: VaultScope): Outcome<Backup> {
  const bytes = Buffer.from(blob, 'base64url');
  if (!bytes.subarray(0, mark.length).equals(mark)) return refused({ kind: 'backupNotValid' });
  const sealing = key === undefined ? undefined : new SealingKey(key);
  const plaintext = sealing === undefined ? undefined : open(sealing, bytes.subarray(mark.length), boundTo(vault));
  if (plaintext === undefined) return refused({ kind: 'backupNotOpened' });
  return { ok: true, value: decode<Backup>({ key: '', version: '', value: plaintext }) };
}

/** Each subscription has its own key that seals its backups, so that the master key can be replaced. */
const backupKeyKind = recordKind<{ readonly key: string }>({
  pattern: 'backup-key/',
  owner: 'objects',
  holds: 'the key that seals the backups of a subscription',
});

function backupKeyOf({ subscriptionId }: VaultScope) {
  return backupKeyKind.key(subscriptionId.toLowerCase());
}

function keyIn({ key }: { readonly key: string }): Buffer {
  return Buffer.from(key, 'base64');
}

/** "Same Azure subscription and Azure geography" (backup.md, "Limitations"). */
function boundTo({ subscriptionId, location }: VaultScope): Uint8Array {
  return Buffer.from(`backup ${subscriptionId.toLowerCase()} ${geographyOf(location)}`);
}
