import { decode, encode } from '../store/store.ts';
import type { Store, StoredRecord, Transaction } from '../store/store.ts';
import type { VaultRecord } from '../types/vault.ts';
import { vaultIndexKey } from './keys.ts';

const purgedPrefix = 'purged/';
const batch = 500;

/**
 * Purging a vault: its name is free with this change, and a tombstone says that its contents must go. They can be many,
 * so they follow in batches (`clearPurged`), after a crash too.
 */
export function purgeVault(record: StoredRecord, vault: VaultRecord): Transaction {
  const key = `${purgedPrefix}${vault.incarnation}`;
  return {
    require: [
      { key: record.key, version: record.version },
      { key, version: null },
    ],
    put: [{ key, value: encode({ incarnation: vault.incarnation }) }],
    delete: [record.key, vaultIndexKey('deleted-vault-in', vault, vault.name)],
  };
}

/**
 * Destroys what purged vaults left: their records in batches, then their data keys, without which no copy of the records
 * can be opened either. Safe to run at any time, and again.
 */
export async function clearPurged(store: Store, destroyDataKey: (domain: string) => Promise<void>): Promise<void> {
  for (const tombstone of await store.list({ prefix: purgedPrefix, limit: batch })) {
    const { incarnation } = decode<{ readonly incarnation: string }>(tombstone);
    for (;;) {
      const records = await store.list({ prefix: `vault/${incarnation}/`, limit: batch });
      if (records.length === 0) break;
      await store.transact({ delete: records.map(({ key }) => key) });
    }
    await destroyDataKey(`vault/${incarnation}`);
    await store.transact({ delete: [tombstone.key] });
  }
}
