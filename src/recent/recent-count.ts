/** The time for which requests are counted, and the periods in which it passes. */
export const windowMs = 86_400_000;
const periods = 8;
const periodMs = windowMs / periods;

/** A count of the last 24 hours, in periods of three: it forgets the oldest one when a new one begins. */
export class RecentCount {
  readonly #counts: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  #period = 0;

  /** `atMs` may be earlier than before, when old records are read. */
  add(atMs: number): void {
    const period = Math.floor(atMs / periodMs);
    if (period > this.#period) this.#goTo(period);
    else if (period <= this.#period - periods) return;
    const index = period % periods;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  total(nowMs: number): number {
    const period = Math.floor(nowMs / periodMs);
    if (period > this.#period) this.#goTo(period);
    return this.#counts.reduce((all, some) => all + some, 0);
  }

  #goTo(period: number): void {
    const passed = Math.min(periods, period - this.#period);
    for (let step = 1; step <= passed; step += 1) this.#counts[(this.#period + step) % periods] = 0;
    this.#period = period;
    // After a long time all are zero, whichever were cleared.
    if (passed === periods) this.#counts.fill(0);
  }
}
