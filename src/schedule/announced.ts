import type { Store } from '../store/store.ts';
import { duePrefix, dueTime } from './due.ts';

/** The same store, which tells of due work that was committed through it: its time, in milliseconds since 1970. */
export function announced(store: Store, wake: (at: number) => void): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
    async transact(transaction) {
      const versions = await store.transact(transaction);
      for (const { key } of transaction.put ?? []) if (key.startsWith(duePrefix)) wake(dueTime(key));
      return versions;
    },
  };
}
