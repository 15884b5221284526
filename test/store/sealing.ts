import type { CommitMark } from '../../src/store/commit-mark.ts';
import type { Store } from '../../src/store/store.ts';

/** The same store, but for a close that leaves it open: what a sealed store leaves behind can be looked at. */
export function stay(store: Store): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    transact: (transaction) => store.transact(transaction),
    changes: (since, limit) => store.changes(since, limit),
    close: async () => {},
  };
}

/** A mark that lasts as long as the test, and can be out of order like a full disk. */
export function memoryMark(): CommitMark & { now(): bigint | undefined; breakDown(): void; repair(): void } {
  let mark: bigint | undefined;
  let works = true;
  return {
    read: async () => mark,
    write: async (commit) => {
      if (!works) throw new Error('the mark is out of order');
      mark = commit;
    },
    now: () => mark,
    breakDown: () => {
      works = false;
    },
    repair: () => {
      works = true;
    },
  };
}
