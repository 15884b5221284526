import { forgetOldest, KnownVersions } from './known-versions.ts';
import type { PreparedTransaction } from './sqlite-batch.ts';
import type { Requirement, StoredRecord, Version } from './store.ts';

/** A record as the database has it, which nobody writes into; `undefined`: there is no such record. */
export type Row = StoredRecord | undefined;

/** What a transaction makes of a record. */
export interface Written {
  readonly key: string;
  /** `null`: it is deleted. */
  readonly version: Version | null;
  /** A copy, where the record was in the cache when the transaction came. */
  readonly value: Uint8Array | undefined;
}

/** What came of a batch: which of its transactions were committed, by how many commits; or that is not known. */
export type EndedBatch = 'unknown' | { readonly commits: 0 | 1; readonly transactions: Iterable<readonly Written[]> };

/** What SQLite says of a snapshot. */
export interface Look {
  /** `PRAGMA data_version`: another one after each commit of another connection, however many there were. */
  readonly dataVersion: unknown;
  /** How many commits there had been just before the snapshot began, where that was asked for, and just after. */
  readonly before: number | undefined;
  readonly after: () => number | undefined;
}

const rowsMax = 4096;
/** A larger value is not kept, only its version: most reads of a vault's record ask for nothing else. */
const valueBytesMax = 4096;

/** How many snapshots may pass without the cache, in each of which a batch of ours may already have been committed. */
const passesMax = 16;

/**
 * Rows of one state of the database, as they lie in it: sealed, where the store is. SQLite itself says when they are
 * not true any more (`PRAGMA data_version`). Then they are brought up to date if all that happened were commits of ours,
 * of which it is known what they wrote, and are forgotten if not: SQLite counts all commits, and we count ours. Between a
 * look at that and the next commit of ours, nobody need be asked.
 */
export class RowCache {
  readonly #rows = new Map<string, Row>();
  readonly #versions = new KnownVersions(rowsMax);
  #dataVersion: unknown;
  /** Which commit the rows are of, where it is known. */
  #commits: number | undefined;
  /** A batch of ours is under way: it may have been committed, but has not been acknowledged. */
  #underWay = false;
  /** Whether the rows are those of the open snapshot, and there has been no commit of ours since. */
  #current = false;
  #passes = 0;

  /** Whether `Look.before` would tell something. */
  get isLost(): boolean {
    return this.#commits === undefined;
  }

  /** To be told at the beginning of each snapshot. */
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
      // One that is under way may be among those that were counted, and would be counted again.
      this.#commits = commits === before && !this.#underWay ? commits : undefined;
    }
  }

  /** A batch of ours is on its way to the database. */
  begin(): void {
    this.#underWay = true;
  }

  /** It is over. */
  end(batch: EndedBatch): void {
    this.#underWay = false;
    this.#current = false;
    if (batch === 'unknown') this.#commits = undefined;
    // Rows of a commit that is not known may be newer than the batch.
    if (batch === 'unknown' || this.#commits === undefined) return;
    this.#commits = (this.#commits + batch.commits) >>> 0;
    for (const written of batch.transactions) this.#wrote(written);
  }

  /** What a transaction is going to make of its records: to be given to `end` if it is committed. */
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

  /** The database may have another state by now. */
  doubt(): void {
    this.#current = false;
  }

  /** Whether these rows and versions are all known, so that no snapshot is needed to have them. */
  knows(rows: readonly string[], versions: readonly Requirement[] = []): boolean {
    if (!this.#current) return false;
    for (const key of rows) if (!this.#rows.has(key)) return false;
    for (const { key } of versions) if (!this.#versions.has(key)) return false;
    return true;
  }

  /** The row under `key`, read only if it is not known; in a snapshot. */
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

  /** The version under `key`, `null` for no record; in a snapshot. */
  version(key: string, read: (key: string) => Version | null): Version | null {
    return this.#current ? this.#versions.version(key, read) : read(key);
  }
}
