import type { Store, Transaction, Turn } from '../store/store.ts';

/** A place in a queue. It must be left, or no change behind it ever runs. */
export interface QueuePlace {
  leave(): void;
}

/**
 * Runs the changes under one key one after the other in this process. The store's versions already keep them correct;
 * the order keeps many clients that write one object at once from conflicting until their attempts run out.
 */
export class ChangeQueues {
  readonly #last = new Map<string, Promise<void>>();

  /** A place behind all earlier ones under that key: at once if there are none, or else when the last one is left. */
  enter(key: string): QueuePlace | Promise<QueuePlace> {
    const before = this.#last.get(key);
    const left = Promise.withResolvers<void>();
    this.#last.set(key, left.promise);
    const place = {
      leave: () => {
        left.resolve();
        if (this.#last.get(key) === left.promise) this.#last.delete(key);
      },
    };
    return before === undefined ? place : before.then(() => place);
  }

  /** Runs `change` when all earlier changes under that key have ended, whether they succeeded or failed. */
  async take<T>(key: string, change: () => Promise<T>): Promise<T> {
    const place = await this.enter(key);
    try {
      return await change();
    } finally {
      place.leave();
    }
  }
}

/** After so many losses, a request that only relies on a record takes a turn for it, too. */
const lossesBeforeTurn = 3;

/** How an admitted request lost against another change. */
export interface Loss {
  /** Of the record that differs. */
  readonly key: string;
  /** The change that the request would have committed; `undefined` if it got no further than a read. */
  readonly change: Transaction | undefined;
  /** How often it has lost, this time included. */
  readonly losses: number;
}

/**
 * Whether a request that lost takes a turn for the record that another change was faster with. One that writes it does at
 * once: those of other nodes would be faster again and again (7.6 % of the changes of three nodes gave up after ten
 * attempts). One that only relies on it waits longer, because a turn keeps the changes of all others waiting.
 */
export function takesTurn({ key, change, losses }: Loss): boolean {
  if (losses >= lossesBeforeTurn) return true;
  return change?.put?.some((put) => put.key === key) === true || change?.delete?.includes(key) === true;
}

/** A request's turn in the order of the changes of one record, among all nodes. It must be left, or end with a commit. */
export class ChangeTurn {
  readonly #store: Pick<Store, 'turnOf'>;
  #held: Turn | undefined;

  constructor(store: Pick<Store, 'turnOf'>) {
    this.#store = store;
  }

  /** For the transaction that ends the turn; without a turn it is empty. */
  get ending(): Pick<Transaction, 'turn'> {
    return this.#held === undefined ? {} : { turn: this.#held.id };
  }

  /** Resolves when the request may be decided again: once it has a turn, if it takes one. */
  async after(loss: Loss): Promise<void> {
    if (this.#store.turnOf === undefined || !takesTurn(loss)) return;
    this.leave();
    this.#held = await this.#store.turnOf(loss.key);
  }

  /** Call it when the transaction with `ending` was committed. */
  ended(): void {
    this.#held = undefined;
  }

  leave(): void {
    this.#held?.leave();
    this.#held = undefined;
  }
}
