import { randomBytes, randomUUID } from 'node:crypto';
import { unwrapDataKey, wrapDataKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { SealingKey } from '../crypto/seal.ts';
import { recordKind } from './keys.ts';
import type { Key } from './keys.ts';
import { commitKey, headerKey, parseRecord, putHeader, readHeader, sealPrefix } from './seal-header.ts';
import type { SealHeader } from './seal-header.ts';
import { StoreRefused } from './refused.ts';
import { Conflict, encode, Unreadable } from './store.ts';
import type { Put, Requirement, Store, StoredRecord } from './store.ts';

/** A domain's key, and the requirement that it is still the domain's key at the commit. */
export interface DataKey {
  readonly sealing: SealingKey;
  readonly require: readonly Requirement[];
}

/** A data key that its first user stores with `put`. */
export interface NewDataKey extends DataKey {
  readonly put: Required<Put>;
}

interface WrappedKey {
  readonly masterKey: string;
  readonly wrapped: string;
}

const ofVaults = recordKind<WrappedKey>({
  pattern: 'seal/vault/',
  owner: 'store',
  holds: 'the data key of what is under `vault/{incarnation}/`, wrapped under a master key',
});
const ofOthers = recordKind<WrappedKey>({
  pattern: 'seal/control',
  owner: 'store',
  holds: 'the data key of all other records, wrapped under a master key',
});

/** How many data keys are wrapped again in one transaction. */
const pageSize = 200;

export interface DataKeysOptions {
  /** How many opened data keys are kept. */
  readonly limit: number;
  /** Called when the header, as another node changed it, cannot be followed; with `undefined` when it can again. */
  readonly refused?: ((why: StoreRefused | undefined) => void) | undefined;
}

/**
 * The data keys of the domains, wrapped in the store, and unwrapped in a bounded cache; the least recently used is
 * dropped first.
 */
export class DataKeys {
  readonly #inner: Store;
  readonly #limit: number;
  readonly #refused: NonNullable<DataKeysOptions['refused']>;
  readonly #opened = new Map<string, DataKey>();
  /** The last one of the Map, if known: it need not be moved again. */
  #youngest: string | undefined;
  readonly #masterKeys = new Map<string, MasterKey>();
  /**
   * Ids of those that a rotation has replaced since: a header or data key under one of them has been put back. They are known
   * for marks that are not sealed again yet.
   */
  readonly #replaced = new Set<string>();
  #header: SealHeader;
  #isRefused = false;
  /** A key that is read before a destruction, here or on another node, and arrives after it is not cached. */
  #forgotten = 0;

  constructor(inner: Store, header: SealHeader, { limit, refused = () => undefined }: DataKeysOptions) {
    this.#inner = inner;
    this.#header = header;
    this.#limit = limit;
    this.#refused = refused;
    for (const masterKey of header.masterKeys) this.#masterKeys.set(masterKey.id, masterKey);
  }

  get storeId(): string {
    return this.#header.storeId;
  }

  /** The master key that wraps new data keys. */
  get masterKey(): MasterKey {
    return this.#header.masterKeys[0];
  }

  /** Every master key that it knows, the one that wraps data keys first. */
  get knownMasterKeys(): readonly [MasterKey, ...MasterKey[]] {
    return [this.masterKey, ...this.#masterKeys.values()];
  }

  /** Those that the store may be sealed under. */
  get usedMasterKeys(): readonly [MasterKey, ...MasterKey[]] {
    return [this.masterKey, ...[...this.#masterKeys.values()].filter(({ id }) => !this.#replaced.has(id))];
  }

  /** Whether the header could not be followed when it was read last. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  get hasOneMasterKey(): boolean {
    return this.#header.masterKeys.length === 1;
  }

  cached(domain: string): DataKey | undefined {
    const dataKey = this.#opened.get(domain);
    if (dataKey !== undefined && domain !== this.#youngest) {
      this.#opened.delete(domain);
      this.#opened.set(domain, dataKey);
      this.#youngest = domain;
    }
    return dataKey;
  }

  /** `undefined` when the domain has no data key: it never had one, or it was destroyed. */
  async load(domain: string): Promise<DataKey | undefined> {
    const cached = this.cached(domain);
    if (cached !== undefined) return cached;
    const forgotten = this.#forgotten;
    const read = { get: [wrapKey(domain)] };
    let [record] = await this.#inner.read(read);
    // One that was read just before a rotation ended has been wrapped again since.
    if (record !== undefined && this.#isReplaced(record)) [record] = await this.#inner.read(read);
    if (record === undefined) return undefined;
    const { bytes } = this.#unwrap(record);
    const dataKey = { sealing: new SealingKey(bytes), require: [{ key: record.key, version: record.version }] };
    if (this.#forgotten === forgotten) this.#keep(domain, dataKey);
    return dataKey;
  }

  /** That the domain's data key is still the one which `load` returned last, or that it has none. */
  async requirementOf(domain: string): Promise<Requirement> {
    return (await this.load(domain))?.require[0] ?? { key: wrapKey(domain), version: null };
  }

  /**
   * Takes in that a record of the seal differs from what is known here, as another node may have changed it. Returns whether
   * new data keys are wrapped under another master key from now on.
   * @throws {Unreadable} when the store is sealed under a master key that is not known here
   */
  async changed(key: string): Promise<boolean> {
    if (key !== headerKey) {
      this.forget(key);
      return false;
    }
    const before = this.masterKey.id;
    this.#follow((await this.#readHeader()) ?? this.#header);
    return this.masterKey.id !== before;
  }

  async #readHeader(): Promise<SealHeader | undefined> {
    try {
      const header = await readHeader(this.#inner, this.usedMasterKeys);
      this.#isRefused = false;
      this.#refused(undefined);
      return header;
    } catch (error) {
      if (!(error instanceof StoreRefused)) throw error;
      this.#isRefused = true;
      this.#refused(error);
      throw new Unreadable(error.message, { cause: error });
    }
  }

  /** Opens what another node wraps under that master key, too. */
  learn(masterKey: MasterKey): void {
    this.#masterKeys.set(masterKey.id, masterKey);
    this.#replaced.delete(masterKey.id);
  }

  /** Also requires the header: a key that was wrapped before a rotation began is not stored after it. */
  make(domain: string): NewDataKey {
    const bytes = randomBytes(32);
    const put = this.#wrap(domain, bytes);
    const require = [
      { key: put.key, version: null },
      { key: headerKey, version: this.#header.version },
    ];
    return { sealing: new SealingKey(bytes), require, put };
  }

  #keep(domain: string, dataKey: DataKey): void {
    this.#opened.set(domain, dataKey);
    this.#youngest = domain;
    if (this.#opened.size <= this.#limit) return;
    const [eldest] = this.#opened.keys();
    if (eldest !== undefined) this.#opened.delete(eldest);
  }

  /** Drops a cached key. `key` is the key of a record of the seal that differs from the cached state. */
  forget(key: string): void {
    this.#forgotten += 1;
    this.#opened.delete(key.slice(sealPrefix.length));
  }

  async destroy(domain: string): Promise<void> {
    await this.#inner.transact({ delete: [wrapKey(domain)] });
    this.forget(wrapKey(domain));
  }

  /**
   * Wraps every data key under `target`. The header first names the old keys and the new one, and at the end only the
   * new one: if this is interrupted, both keys together can open the store and finish.
   */
  async rotate(target: MasterKey): Promise<void> {
    this.learn(target);
    const others = this.#header.masterKeys.filter((masterKey) => masterKey.id !== target.id);
    await this.#replaceHeader([target, ...others]);
    if (others.length === 0) return;
    for (let after: string | undefined = sealPrefix; after !== undefined;) after = await this.#rewrapPage(after);
    await this.#replaceHeader([target]);
  }

  async #replaceHeader(masterKeys: readonly [MasterKey, ...MasterKey[]]): Promise<void> {
    const header = { storeId: this.#header.storeId, version: randomUUID(), masterKeys };
    const require = [{ key: headerKey, version: this.#header.version }];
    await this.#inner.transact({ require, put: [putHeader(header)] });
    this.#follow(header);
  }

  #follow(header: SealHeader): void {
    const named = new Set(header.masterKeys.map(({ id }) => id));
    for (const { id } of this.#header.masterKeys) if (!named.has(id)) this.#replaced.add(id);
    this.#header = header;
  }

  #isReplaced(record: StoredRecord): boolean {
    const stored = parseRecord(record);
    return isWrappedKey(stored) && this.#replaced.has(stored.masterKey);
  }

  /** Returns the key to continue after, or `undefined` after the last page. */
  async #rewrapPage(after: string): Promise<string | undefined> {
    const page = await this.#inner.list({ prefix: sealPrefix, after, limit: pageSize });
    const stale = page
      .filter((record) => record.key !== headerKey && record.key !== commitKey)
      .map((record) => ({ record, unwrapped: this.#unwrap(record) }))
      .filter(({ unwrapped }) => unwrapped.masterKey !== this.#header.masterKeys[0].id);
    try {
      await this.#inner.transact({
        require: stale.map(({ record }) => ({ key: record.key, version: record.version })),
        put: stale.map(({ record, unwrapped }) => this.#wrap(record.key.slice(sealPrefix.length), unwrapped.bytes)),
      });
    } catch (error) {
      // A domain of this page was destroyed meanwhile: read the page again.
      if (error instanceof Conflict) return after;
      throw error;
    }
    for (const { record } of stale) this.forget(record.key);
    return page.length < pageSize ? undefined : page.at(-1)?.key;
  }

  #wrap(domain: string, bytes: Uint8Array): Required<Put> {
    const [masterKey] = this.#header.masterKeys;
    const wrapped = wrapDataKey(masterKey, bytes, this.#owner(domain));
    const stored: WrappedKey = { masterKey: masterKey.id, wrapped: Buffer.from(wrapped).toString('base64') };
    return { key: wrapKey(domain), version: randomUUID(), value: encode(stored) };
  }

  #unwrap(record: StoredRecord): { masterKey: string; bytes: Uint8Array } {
    const stored = parseRecord(record);
    if (!isWrappedKey(stored)) throw new Unreadable(`the data key ${record.key} is not what was written`);
    const masterKey = this.#replaced.has(stored.masterKey) ? undefined : this.#masterKeys.get(stored.masterKey);
    if (masterKey === undefined) {
      throw new Unreadable(`the data key ${record.key} is wrapped under an unknown master key (${stored.masterKey})`);
    }
    const owner = this.#owner(record.key.slice(sealPrefix.length));
    const bytes = unwrapDataKey(masterKey, Buffer.from(stored.wrapped, 'base64'), owner);
    if (bytes === undefined) throw new Unreadable(`the data key ${record.key} is not what was written`);
    return { masterKey: masterKey.id, bytes };
  }

  #owner(domain: string): string {
    return `${this.#header.storeId} ${domain}`;
  }
}

function wrapKey(domain: string): Key<WrappedKey> {
  const [, incarnation] = domain.split('/');
  return incarnation === undefined ? ofOthers.key() : ofVaults.key(incarnation);
}

function isWrappedKey(parsed: unknown): parsed is WrappedKey {
  if (typeof parsed !== 'object' || parsed === null || !('masterKey' in parsed) || !('wrapped' in parsed)) return false;
  return typeof parsed.masterKey === 'string' && typeof parsed.wrapped === 'string';
}
