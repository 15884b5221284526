import type { Requirement } from './store.ts';

/** A record's version and value as the database has them; `undefined`: there is no such record. */
export type Row = { readonly version: string; readonly value: Uint8Array } | undefined;

const rowsMax = 4096;
/** A larger value is not kept, only its version: most reads of a vault's record ask for nothing else. */
const valueBytesMax = 4096;

/**
 * Rows of one state of the database, as they lie in it: sealed, where the store is. SQLite itself says when they are
 * not true any more (`PRAGMA data_version`, which changes with every commit of another connection), so that the cache is
 * emptied rather than kept up. Between a look at that and the next commit of ours, nobody need be asked.
 */
export class RowCache {
  readonly #rows = new Map<string, Row>();
  readonly #versions = new Map<string, string | null>();
  #state: unknown;
  #doubted = true;

  /** To be told the database's `data_version` at the beginning of each snapshot. */
  enter(state: unknown): void {
    this.#doubted = false;
    if (state === this.#state) return;
    this.#state = state;
    this.#rows.clear();
    this.#versions.clear();
  }

  /** The database may have another state by now. */
  doubt(): void {
    this.#doubted = true;
  }

  /** Whether these rows and versions are all known, so that no snapshot is needed to have them. */
  knows(rows: readonly string[], versions: readonly Requirement[] = []): boolean {
    if (this.#doubted) return false;
    for (const key of rows) if (!this.#rows.has(key)) return false;
    for (const { key } of versions) if (!this.#versions.has(key)) return false;
    return true;
  }

  /** The row under `key`, read only if it is not known; in a snapshot. */
  row(key: string, read: (key: string) => Row): Row {
    if (this.#rows.has(key)) return this.#rows.get(key);
    const row = read(key);
    if (row === undefined || row.value.length <= valueBytesMax) keep(this.#rows, key, row);
    return row;
  }

  /** The version under `key`, `null` for no record; in a snapshot. */
  version(key: string, read: (key: string) => string | null): string | null {
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const version = read(key);
    keep(this.#versions, key, version);
    return version;
  }
}

/** The oldest goes first: with more rows in use than there is place for, a cleverer order would not help either. */
function keep<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= rowsMax) {
    const { value: oldest } = cache.keys().next();
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, value);
}
