import { dueKey, duePut } from '../../schedule/due.ts';
import type { DueSubject } from '../../schedule/due.ts';
import { recordKind } from '../../store/keys.ts';
import type { Key } from '../../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Put, Store, StoredRecord, Transaction } from '../../store/store.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { vaultIndexKey, vaultKey } from '../keys.ts';

/** The tombstone of a purged vault whose contents still exist. */
interface Tombstone {
  readonly incarnation: string;
}

const tombstones = recordKind<Tombstone>({
  pattern: 'purged/',
  owner: 'resources',
  holds: 'that a vault with that incarnation was purged and its contents must be deleted',
});
const batchSize = 500;

type Deletion = NonNullable<VaultRecord['deleted']>;

/** The purge of a soft-deleted vault at the end of its retention, stored when the vault is deleted. */
export function scheduledPurge(vault: VaultRecord, deleted: Deletion): Put {
  return duePut('purgeVault', Date.parse(deleted.scheduledPurgeDate), subjectOf(vault));
}

/** The key of that purge, deleted when the vault is recovered. */
export function scheduledPurgeKey(vault: VaultRecord, deleted: Deletion): string {
  return dueKey('purgeVault', Date.parse(deleted.scheduledPurgeDate), subjectOf(vault));
}

/**
 * Purges a vault. The change frees its name and stores a tombstone for its contents. There may be many, so they are deleted
 * afterwards in batches (`clearPurged`): at once, and after a crash as due work. `now` in milliseconds.
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
      // If it is purged in the very millisecond in which it is due, both are the same record.
      ...scheduled.filter((due) => due !== clearing.key),
    ],
  };
}

/**
 * The work for a vault whose purge is due: to purge it, or, if that was done, to clear what it left. Nothing for a vault that
 * was recovered meanwhile, even if it was deleted again. Purge protection does not prevent this purge; it only prevents
 * callers from purging before the retention is over.
 */
export async function dueWorkOfVault(
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
 * Destroys the contents of purged vaults: their records in batches, then their data keys, without which copies of the records
 * cannot be opened either. It can run at any time, and again.
 */
export async function clearPurged(store: Store, destroyDataKey: DestroyDataKey): Promise<void> {
  const failures: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await listRecords(store, { prefix: tombstones.prefix(), after, limit: batchSize });
    for (const tombstone of page) {
      // If the contents of one vault cannot be destroyed now, those of the others still are.
      await clearVault(tombstone, store, destroyDataKey).catch((error: unknown) => failures.push(error));
    }
    after = page.at(-1)?.key;
  } while (after !== undefined);
  if (failures.length > 0) throw failures[0];
}

type DestroyDataKey = (domain: string) => Promise<void>;

async function clearVault(tombstone: Stored<Tombstone>, store: Store, destroyDataKey: DestroyDataKey): Promise<void> {
  const { incarnation } = tombstone.value;
  for (;;) {
    const records = await store.list({ prefix: `vault/${incarnation}/`, limit: batchSize });
    if (records.length === 0) break;
    await store.transact({ delete: records.map(({ key }) => key) });
  }
  await destroyDataKey(`vault/${incarnation}`);
  await store.transact({ delete: [tombstone.key] });
}

function tombstoneKey({ incarnation }: Tombstone): Key<Tombstone> {
  return tombstones.key(incarnation);
}

function subjectOf({ name, incarnation }: VaultRecord): DueSubject {
  return { vault: name, incarnation };
}
