import type { MasterKey } from '../crypto/master-key.ts';
import { DataKeys } from './data-keys.ts';
import { faultOf } from './records.ts';
import { commitKey, headerKey, loadHeader, sealPrefix } from './seal-header.ts';
import type { StoredCommit } from './seal-header.ts';
import { SealedRecords } from './sealed-records.ts';
import { decode, Unreadable } from './store.ts';
import type { Store, StoredRecord } from './store.ts';

const dataKeyLimit = 10_000;

/**
 * Opens the rows of a sealed store that come in parts, those of the seal first, as a backup has them: only the seal's
 * rows are kept, and those of the part that is being read.
 */
export class SealedRows {
  readonly #masterKey: MasterKey;
  readonly #seal = new Map<string, StoredRecord>();
  #page: ReadonlyMap<string, StoredRecord> = new Map();
  #opened: { readonly keys: DataKeys; readonly records: SealedRecords } | undefined;

  constructor(masterKey: MasterKey) {
    this.#masterKey = masterKey;
  }

  /**
   * Opens each row as its room would, and returns why some cannot be opened.
   * @throws {StoreRefused} as `openSealedStore`, when the seal itself does not open
   */
  async faults(rows: readonly StoredRecord[]): Promise<readonly string[]> {
    for (const row of rows) if (row.key.startsWith(sealPrefix)) this.#seal.set(row.key, row);
    const others = rows.filter(({ key }) => !key.startsWith(sealPrefix));
    this.#page = new Map(others.map((row) => [row.key, row]));
    const faults: string[] = [];
    for (const { key } of others) {
      const fault = await this.#fault(key);
      if (fault !== undefined) faults.push(fault);
    }
    return faults;
  }

  /**
   * The count of the commits, and why the data keys of the store do not open.
   * @throws {StoreRefused} as `faults`
   */
  async end(): Promise<{ readonly commit: bigint; readonly faults: readonly string[] }> {
    const { keys, records } = await this.#open();
    const faults: string[] = [];
    for (const key of this.#seal.keys()) {
      if (key === headerKey || key === commitKey) continue;
      const fault = await reasonOf(() => keys.load(key.slice(sealPrefix.length)));
      if (fault !== undefined) faults.push(fault);
    }
    let commit = 0n;
    const fault = await reasonOf(async () => {
      const [record] = await records.read({ get: [commitKey] });
      if (record !== undefined) commit = countOf(decode<StoredCommit>(record));
    });
    return { commit, faults: fault === undefined ? faults : [...faults, fault] };
  }

  async #fault(key: string): Promise<string | undefined> {
    const { records } = await this.#open();
    let opened: StoredRecord | undefined;
    const reason = await reasonOf(async () => {
      [opened] = await records.read({ get: [key] });
    });
    return reason ?? (opened && faultOf(opened));
  }

  async #open() {
    if (this.#opened !== undefined) return this.#opened;
    const header = await loadHeader(this.#rows, [this.#masterKey]);
    const keys = new DataKeys(this.#rows, header, { limit: dataKeyLimit });
    this.#opened = { keys, records: new SealedRecords(this.#rows, keys) };
    return this.#opened;
  }

  /** The rows as a store that is only read. */
  get #rows(): Store {
    const rowOf = (key: string) => this.#seal.get(key) ?? this.#page.get(key);
    const refuse = (): never => {
      throw new Unreadable(`the record ${headerKey} is missing`);
    };
    return {
      read: async ({ get }) => get.map(rowOf),
      list: async () => [...this.#page.values()].slice(0, 1),
      readMany: refuse,
      transact: async () => refuse(),
      changes: async () => refuse(),
      close: async () => {},
    };
  }
}

function countOf(stored: StoredCommit): bigint {
  return BigInt(typeof stored === 'string' ? stored : stored.commit);
}

async function reasonOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Unreadable) return error.message;
    throw error;
  }
}
