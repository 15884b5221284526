import { dueKey, duePut } from '../../schedule/due.ts';
import type { DueSubject } from '../../schedule/due.ts';
import { recordKind } from '../../store/keys.ts';
import type { Key } from '../../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Put, Store, StoredRecord, Transaction } from '../../store/store.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { vaultIndexKey, vaultKey } from '../keys.ts';

/** What is left of a purged vault until its contents are gone. */
interface Purged {
  readonly incarnation: string;
}

const purged = recordKind<Purged>({
  pattern: 'purged/',
  owner: 'resources',
  holds: 'that a vault of that incarnation was purged and its contents must go',
});
const batch = 500;

type Deletion = NonNullable<VaultRecord['deleted']>;

/** The purge of a soft-deleted vault when its retention is over: what its deletion puts. */
export function scheduledPurge(vault: VaultRecord, deleted: Deletion): Put {
  return duePut('purgeVault', Date.parse(deleted.scheduledPurgeDate), subjectOf(vault));
}

/** The key of that, which its recovery deletes. */
export function scheduledPurgeKey(vault: VaultRecord, deleted: Deletion): string {
  return dueKey('purgeVault', Date.parse(deleted.scheduledPurgeDate), subjectOf(vault));
}

/**
 * Purging a vault: its name is free with this change, and a tombstone says that its contents must go. They can be many,
 * so they follow in batches (`clearPurged`), at once, and after a crash as due work. `now` in milliseconds.
 */
export function purgeVault(
  record: Pick<StoredRecord, 'key' | 'version'>,
  vault: VaultRecord,
  now: number,
): Transaction {
  const key = tombstoneKey(vault);
  const clearing = duePut('purgeVault', now, subjectOf(vault));
  const scheduled = vault.deleted === undefined ? [] : [scheduledPurgeKey(vault, vault.deleted)];
  return {
    require: [
      { key: record.key, version: record.version },
      { key, version: null },
    ],
    put: [recordPut(key, { incarnation: vault.incarnation }), clearing],
    delete: [
      record.key,
      vaultIndexKey('deleted-vault-in', vault, vault.name),
      // Purged in the very millisecond in which it is due: the one record is the other.
      ...scheduled.filter((due) => due !== clearing.key),
    ],
  };
}

/**
 * What is to be done for a vault whose purge is due: to purge it, or, where that was done, to clear what it left. Nothing
 * for one that was recovered meanwhile, also when it was deleted again. Purge protection does not hold this purge up: it
 * keeps people from purging before the retention is over.
 */
export async function dueOfVault(
  store: Store,
  subject: DueSubject,
  now: number,
): Promise<'nothing' | 'clear' | { readonly vault: VaultRecord; readonly change: Transaction }> {
  const [record, tombstone] = await readRecords(store, { get: [vaultKey(subject.vault), tombstoneKey(subject)] });
  if (tombstone !== undefined) return 'clear';
  if (record === undefined) return 'nothing';
  const vault = record.value;
  const { deleted, incarnation } = vault;
  const isOver = deleted !== undefined && Date.parse(deleted.scheduledPurgeDate) <= now;
  if (incarnation !== subject.incarnation || !isOver) return 'nothing';
  return { vault, change: purgeVault(record, vault, now) };
}

/**
 * Destroys what purged vaults left: their records in batches, then their data keys, without which no copy of the records
 * can be opened either. Safe to run at any time, and again.
 */
export async function clearPurged(store: Store, destroyDataKey: DestroyDataKey): Promise<void> {
  const failures: unknown[] = [];
  let after: string | undefined;
  do {
    const tombstones = await listRecords(store, { prefix: purged.prefix(), after, limit: batch });
    for (const tombstone of tombstones) {
      // One vault whose leftovers cannot be destroyed now keeps no other one's.
      await clearVault(tombstone, store, destroyDataKey).catch((error: unknown) => failures.push(error));
    }
    after = tombstones.at(-1)?.key;
  } while (after !== undefined);
  if (failures.length > 0) throw failures[0];
}

type DestroyDataKey = (domain: string) => Promise<void>;

async function clearVault(tombstone: Stored<Purged>, store: Store, destroyDataKey: DestroyDataKey): Promise<void> {
  const { incarnation } = tombstone.value;
  for (;;) {
    const records = await store.list({ prefix: `vault/${incarnation}/`, limit: batch });
    if (records.length === 0) break;
    await store.transact({ delete: records.map(({ key }) => key) });
  }
  await destroyDataKey(`vault/${incarnation}`);
  await store.transact({ delete: [tombstone.key] });
}

function tombstoneKey({ incarnation }: Purged): Key<Purged> {
  return purged.key(incarnation);
}

function subjectOf({ name, incarnation }: VaultRecord): DueSubject {
  return { vault: name, incarnation };
}
