import type { MasterKey } from '../crypto/master-key.ts';
import { CommitCounter } from './commit-counter.ts';
import type { CommitMark } from './commit-counter.ts';
import { DataKeys } from './data-keys.ts';
import type { DataKeysOptions } from './data-keys.ts';
import { StoreRefused } from './refused.ts';
import { anotherDatabase, commitKey, headerKey, loadHeader, readHeader, sealPrefix } from './seal-header.ts';
import { requiringKeys } from './required-keys.ts';
import { domainOf, SealedRecords } from './sealed-records.ts';
import { turnsOf, Unavailable, Unreadable } from './store.ts';
import type { Changes, Cursor, List, Read, ReadResult, Store, StoredRecord, Transaction, Version } from './store.ts';

export interface SealedStoreOptions {
  /** The sealed store owns it and closes it, once it is open. */
  readonly inner: Store;
  readonly masterKey: MasterKey;
  /** Keys before `masterKey`: when the store is opened, it is rotated to `masterKey`, or a rotation is finished. */
  readonly previousMasterKeys?: readonly MasterKey[] | undefined;
  /** Called before the opening rotates the store, with the ids of the keys that it is sealed under. */
  readonly rotates?: ((from: readonly string[]) => void) | undefined;
  /** Of a store that several nodes use: see `DataKeysOptions`. */
  readonly refused?: DataKeysOptions['refused'];
  /** Without one, an older copy of the database is not noticed. */
  readonly mark?: CommitMark | undefined;
  /** Opens it for reading alone: nothing is written, neither to the store nor to the mark. */
  readonly look?: boolean;
  /** Uses the store as it is if the mark is missing, damaged or ahead of it. */
  readonly acceptCopy?: boolean;
  /** Of a store that several nodes use: accepts it without a mark, since this node is new to it. */
  readonly join?: boolean | undefined;
  /** Of such a store: calls the listener after commits of other nodes, and returns what ends that. */
  readonly changed?: ((listener: () => void) => () => void) | undefined;
  /**
   * Whether other processes may destroy and wrap data keys while this one reads; by default where the store has turns. Each
   * read requires then that its data keys are still those of the store.
   */
  readonly shared?: boolean;
  /** The most milliseconds from a write to the mark that covers it. */
  readonly markInterval?: number;
  /** How many opened data keys are kept in memory. */
  readonly dataKeyLimit?: number;
}

/** A sealed store as it was opened, with its own state. */
export interface OpenedStore extends SealedStore {
  readonly storeId: string;
  /** The key that wraps new data keys. */
  readonly masterKey: MasterKey;
  /** Whether all data keys are wrapped under `masterKey`, as they are but during a rotation. */
  readonly hasOneMasterKey: boolean;
  /**
   * Compares the database with the mark once more, as the opening did, through `raw`: for a connection to a database that
   * may have been exchanged, or be another one after a failover. It is only read.
   * @throws {StoreRefused} `notSealed`, `otherFormat`, `wrongMasterKey`, `damagedSeal`, `olderCopy`, `noMark`, `damagedMark`
   */
  judge(raw: Store): Promise<void>;
  /** Opens what another node seals under that master key, once it has rotated the store. */
  learnMasterKey(masterKey: MasterKey): Promise<void>;
  /** During the work `judge` takes a database that is behind the mark, which is then counted on from. */
  acceptingCopy<T>(work: () => Promise<T>): Promise<T>;
}

export interface SealedStore extends Store {
  /**
   * Wraps all data keys under `masterKey`; reads and writes continue meanwhile. The data keys stay the same: with the
   * old master key and an older copy of the database, one can still open what that copy had, and what was written
   * since.
   */
  rotateMasterKey(masterKey: MasterKey): Promise<void>;

  /**
   * Destroys the data key of `vault/<incarnation>`, and with it everything under that prefix: records that remain there
   * are `Unreadable`. A later put there uses a new data key. Older copies of the database keep the old one.
   */
  destroyDomain(domain: string): Promise<void>;
}

