/**
 * Lets changes of one thing run one after the other in this process. The store's versions keep them right in any case;
 * in turn, many clients that write one object at once do not make each other start anew until they give up.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `change` when every change that came before it under that key is over, however it ended. */
  async take<T>(key: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? change() : before.then(change, change);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
