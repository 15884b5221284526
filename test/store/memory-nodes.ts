import { randomUUID } from 'node:crypto';
import type { NodeIdentity, NodeRegistry, NodeRow, DatabaseState, NodeStore } from '../../src/store/node-store.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { notifyingStore } from '../../src/store/store.ts';
import { withTurns } from './turns.ts';

/** The database of several nodes in one process: what is committed by one is read by all. */
export class MemoryNodes {
  readonly #records: Store = withTurns(memoryStore());
  readonly #rows = new Map<string, NodeRow & { readonly session: string }>();
  readonly #listeners = new Set<() => void>();
  /** The database's clock. */
  nowMs: number;

  constructor(nowMs = Date.now()) {
    this.nowMs = nowMs;
  }

  /** The state of a node that refuses the database, and the call that accepts it. */
  refused: Partial<DatabaseState> = {};
  accept: () => Promise<void> = () => Promise.resolve();

  get rows(): readonly NodeRow[] {
    return [...this.#rows.values()].map(({ session: _, ...row }) => row);
  }

  /** The node was heard of at this time. */
  seen(name: string, seenMs: number): void {
    for (const [id, row] of this.#rows) if (row.name === name) this.#rows.set(id, { ...row, seenMs });
  }

  /** A way to it, as each node has one. */
  open(node: NodeIdentity): NodeStore {
    const told = notifyingStore(this.#records, () => this.#listeners.forEach((listener) => listener()));
    const state: DatabaseState = { reachable: true, heartbeatAgeMs: 0, timeline: '00000001' };
    return {
      ...told,
      nodes: this.#registry(node),
      clock: () => Promise.resolve(this.nowMs),
      committed: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      state: () => ({ ...state, ...this.refused }),
      accept: () => this.accept(),
      // The others go on.
      close: () => Promise.resolve(),
    };
  }

  #registry({ id, name, details: first }: NodeIdentity): NodeRegistry {
    const session = randomUUID();
    const isOwn = () => this.#rows.get(id)?.session === session;
    const row = (details: object) => ({ id, name, details, session, startedMs: this.nowMs, seenMs: this.nowMs });
    this.nowMs += 1;
    this.#rows.set(id, row(first));
    return {
      describe: async (details) => void (isOwn() && this.#rows.set(id, row(details))),
      list: async () => ({ nowMs: this.nowMs, nodes: this.rows }),
      leave: async () => {
        if (isOwn()) this.#rows.delete(id);
      },
      remove: async (other, unseenMs) =>
        this.nowMs - (this.#rows.get(other)?.seenMs ?? 0) >= unseenMs && this.#rows.delete(other),
    };
  }
}
