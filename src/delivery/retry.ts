/** Between two attempts: the first, and the most. */
const waitMs = { least: 1000, most: 60_000 };
/** A sink is believed about how long it wants to be left alone, up to this. */
const askedMsMax = 600_000;

/** When to try again after failures in a row: later each time. Times are of a monotonic clock, in milliseconds. */
export class Retry {
  #failures = 0;
  #atMs = 0;

  /** Whether the last attempt failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#atMs;
  }

  /** `askedMs`: how long the sink asked to be left alone. */
  failed(nowMs: number, askedMs: number | undefined): void {
    const backoffMs = Math.min(waitMs.most, waitMs.least * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#atMs = nowMs + (askedMs === undefined ? backoffMs : Math.min(askedMsMax, Math.max(askedMs, waitMs.least)));
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Lets the next attempt begin at once. */
  now(): void {
    this.#atMs = 0;
  }
}
