/** A map with room for so many: what was set longest ago goes first. */
export class BoundedMap<K, V> {
  // A Map keeps the order of insertion.
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  #youngest: K | undefined;
  readonly #gone: ((key: K, value: V) => void) | undefined;

  /** @param gone told of each entry that has to go for another, after it went */
  constructor(most: number, gone?: (key: K, value: V) => void) {
    this.#most = most;
    this.#gone = gone;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Makes the entry the youngest, also where it was there before. */
  set(key: K, value: V): void {
    // Of one that is the youngest already only the value changes: to put it back at each use would wear the Map out.
    if (key !== this.#youngest) this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#youngest = key;
    if (this.#entries.size <= this.#most) return;
    for (const [oldest, old] of this.#entries) {
      this.#entries.delete(oldest);
      this.#gone?.(oldest, old);
      return;
    }
  }

  delete(key: K): void {
    if (key === this.#youngest) this.#youngest = undefined;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#youngest = undefined;
    this.#entries.clear();
  }
}
