import { assertList, assertRead, assertTransaction, Conflict, readEach } from './store.ts';
import type {
  Changes,
  Cursor,
  List,
  Read,
  ReadResult,
  Requirement,
  Store,
  StoredRecord,
  Transaction,
  Version,
} from './store.ts';

/**
 * A store over another one that keeps its transactions to itself, for work in many steps that is to be done as a whole or
 * not at all: each step sees what the steps before it wrote, and `change` is all of them as one transaction.
 */
export class Draft implements Store {
  readonly #inner: Store;
  /** The records that were written, by key; `undefined` for one that was deleted. */
  readonly #written = new Map<string, StoredRecord | undefined>();
  /** The versions in the store below that the steps relied on. */
  readonly #relied = new Map<string, Version | null>();
  #versions = 0;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  /** Every step so far as one transaction; `undefined` if nothing was written. */
  change(): Transaction | undefined {
    if (this.#written.size === 0) return undefined;
    const written = [...this.#written];
    return {
      require: [...this.#relied].map(([key, version]) => ({ key, version })),
      put: written.flatMap(([key, record]) => (record === undefined ? [] : [{ key, value: record.value }])),
      delete: written.flatMap(([key, record]) => (record === undefined ? [key] : [])),
    };
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    assertRead(request);
    await this.#check(request.require);
    return this.#current(request.get);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    assertList(request);
    await this.#check(request.require);
    const { prefix, after, limit } = request;
    const own = [...this.#written].filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after));
    // As many more as may be gone here, so that the page is full where there are enough.
    const below = await this.#inner.list({ prefix, after, limit: limit + own.length });
    const kept = below.filter(({ key }) => !this.#written.has(key));
    const added = own.flatMap(([, record]) => (record === undefined ? [] : [record]));
    return [...kept, ...added].toSorted((one, other) => (one.key < other.key ? -1 : 1)).slice(0, limit);
  }

  readMany(requests: readonly (Read | List)[]): Promise<readonly ReadResult[]> {
    return readEach(this, requests);
  }

  async transact(transaction: Transaction): Promise<readonly Version[]> {
    assertTransaction(transaction);
    await this.#check(transaction.require);
    const records = (transaction.put ?? []).map(({ key, value }) => ({ key, value, version: this.#nextVersion() }));
    for (const record of records) this.#written.set(record.key, record);
    for (const key of transaction.delete ?? []) this.#written.set(key, undefined);
    return records.map(({ version }) => version);
  }

  changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    return this.#inner.changes(since, limit);
  }

  /** Closes nothing: the store below belongs to others. */
  async close(): Promise<void> {}

  /** @throws {Conflict} */
  async #check(require: readonly Requirement[] = []): Promise<void> {
    const found = await this.#current(require.map(({ key }) => key));
    for (const [index, { key, version }] of require.entries()) {
      if ((found[index]?.version ?? null) !== version) throw new Conflict(key);
      if (!this.#written.has(key)) this.#relied.set(key, version);
    }
  }

  async #current(keys: readonly string[]): Promise<readonly (StoredRecord | undefined)[]> {
    const unwritten = keys.filter((key) => !this.#written.has(key));
    const read = unwritten.length === 0 ? [] : await this.#inner.read({ get: unwritten });
    const below = new Map(unwritten.map((key, index) => [key, read[index]]));
    return keys.map((key) => (this.#written.has(key) ? this.#written.get(key) : below.get(key)));
  }

  /** No store has such a version, so a step's own write is never taken for a record of the store below. */
  #nextVersion(): Version {
    this.#versions += 1;
    return `draft-${this.#versions}`;
  }
}
