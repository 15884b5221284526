/** A place in an order: it must be given up, or nobody behind it ever gets its turn. */
export interface Place {
  leave(): void;
}

/**
 * Lets changes of one thing run one after the other in this process. The store's versions keep them right in any case;
 * in order, many clients that write one object at once do not make each other begin again until they give up.
 */
export class InOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** The place behind all that were asked for under that key before; at once where there is nobody. */
  place(key: string): Place | Promise<Place> {
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

  /** Runs `change` when every change that came before it under that key is over, however it ended. */
  async take<T>(key: string, change: () => Promise<T>): Promise<T> {
    const place = await this.place(key);
    try {
      return await change();
    } finally {
      place.leave();
    }
  }
}