/**
 * Wraps a store that is not trusted with contents or integrity: values are sealed (keys are not), and a record that was
 * changed, swapped or brought from another store is `Unreadable`. Master key → one data key for each
 * `vault/<incarnation>` and one for all other records → records. Keys under `seal/` are its own.
 * @throws {StoreRefused} `notSealed`, `otherFormat`, `wrongMasterKey`, `damagedSeal`, `olderCopy`, `noMark`,
 * `damagedMark`
 */
export async function openSealedStore(options: SealedStoreOptions): Promise<OpenedStore> {
  const { inner, masterKey, previousMasterKeys = [], mark, markInterval = 1_000, dataKeyLimit = 10_000 } = options;
  const masterKeys = [masterKey, ...previousMasterKeys] as const;
  const header = await loadHeader(inner, masterKeys);
  const keys = new DataKeys(inner, header, { limit: dataKeyLimit, refused: options.refused });
  const { shared = inner.turnOf !== undefined } = options;
  const records = new SealedRecords(shared ? requiringKeys(inner, keys) : inner, keys);
  const key = () => ({ storeId: keys.storeId, masterKey: keys.masterKey });
  const { changed, join } = options;
  const counter = mark && new CommitCounter({ records, mark, interval: markInterval, key, changed });
  try {
    const given = { masterKeys, accept: options.acceptCopy ?? false, join };
    await (options.look === true ? counter?.judge(given) : counter?.start(given));
    const isCurrent = header.masterKeys.length === 1 && header.masterKeys[0].id === masterKey.id;
    if (!isCurrent) {
      options.rotates?.(header.masterKeys.map(({ id }) => id));
      if (options.look === true) return new Sealed({ inner, keys, records, counter });
      await keys.rotate(masterKey);
      await sealMarkAgain(counter);
    }
  } catch (error) {
    throw damagedUnless(error);
  }
  return new Sealed({ inner, keys, records, counter });
}

/** Both slots of the mark: the new key alone must be able to open it, also where one is torn, and the old key nothing. */
async function sealMarkAgain(counter: CommitCounter | undefined): Promise<void> {
  await counter?.advance();
  await counter?.advance();
}

interface Parts {
  readonly inner: Store;
  readonly keys: DataKeys;
  readonly records: SealedRecords;
  readonly counter: CommitCounter | undefined;
}

