/** A map with a maximum size: the entry that was set longest ago is removed first. */
export class BoundedMap<K, V> {
  // A Map keeps the order of insertion.
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  #youngest: K | undefined;
  readonly #gone: ((key: K, value: V) => void) | undefined;

  /** @param gone called with each entry that was removed to make room */
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

  /** Makes the entry the newest, even if it existed. */
  set(key: K, value: V): void {
    // If it is the newest already, only its value changes: moving it at each use would wear out the Map.
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
