import type { Store, StoredRecord } from '../../store/store.ts';

/**
 * A store that gives a record as it was when it was first read. Two operations that run on it one after the other see one
 * state, so that what the second requires is what the first was answered from.
 */
export function rememberingStore(store: Store): Store {
  const known = new Map<string, StoredRecord | undefined>();
  return {
    async read({ require, get }) {
      const records = await store.read({ ...(require !== undefined && { require }), get });
      for (const [index, key] of get.entries()) if (!known.has(key)) known.set(key, records[index]);
      return get.map((key) => known.get(key));
    },
    list: (request) => store.list(request),
    transact: (transaction) => store.transact(transaction),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
}
