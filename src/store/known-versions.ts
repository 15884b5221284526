import type { Version } from './store.ts';

/** Versions of records in one state of the database, with room for so many: what was learnt longest ago goes first. */
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

  /** The record was written, or, with `null`, deleted. Nothing is learnt of records that nobody has asked for. */
  wrote(key: string, version: Version | null): void {
    if (this.#versions.has(key)) this.#versions.set(key, version);
  }

  clear(): void {
    this.#versions.clear();
  }
}

/** With more in use than there is room for, a cleverer order would not help either. */
export function forgetOldest(cache: Map<string, unknown>): void {
  const { value: oldest } = cache.keys().next();
  if (oldest !== undefined) cache.delete(oldest);
}
