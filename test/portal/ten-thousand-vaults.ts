import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { vaultIndexKey, vaultKey } from '../../src/resources/keys.ts';
import { readRecords, recordPut } from '../../src/store/records.ts';
import type { SealedStore } from '../../src/store/sealed.ts';

const many = 10_000;
const batch = 500;

/** Puts 10,000 vaults like the demo's beside it, straight into the store: a PUT of each would take a minute. */
export async function fillWithVaults(store: SealedStore): Promise<void> {
  const [demo] = await readRecords(store, { get: [vaultKey('demo')] });
  assert.ok(demo !== undefined);
  const names = Array.from({ length: many }, (_, index) => `vault-${String(index).padStart(5, '0')}`);
  for (let first = 0; first < names.length; first += batch) {
    const put = names
      .slice(first, first + batch)
      .flatMap((name) => [
        recordPut(vaultKey(name), { ...demo.value, name, incarnation: randomUUID() }),
        recordPut(vaultIndexKey('vault-in', demo.value, name), null),
      ]);
    await store.transact({ put });
  }
}
