import type { Store } from '../store/store.ts';

/** The same store, which tells the keys that were put and deleted once a transaction that goes through it is committed. */
export function notifyingStore(store: Store, committed: (keys: readonly string[]) => void): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
    async transact(transaction) {
      const versions = await store.transact(transaction);
      committed([...(transaction.put ?? []).map(({ key }) => key), ...(transaction.delete ?? [])]);
      return versions;
    },
  };
}
