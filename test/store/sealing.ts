import type { CommitMark } from '../../src/store/commit-counter.ts';
import type { Store } from '../../src/store/store.ts';

/** The same store, except that close leaves it open, so that a test can see what a sealed store leaves behind. */
export function stay(store: Store): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    transact: (transaction) => store.transact(transaction),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: async () => {},
  };
}

/** A mark that lasts as long as the test, and can fail like a full disk. */
export function memoryMark(): CommitMark & { now(): string; breakDown(): void; repair(): void; forget(): void } {
  let slots = ['', ''];
  let works = true;
  return {
    name: 'in memory',
    read: async () => (slots.join('') === '' ? [] : slots),
    write: async (slot, text) => {
      if (!works) throw new Error('the mark is out of order');
      slots[slot] = text;
    },
    now: () => slots.join(''),
    forget: () => {
      slots = ['', ''];
    },
    breakDown: () => {
      works = false;
    },
    repair: () => {
      works = true;
    },
  };
}
