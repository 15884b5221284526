import { randomUUID } from 'node:crypto';
import { unwrapDataKey, wrapDataKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { recordKind } from './keys.ts';
import { StoreRefused } from './refused.ts';
import { Conflict, decode, encode } from './store.ts';
import type { Put, Store, StoredRecord, Version } from './store.ts';

/** The prefix of the sealed store's own records; no other key starts with it. */
export const sealPrefix = 'seal/';

const owner = 'store';

/** The record that names the master keys under which the data keys of this store are wrapped. */
export const headerKey = recordKind<StoredHeader>({
  pattern: 'seal/store',
  owner,
  holds: 'the format of the seal, and under which master keys the data keys are wrapped',
}).key();

/** The sealed store's commit counter, which the commit mark is compared with. */
export const commitKey = recordKind<StoredCommit>({
  pattern: 'seal/commit',
  owner,
  holds: 'the number that the commit mark is compared with',
}).key();

/** It is there, instead of the header, while a store is being copied into this one. */
export const copyingKey = recordKind<{ readonly copying: true }>({
  pattern: 'seal/copying',
  owner,
  holds: 'that a copy into this store is at work, or was cut short',
}).key();

/** The sealed store's own state. `masterKeys` has more than one entry only during a rotation. */
export interface SealHeader {
  readonly storeId: string;
  /** The version of the header's record. */
  readonly version: Version;
  /** The key that wraps new data keys comes first. */
  readonly masterKeys: readonly [MasterKey, ...MasterKey[]];
}

interface StoredHeader {
  readonly storeId: string;
  /** For each master key a value sealed under it, so that a wrong key is noticed before any record is opened. */
  readonly masterKeys: readonly { readonly id: string; readonly check: string }[];
}

/** An older release wrote only the number, with a mark that was not sealed. */
export type StoredCommit = string | { readonly commit: string };

const formatNumber = 1;

/**
 * The header of a store; it is made if the store is empty.
 * @throws {StoreRefused} `notSealed`, `unfinishedCopy`, `otherFormat`, `wrongMasterKey` or `damagedSeal`
 */
export async function loadHeader(inner: Store, given: readonly [MasterKey, ...MasterKey[]]): Promise<SealHeader> {
  const found = await readHeader(inner, given);
  if (found !== undefined) return found;
  const others = await inner.list({ prefix: '', limit: 1 });
  // Another node may have made it meanwhile.
  if (others.length > 0) return (await readHeader(inner, given)) ?? (await refuseUnsealed(inner));
  const header = { storeId: randomUUID(), version: randomUUID(), masterKeys: [given[0]] as const };
  try {
    const require = [headerKey, copyingKey].map((key) => ({ key, version: null }));
    await inner.transact({ require, put: [putHeader(header)] });
    return header;
  } catch (error) {
    if (error instanceof Conflict) return loadHeader(inner, given);
    throw error;
  }
}

/**
 * The header of a store, or `undefined` if it has none.
 * @throws {StoreRefused} as `loadHeader`
 */
export async function readHeader(
  inner: Pick<Store, 'read'>,
  given: readonly [MasterKey, ...MasterKey[]],
): Promise<SealHeader | undefined> {
  const [record] = await inner.read({ get: [headerKey] });
  return record && openHeader(record, given);
}

async function refuseUnsealed(inner: Store): Promise<never> {
  const [copying] = await inner.read({ get: [copyingKey] });
  if (copying !== undefined) {
    const found = 'A copy into this store was cut short, or is at work';
    throw new StoreRefused('unfinishedCopy', `${found}. Run "postern store copy" again, or start on another store.`);
  }
  const what = `the store holds records but no ${headerKey}`;
  throw new StoreRefused('notSealed', `${what}: it is not a sealed store, or is damaged. Restore it from a good copy.`);
}

/** The ids of the master keys that a store is sealed under; `undefined` of one that is not sealed yet. */
export async function masterKeyIds(inner: Pick<Store, 'read'>): Promise<readonly string[] | undefined> {
  const [record] = await inner.read({ get: [headerKey] });
  return record === undefined ? undefined : parseHeader(record).masterKeys.map(({ id }) => id);
}

/** The contents of a record of the seal, or `undefined` if it is not JSON. */
export function parseRecord(record: StoredRecord): unknown {
  try {
    return decode<unknown>(record);
  } catch {
    return undefined;
  }
}

export function putHeader({ storeId, version, masterKeys }: SealHeader): Required<Put> {
  const stored: StoredHeader & { readonly format: number } = {
    format: formatNumber,
    storeId,
    masterKeys: masterKeys.map((masterKey) => {
      const check = wrapDataKey(masterKey, Buffer.from(storeId), checkOwner(storeId));
      return { id: masterKey.id, check: Buffer.from(check).toString('base64') };
    }),
  };
  return { key: headerKey, version, value: encode(stored) };
}

function openHeader(record: StoredRecord, given: readonly [MasterKey, ...MasterKey[]]): SealHeader {
  const stored = parseHeader(record);
  const used = stored.masterKeys.map(({ id, check }) => {
    const masterKey = given.find((candidate) => candidate.id === id);
    if (masterKey === undefined) throw wrongMasterKey(stored, given);
    const sealed = Buffer.from(check, 'base64');
    if (unwrapDataKey(masterKey, sealed, checkOwner(stored.storeId)) === undefined) throw damagedHeader();
    return masterKey;
  });
  const [first, ...rest] = used;
  if (first === undefined) throw damagedHeader();
  return { storeId: stored.storeId, version: record.version, masterKeys: [first, ...rest] };
}

/** The inner store is not trusted: its contents are checked before they are used. */
function parseHeader(record: StoredRecord): StoredHeader {
  const parsed = parseRecord(record);
  const format = typeof parsed === 'object' && parsed !== null && 'format' in parsed ? parsed.format : undefined;
  if (typeof format === 'number' && format !== formatNumber) {
    const known = `this version of Postern knows format ${formatNumber}`;
    throw new StoreRefused('otherFormat', `the seal has format ${format}; ${known}. Start the version that wrote it.`);
  }
  if (!isStoredHeader(parsed)) throw damagedHeader();
  return parsed;
}

function isStoredHeader(parsed: unknown): parsed is StoredHeader {
  if (typeof parsed !== 'object' || parsed === null || !('storeId' in parsed) || !('masterKeys' in parsed))
    return false;
  const { storeId, masterKeys } = parsed;
  return typeof storeId === 'string' && Array.isArray(masterKeys) && masterKeys.every(isCheck);
}

function isCheck(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null || !('id' in entry) || !('check' in entry)) return false;
  return typeof entry.id === 'string' && typeof entry.check === 'string';
}

function checkOwner(storeId: string): string {
  return `${storeId} check`;
}

function damagedHeader(): StoreRefused {
  return new StoreRefused('damagedSeal', `the record ${headerKey} is damaged. Restore it from a good copy.`);
}

function wrongMasterKey(stored: StoredHeader, given: readonly MasterKey[]): StoreRefused {
  const needed = stored.masterKeys.map((masterKey) => masterKey.id);
  const have = given.map((masterKey) => masterKey.id).join(', ');
  const remedy =
    needed.length > 1
      ? 'A rotation was cut short: start with the new key as the master key and the old one as the previous one'
      : 'Give the key that this store was sealed under';
  const found = `the store is sealed under master key ${needed.join(' and ')}, and what was given is ${have}`;
  return new StoreRefused('wrongMasterKey', `${found} (ids, not keys). ${remedy}.`);
}

/** The refusal of a database that is not the one which was opened. */
export function anotherDatabase(): StoreRefused {
  const found = 'the database is another one than this node was started on, or is empty';
  return new StoreRefused(
    'olderCopy',
    `${found}. Bring the right one back, or stop the node and start it on this one.`,
  );
}
