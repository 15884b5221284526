import type { PreparedTransaction } from './sqlite-batch.ts';
import type { Requirement, StoredRecord, Version } from './store.ts';

/** A record as in the database, which must not be modified; `undefined`: there is no such record. */
export type Row = StoredRecord | undefined;

/** The result of a transaction for one record. */
export interface Written {
  readonly key: string;
  /** `null`: the record is deleted. */
  readonly version: Version | null;
  /** A copy, if the record was in the cache when the transaction came. */
  readonly value: Uint8Array | undefined;
}

/** The result of a batch: which of its transactions were committed, by how many commits; or that this is unknown. */
export type EndedBatch = 'unknown' | { readonly commits: 0 | 1; readonly transactions: Iterable<readonly Written[]> };

/** SQLite's state at a snapshot. */
export interface Look {
  /** `PRAGMA data_version`: it changes with commits of other connections, however many there were. */
  readonly dataVersion: unknown;
  /** The number of commits just before the snapshot began, if it was asked for, and just after. */
  readonly before: number | undefined;
  readonly after: () => number | undefined;
}

const rowsMax = 4096;
/** A larger value is not kept, only its version: most reads of a vault's record need nothing else. */
const valueBytesMax = 4096;

/** The most snapshots that bypass the cache because a batch of ours may already have been committed in them. */
const passesMax = 16;

/**
 * Rows of one state of the database, as they are stored: sealed, if the store is. SQLite itself says when they are
 * outdated (`PRAGMA data_version`). If all commits since were ours, whose writes are known, the rows are updated;
 * otherwise they are dropped: SQLite counts all commits, and we count ours. Between such a check and our next commit,
 * no check is needed.
 */
export class RowCache {
  readonly #rows = new Map<string, Row>();
  readonly #versions = new KnownVersions(rowsMax);
  #dataVersion: unknown;
  /** The commit whose state the rows have, if it is known. */
  #commits: number | undefined;
  /** Whether a batch of ours is in progress: it may have been committed without being acknowledged. */
  #underWay = false;
  /** Whether the rows are those of the open snapshot, with no commit of ours since. */
  #current = false;
  #passes = 0;

  /** Whether `Look.before` would help. */
  get isLost(): boolean {
    return this.#commits === undefined;
  }

  /** Call it at the beginning of each snapshot. */
  enter({ dataVersion, before, after }: Look): void {
    this.#current = true;
    if (dataVersion === this.#dataVersion) return;
    const commits = after();
    if (commits !== undefined && commits === this.#commits) {
      this.#dataVersion = dataVersion;
      this.#passes = 0;
    } else if (this.#underWay && this.#passes < passesMax && this.#commits !== undefined) {
      this.#current = false;
      this.#passes += 1;
    } else {
      this.#dataVersion = dataVersion;
      this.#rows.clear();
      this.#versions.clear();
      this.#passes = 0;
      // A batch in progress may be among the counted commits, and would be counted twice.
      this.#commits = commits === before && !this.#underWay ? commits : undefined;
    }
  }

  /** Call it when a batch of ours has been sent to the database. */
  begin(): void {
    this.#underWay = true;
  }

  /** Call it when the batch has ended. */
  end(batch: EndedBatch): void {
    this.#underWay = false;
    this.#current = false;
    if (batch === 'unknown') this.#commits = undefined;
    // Rows of an unknown commit may be newer than the batch.
    if (batch === 'unknown' || this.#commits === undefined) return;
    this.#commits = (this.#commits + batch.commits) >>> 0;
    for (const written of batch.transactions) this.#wrote(written);
  }

  /** The writes of a transaction to its records; pass them to `end` if it is committed. */
  writes({ put, delete: deleted }: Pick<PreparedTransaction, 'put' | 'delete'>): readonly Written[] {
    const written: Written[] = put.map(({ key, version, value }) => {
      const isKept = value.length <= valueBytesMax && this.#rows.has(key);
      return { key, version, value: isKept ? new Uint8Array(value) : undefined };
    });
    for (const key of deleted) written.push({ key, version: null, value: undefined });
    return written;
  }

  #wrote(written: readonly Written[]): void {
    for (const { key, version, value } of written) {
      this.#versions.wrote(key, version);
      if (!this.#rows.has(key)) continue;
      if (version === null) this.#rows.set(key, undefined);
      else if (value === undefined) this.#rows.delete(key);
      else this.#rows.set(key, { key, version, value });
    }
  }

  /** Call it when the database may have another state. */
  doubt(): void {
    this.#current = false;
  }

  /** Whether all these rows and versions are known, so that no snapshot is needed. */
  knows(rows: readonly string[], versions: readonly Requirement[] = []): boolean {
    if (!this.#current) return false;
    for (const key of rows) if (!this.#rows.has(key)) return false;
    for (const { key } of versions) if (!this.#versions.has(key)) return false;
    return true;
  }

  /** The row under `key`, read only if it is not known; call it in a snapshot. */
  row(key: string, read: (key: string) => Row): Row {
    if (!this.#current) return read(key);
    if (this.#rows.has(key)) return this.#rows.get(key);
    const row = read(key);
    if (row === undefined || row.value.length <= valueBytesMax) {
      if (this.#rows.size >= rowsMax) forgetOldest(this.#rows);
      this.#rows.set(key, row);
    }
    return row;
  }

  /** The version under `key`, `null` for no record; call it in a snapshot. */
  version(key: string, read: (key: string) => Version | null): Version | null {
    return this.#current ? this.#versions.version(key, read) : read(key);
  }
}

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
function forgetOldest(cache: Map<string, unknown>): void {
  const { value: oldest } = cache.keys().next();
  if (oldest !== undefined) cache.delete(oldest);
}
