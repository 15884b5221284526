import { Conflict, notifyingStore } from '../../src/store/store.ts';
import type { Store, Transaction, Turn } from '../../src/store/store.ts';

/** A store with turns in the order of the changes of each record, as a store of many nodes has them. */
export interface StoreWithTurns extends Store {
  readonly turnOf: NonNullable<Store['turnOf']>;
  /** How many turns were taken so far, and how many of them are not over. */
  readonly turns: { readonly taken: number; readonly open: number };
}

interface Waiting {
  readonly turn: Turn;
  readonly begin: (turn: Turn) => void;
}

/** Stands in for such a store, in one process: all servers on it are nodes. */
export function withTurns(inner: Store): StoreWithTurns {
  const queues = new Map<string, Waiting[]>();
  let taken = 0;
  const end = (key: string, id: string) => {
    const queue = queues.get(key) ?? [];
    const left = queue.filter(({ turn }) => turn.id !== id);
    queues.set(key, left);
    const [next] = left;
    if (queue[0]?.turn.id === id && next !== undefined) next.begin(next.turn);
  };
  const endOf = (id: string) => {
    for (const key of queues.keys()) end(key, id);
  };
  return {
    ...notifyingStore(inner, () => undefined),
    async transact(transaction) {
      assertNoTurn(transaction, queues);
      const versions = await inner.transact(transaction);
      if (transaction.turn !== undefined) endOf(transaction.turn);
      return versions;
    },
    turnOf(key) {
      taken += 1;
      const id = `turn ${taken}`;
      const { promise, resolve } = Promise.withResolvers<Turn>();
      const waiting = { turn: { id, leave: () => end(key, id) }, begin: resolve };
      const queue = [...(queues.get(key) ?? []), waiting];
      queues.set(key, queue);
      if (queue.length === 1) resolve(waiting.turn);
      return promise;
    },
    get turns() {
      return { taken, open: [...queues.values()].flat().length };
    },
  };
}

function assertNoTurn(
  { put = [], delete: gone = [], turn }: Transaction,
  queues: ReadonlyMap<string, Waiting[]>,
): void {
  for (const key of [...put.map((each) => each.key), ...gone]) {
    const [head] = queues.get(key) ?? [];
    if (head !== undefined && head.turn.id !== turn) throw new Conflict(key);
  }
}
