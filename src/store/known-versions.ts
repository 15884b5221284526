import type { Version } from './store.ts';

/**
 * Versions of records in one state of the database, up to a maximum; the one that was learnt longest ago is dropped
 * first.
 */
export class KnownVersions {
  readonly #versions = new Map<string, Version | null>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#versions.has(key);
  }

  /** The version under `key`, `null` for no record; read only if it is not known. */
  version(key: string, read: (key: string) => Version | null): Version | null {
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const version = read(key);
    if (this.#versions.size >= this.#most) forgetOldest(this.#versions);
    this.#versions.set(key, version);
    return version;
  }

  /**
   * Call it when the record was written, or, with `null`, deleted. Only versions that were asked for before are
   * updated.
   */
  wrote(key: string, version: Version | null): void {
    if (this.#versions.has(key)) this.#versions.set(key, version);
  }

  clear(): void {
    this.#versions.clear();
  }
}

/** With more in use than fit, a cleverer order would not help either. */
export function forgetOldest(cache: Map<string, unknown>): void {
  const { value: oldest } = cache.keys().next();
  if (oldest !== undefined) cache.delete(oldest);
}