class Sealed implements OpenedStore {
  readonly #inner: Store;
  readonly #keys: DataKeys;
  readonly #records: SealedRecords;
  readonly #counter: CommitCounter | undefined;
  readonly turnOf?: NonNullable<Store['turnOf']>;
  #rotation: Promise<void> = Promise.resolve();
  #acceptsCopy = false;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor({ inner, keys, records, counter }: Parts) {
    this.#inner = inner;
    this.#keys = keys;
    this.#records = records;
    this.#counter = counter;
    Object.assign(this, turnsOf(inner));
  }

  get storeId(): string {
    return this.#keys.storeId;
  }

  get masterKey(): MasterKey {
    return this.#keys.masterKey;
  }

  get hasOneMasterKey(): boolean {
    return this.#keys.hasOneMasterKey;
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    for (const key of request.get) assertNotOurs(key);
    return this.#records.read(request);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    assertNotOurs(request.prefix);
    return this.#records.list(request);
  }

  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] | Promise<readonly ReadResult[]> {
    for (const request of requests) {
      if ('get' in request) for (const key of request.get) assertNotOurs(key);
      else assertNotOurs(request.prefix);
    }
    return this.#records.readMany(requests);
  }

  async transact(transaction: Transaction): Promise<readonly Version[]> {
    for (const { key } of transaction.put ?? []) assertNotOurs(key);
    for (const key of transaction.delete ?? []) assertNotOurs(key);
    // Copied now, because a data key may have to be read before sealing, and the caller may reuse its buffer meanwhile.
    const put = transaction.put?.map((each) => ({ ...each, value: Buffer.from(each.value) })) ?? [];
    return this.#write(() => this.#records.transact({ ...transaction, put }));
  }

  async changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    const changes = await this.#inner.changes(since, limit);
    const changed = changes.expired ? [] : changes.keys;
    // A header that is put back as it was need not be among the changes.
    await this.#take(changes.expired || this.#keys.isRefused ? [...changed, headerKey] : changed);
    if (changes.expired) return changes;
    return { ...changes, keys: changes.keys.filter((key) => !key.startsWith(sealPrefix)) };
  }

  /** Drops data keys that were destroyed or wrapped again by another node, and reads a header that it changed. */
  async #take(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      if (!key.startsWith(sealPrefix) || key === commitKey) continue;
      if (await this.#keys.changed(key).catch(unlessUnreadable)) await sealMarkAgain(this.#counter);
    }
  }

  async learnMasterKey(masterKey: MasterKey): Promise<void> {
    this.#keys.learn(masterKey);
    await this.#take([headerKey]);
  }

  async rotateMasterKey(masterKey: MasterKey): Promise<void> {
    const before = this.#rotation;
    const rotate = async (): Promise<void> => {
      await before;
      await this.#keys.rotate(masterKey);
      await sealMarkAgain(this.#counter);
    };
    const rotation = this.#write(rotate);
    this.#rotation = rotation.catch(() => {});
    await rotation;
  }

  async destroyDomain(domain: string): Promise<void> {
    if (!domain.startsWith('vault/') || domainOf(`${domain}/`) !== domain) {
      throw new TypeError(`${domain} is not a domain that can be destroyed: give vault/<incarnation>`);
    }
    await this.#write(() => this.#keys.destroy(domain));
  }

  async acceptingCopy<T>(work: () => Promise<T>): Promise<T> {
    this.#acceptsCopy = true;
    return work().finally(() => (this.#acceptsCopy = false));
  }

  async judge(raw: Store): Promise<void> {
    const masterKeys = this.#keys.knownMasterKeys;
    const header = await readHeader(raw, this.#keys.usedMasterKeys);
    if (header?.storeId !== this.storeId) throw anotherDatabase();
    const records = new SealedRecords(raw, new DataKeys(raw, header, { limit: 1 }));
    try {
      await this.#counter?.judge({ masterKeys, accept: this.#acceptsCopy }, records);
    } catch (error) {
      throw damagedUnless(error);
    }
    // The mark is behind what was accepted until the next count.
    if (this.#acceptsCopy) this.#counter?.committed();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    try {
      await this.#counter?.close();
    } finally {
      await this.#inner.close();
    }
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw new Error('the store is closed');
    const written = this.#counted(work);
    this.#underWay.add(written);
    try {
      return await written;
    } finally {
      this.#underWay.delete(written);
    }
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.#counter?.isKept === false) await nothingHappened(() => this.#counter?.recover());
    const result = await work();
    this.#counter?.committed();
    return result;
  }
}

/** The refusal of a seal that cannot be opened; every other error as it is. */
function damagedUnless(error: unknown): unknown {
  if (!(error instanceof Unreadable)) return error;
  return new StoreRefused('damagedSeal', `${error.message}. Restore the database from a good copy.`);
}

/** Every read and write that needs it says so: a change that cannot be opened keeps none of the others waiting. */
function unlessUnreadable(error: unknown): false {
  if (error instanceof Unreadable) return false;
  throw error;
}

/** The count is not what the caller asked to change. */
async function nothingHappened(work: () => Promise<void> | undefined): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Unavailable) throw new Unavailable(error.message, { cause: error });
    throw error;
  }
}

function assertNotOurs(key: string): void {
  if (!key.startsWith(sealPrefix)) return;
  throw new TypeError(`the key ${key} is the sealed store's own: choose one that does not start with ${sealPrefix}`);
}
