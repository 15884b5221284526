/**
 * The upper bounds of the buckets, in seconds. A read takes a fraction of a millisecond; an RSA key takes seconds, and so does
 * a request that waits for a change of networks.
 */
export const secondsBounds: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Counts values by buckets. */
export class Histogram {
  readonly #counts: number[] = Array.from({ length: secondsBounds.length + 1 }, () => 0);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < secondsBounds.length && seconds > (secondsBounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many values there were up to each bound; the last number is that of all. */
  get cumulative(): readonly number[] {
    let total = 0;
    return this.#counts.map((count) => (total += count));
  }
}
