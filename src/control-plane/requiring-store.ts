import type { Requirement, Store } from '../store/store.ts';

/**
 * A store every answer of which is of a state in which the requirements hold: what a request reads, it reads on the word
 * of the role assignments that admitted it.
 */
export function requiringStore(store: Store, require: readonly Requirement[]): Store {
  const all = (others: readonly Requirement[] | undefined) => [...require, ...(others ?? [])];
  return {
    read: (request) => store.read({ ...request, require: all(request.require) }),
    list: (request) => store.list({ ...request, require: all(request.require) }),
    readMany: (requests) => store.readMany(requests.map((request) => ({ ...request, require: all(request.require) }))),
    transact: (transaction) => store.transact({ ...transaction, require: all(transaction.require) }),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
}
