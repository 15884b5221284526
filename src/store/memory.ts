import { randomUUID } from 'node:crypto';
import { assertLimit, assertList, assertRead, assertTransaction, Conflict, resultOf } from './store.ts';
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

export interface MemoryStoreOptions {
  /** How many of the last changes are kept for `changes`; at most twice as many. */
  readonly history?: number;
}

/** A store that lasts as long as the process; nothing is written to disk. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.history ?? 100_000);
}

class MemoryStore implements Store {
  readonly #records = new Map<string, StoredRecord>();
  /** The keys of `#records` in bytewise order, which for ASCII is the order of strings. */
  readonly #keys: string[] = [];
  readonly #history: number;
  /** The keys that changed at the positions from `#forgotten + 1` on. */
  readonly #changed: string[] = [];
  #forgotten = 0;
  #closed = false;

  constructor(history: number) {
    this.#history = history;
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    return this.#read(request);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    return this.#list(request);
  }

  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] {
    return requests.map((request) => resultOf(() => ('get' in request ? this.#read(request) : this.#list(request))));
  }

  #read(request: Read): readonly (StoredRecord | undefined)[] {
    this.#assertOpen();
    assertRead(request);
    this.#check(request.require);
    return request.get.map((key) => {
      const record = this.#records.get(key);
      return record === undefined ? undefined : copy(record);
    });
  }

  #list(request: List): readonly StoredRecord[] {
    this.#assertOpen();
    assertList(request);
    this.#check(request.require);
    const found: StoredRecord[] = [];
    const { prefix, after, limit, bytes = Infinity } = request;
    let [at, size] = [0, 0];
    at = this.#place(after === undefined || after < prefix ? prefix : `${after}\0`);
    for (; found.length < limit && size < bytes; at += 1) {
      const record = this.#records.get(this.#keys[at] ?? '');
      if (record === undefined || !record.key.startsWith(prefix)) break;
      found.push(copy(record));
      size += record.value.length;
    }
    return found;
  }

  async transact(transaction: Transaction): Promise<readonly Version[]> {
    this.#assertOpen();
    assertTransaction(transaction);
    this.#check(transaction.require);
    const versions = (transaction.put ?? []).map(({ key, value, version = randomUUID() }) => {
      if (!this.#records.has(key)) this.#keys.splice(this.#place(key), 0, key);
      this.#records.set(key, copy({ key, version, value }));
      this.#changed.push(key);
      return version;
    });
    for (const key of transaction.delete ?? []) {
      if (!this.#records.delete(key)) continue;
      this.#keys.splice(this.#place(key), 1);
      this.#changed.push(key);
    }
    this.#forget();
    return versions;
  }

  async changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    this.#assertOpen();
    assertLimit(limit);
    const head = this.#forgotten + this.#changed.length;
    const position = since === undefined ? head : Number(since);
    if (!(position >= this.#forgotten && position <= head)) return { expired: true, cursor: String(head) };
    const start = position - this.#forgotten;
    const keys = this.#changed.slice(start, start + limit);
    const reached = position + keys.length;
    return { expired: false, keys, cursor: String(reached), more: reached < head };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(requirements: readonly Requirement[] | undefined): void {
    for (const { key, version } of requirements ?? []) {
      if ((this.#records.get(key)?.version ?? null) !== version) throw new Conflict(key);
    }
  }

  /** The index of the first key that is not before `key`. */
  #place(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forget(): void {
    if (this.#changed.length < this.#history * 2) return;
    const surplus = this.#changed.length - this.#history;
    this.#changed.splice(0, surplus);
    this.#forgotten += surplus;
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the store is closed');
  }
}

/** A copy, so that later writes of the caller or of a reader do not change what is stored. */
function copy(record: StoredRecord): StoredRecord {
  return { ...record, value: new Uint8Array(record.value) };
}
