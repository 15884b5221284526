import { randomHex } from '../crypto/random-hex.ts';
import { open, seal } from '../crypto/seal.ts';
import type { DataKey, DataKeys, NewDataKey } from './data-keys.ts';
import { sealPrefix } from './seal-header.ts';
import { Conflict, lastKeyUnder, readEach, Unreadable } from './store.ts';
import type { List, Put, Read, ReadResult, Requirement, Store, StoredRecord, Transaction, Version } from './store.ts';

/** The records opened for one answer to many reads, by key. */
type OpenedOnce = Map<string, StoredRecord>;

/** How often a write is tried again because the seal's own records changed meanwhile. */
const attemptLimit = 8;

/**
 * Records on their way through the seal: each is sealed under its domain's data key, with the store's id, its key and
 * its version as associated data, so that a record cannot pass for another one, or for one of another store.
 */
export class SealedRecords {
  readonly #inner: Store;
  readonly #keys: DataKeys;

  constructor(inner: Store, keys: DataKeys) {
    this.#inner = inner;
    this.#keys = keys;
  }

  /** @throws {Conflict} @throws {Unreadable} */
  async read(request: Read): Promise<(StoredRecord | undefined)[]> {
    const opened: (StoredRecord | undefined)[] = [];
    for (const record of await this.#inner.read(request)) {
      opened.push(record === undefined ? undefined : (this.#openAtOnce(record) ?? (await this.#openWithKey(record))));
    }
    return opened;
  }

  /** Like `read`; the seal's own records are skipped. */
  async list(request: List): Promise<StoredRecord[]> {
    const page = await this.#inner.list(request);
    const ownStart = page.findIndex((record) => record.key.startsWith(sealPrefix));
    const opened: StoredRecord[] = [];
    for (const record of ownStart === -1 ? page : page.slice(0, ownStart)) {
      opened.push(this.#openAtOnce(record) ?? (await this.#openWithKey(record)));
    }
    if (ownStart === -1) return opened;
    const rest = { ...request, after: lastKeyUnder(sealPrefix), limit: request.limit - opened.length };
    return [...opened, ...(await this.list(rest))];
  }

  /**
   * Like `Store.readMany`. All records are opened in one loop: between other work, the code and data for opening would
   * have left the processor's caches, and a record would cost three times as much (bench/README.md).
   */
  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] | Promise<readonly ReadResult[]> {
    const read = this.#inner.readMany(requests);
    return read instanceof Promise
      ? read.then((results) => this.#openMany(requests, results))
      : this.#openMany(requests, read);
  }

  #openMany(
    requests: readonly (Read | List)[],
    results: readonly ReadResult[],
  ): readonly ReadResult[] | Promise<readonly ReadResult[]> {
    const once: OpenedOnce = new Map();
    const opened = results.map((result) => (result.ok ? this.#openAllAtOnce(result.records, once) : result));
    if (opened.every((result) => result !== undefined)) return opened;
    return Promise.all(requests.map(async (request, index) => opened[index] ?? this.#readAlone(request)));
  }

  /** `undefined` if a data key is not in the cache, or the list passes through the seal's own records. */
  #openAllAtOnce(records: readonly (StoredRecord | undefined)[], once: OpenedOnce): ReadResult | undefined {
    const opened: (StoredRecord | undefined)[] = [];
    try {
      for (const record of records) {
        const plain = record === undefined ? undefined : this.#openOnce(record, once);
        if (record !== undefined && (plain === undefined || record.key.startsWith(sealPrefix))) return undefined;
        opened.push(plain);
      }
      return { ok: true, records: opened };
    } catch (error) {
      return { ok: false, error };
    }
  }

  /** Many may ask for one record at once, like the replicas of a program when they start: all get one object. */
  #openOnce(record: StoredRecord, once: OpenedOnce): StoredRecord | undefined {
    const known = once.get(record.key);
    if (known?.version === record.version) return known;
    const opened = this.#openAtOnce(record);
    if (opened !== undefined) once.set(record.key, opened);
    return opened;
  }

  async #readAlone(request: Read | List): Promise<ReadResult> {
    const [result = { ok: true, records: [] }] = await readEach(this, [request]);
    return result;
  }

  /**
   * A domain's data key is made in the same transaction as its first record.
   * @throws {Conflict}
   */
  async transact(transaction: Transaction): Promise<readonly Version[]> {
    for (let attempt = 1; ; attempt += 1) {
      const made = new Map<string, NewDataKey>();
      const sealed = await this.#seal(transaction, made);
      try {
        const versions = await this.#inner.transact(sealed.transaction);
        return versions.slice(0, transaction.put?.length ?? 0);
      } catch (error) {
        const ours = error instanceof Conflict && sealed.required.has(error.key);
        if (!ours || attempt === attemptLimit) throw error;
        await this.#keys.changed(error.key);
      }
    }
  }

  /** The caller's requirements come first, so that a conflict names one of them if one fails. */
  async #seal(
    transaction: Transaction,
    made: Map<string, NewDataKey>,
  ): Promise<{ transaction: Transaction; required: ReadonlySet<string> }> {
    const put: Put[] = [];
    const requirements = new Map<string, Requirement>();
    for (const { key, value, version = randomHex() } of transaction.put ?? []) {
      const domain = domainOf(key);
      // Most are cached, and awaiting one that is costs more than sealing with it.
      const known = made.get(domain) ?? this.#keys.cached(domain) ?? (await this.#keys.load(domain));
      const dataKey = known ?? this.#make(domain, made);
      for (const requirement of dataKey.require) requirements.set(requirement.key, requirement);
      put.push({ key, version, value: seal(dataKey.sealing, value, this.#context(key, version)) });
    }
    put.push(...Array.from(made.values(), (dataKey) => dataKey.put));
    const require = [...(transaction.require ?? []), ...requirements.values()];
    return {
      transaction: { ...transaction, require, put, delete: transaction.delete ?? [] },
      required: new Set(requirements.keys()),
    };
  }

  #make(domain: string, made: Map<string, NewDataKey>): NewDataKey {
    const dataKey = this.#keys.make(domain);
    made.set(domain, dataKey);
    return dataKey;
  }

  /** Opens with a data key from the cache: to await it would cost more, and every request takes this path. */
  #openAtOnce(record: StoredRecord): StoredRecord | undefined {
    const dataKey = this.#keys.cached(domainOf(record.key));
    return dataKey === undefined ? undefined : this.#open(record, dataKey);
  }

  async #openWithKey(record: StoredRecord): Promise<StoredRecord> {
    const dataKey = await this.#keys.load(domainOf(record.key));
    if (dataKey !== undefined) return this.#open(record, dataKey);
    throw new Unreadable(`the data key of the record ${record.key} is gone: it was destroyed`);
  }

  #open({ key, version, value: sealed }: StoredRecord, dataKey: DataKey): StoredRecord {
    const value = open(dataKey.sealing, sealed, this.#context(key, version));
    if (value === undefined) throw new Unreadable(`the record ${key} is not what was written`);
    return { key, version, value };
  }

  /** Ids and keys contain no line feed, so no two records have the same context. */
  #context(key: string, version: Version): Uint8Array {
    return Buffer.from(`record\n${this.#keys.storeId}\n${key}\n${version}`);
  }
}

/** `vault/<incarnation>` for a vault's records, `control` for all others. */
export function domainOf(key: string): string {
  const end = key.startsWith('vault/') ? key.indexOf('/', 6) : -1;
  return end > 6 ? key.slice(0, end) : 'control';
}
