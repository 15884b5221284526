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
