/** Something that many wait for, each for a time of its own. */
export class Condition {
  #changed = Promise.withResolvers<void>();

  /** Wakes all that wait. */
  notifyAll(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }

  /** Resolves when `notifyAll` is called, or after the milliseconds. */
  async wait(mostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, mostMs);
    await Promise.race([this.#changed.promise, promise]);
    clearTimeout(timer);
  }
}
