import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { StoreRefused } from './refused.ts';
import { copyingKey, headerKey } from './seal-header.ts';
import { Conflict, encode } from './store.ts';
import type { Requirement, Store, StoredRecord, Version } from './store.ts';

export interface CopyParts {
  /** Both below their seals: records are copied as they are sealed, and no key is needed. */
  readonly from: Store;
  readonly to: Store;
  /** Removes what `to` holds. */
  readonly replace: boolean;
  /** The keys of records of changes on their way to an audit log start with it. */
  readonly outboxPrefix: string;
}

export interface Copied {
  readonly records: number;
  /** Of the sealed values. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal, over the key, the version and the value of each record in the order of the keys. */
  readonly sha256: string;
  /** The records of changes on their way to an audit log. */
  readonly waiting: number;
}

/** A part of a store that is read, or written, at once. */
const page = { limit: 500, bytes: 1 << 20 };

/**
 * Copies a store that no server writes to. Until the last step `to` has no header, and a record that says why: no server starts on
 * it, whatever stops the copy. The last step adds the one and removes the other, after all that was written was read again.
 * @throws {StoreRefused} `noStore` or `unfinishedCopy` of `from`, `holdsRecords` of `to`; `changedMeanwhile`, `copyDiffers`
 */
export async function copyStore({ from, to, replace, outboxPrefix }: CopyParts): Promise<Copied> {
  const header = await headerOf(from);
  const before = await positionOf(from);
  // Nothing is removed before the whole of `from` was read once.
  if (replace) await digestOf(from);
  const filling = await Filling.begin(to, replace);
  const copied = new Digest(outboxPrefix);
  for await (const records of pagesOf(from)) {
    copied.add(records);
    await filling.put(records);
  }
  const written = await digestOf(to);
  if (written.sha256 !== copied.end().sha256) throw copyDiffers();
  // As late as can be: what is written during the reading, too, is in no copy.
  if ((await positionOf(from)) !== before) throw changedMeanwhile('The store that is copied was written to meanwhile');
  await filling.end(header);
  return copied.end();
}

/** The header of a store that can be copied. @throws {StoreRefused} `noStore` or `unfinishedCopy` */
async function headerOf(from: Store): Promise<StoredRecord> {
  const [header, copying] = await from.read({ get: [headerKey, copyingKey] });
  if (header !== undefined) return header;
  if (copying !== undefined) throw unfinished('The store to copy is itself a copy that was cut short');
  throw new StoreRefused('noStore', 'There is no store to copy: it has no records of a server.');
}

/** Whether a store is a copy that was cut short: there is nothing in it to keep. */
export async function isUnfinishedCopy(store: Store): Promise<boolean> {
  const [header, copying] = await store.read({ get: [headerKey, copyingKey] });
  return header === undefined && copying !== undefined;
}

async function positionOf(store: Store): Promise<string> {
  return (await store.changes(undefined, 1)).cursor;
}

/** Everything but the header and the record of a copy, in the order of the keys. */
async function* pagesOf(store: Store): AsyncGenerator<readonly StoredRecord[]> {
  for (let after: string | undefined; ;) {
    const records: readonly StoredRecord[] = await store.list({ prefix: '', after, ...page });
    const last = records.at(-1);
    if (last === undefined) return;
    after = last.key;
    yield records.filter(({ key }) => key !== headerKey && key !== copyingKey);
    // A command that shows its progress needs turns for it.
    await setImmediate();
  }
}

async function digestOf(store: Store): Promise<Copied> {
  const digest = new Digest();
  for await (const records of pagesOf(store)) digest.add(records);
  return digest.end();
}

class Digest {
  readonly #hash: Hash = createHash('sha256');
  #records = 0;
  #bytes = 0;
  #waiting = 0;
  readonly #outboxPrefix: string | undefined;

  constructor(outboxPrefix?: string) {
    this.#outboxPrefix = outboxPrefix;
  }

  add(records: readonly StoredRecord[]): void {
    for (const { key, version, value } of records) {
      this.#hash.update(`${key} ${version} ${value.length}\n`).update(value);
      this.#records += 1;
      this.#bytes += value.length;
      if (this.#outboxPrefix !== undefined && key.startsWith(this.#outboxPrefix)) this.#waiting += 1;
    }
  }

  end(): Copied {
    const sha256 = this.#hash.copy().digest('hex');
    return { records: this.#records, bytes: this.#bytes, sha256, waiting: this.#waiting };
  }
}

/** A store that is filled, and that has no header meanwhile. */
class Filling {
  readonly #to: Store;
  readonly #require: readonly Requirement[];

  private constructor(to: Store, version: Version) {
    this.#to = to;
    this.#require = [
      { key: copyingKey, version },
      { key: headerKey, version: null },
    ];
  }

  /** @throws {StoreRefused} `holdsRecords` or `changedMeanwhile` */
  static async begin(to: Store, replace: boolean): Promise<Filling> {
    const [header, copying] = await to.read({ get: [headerKey, copyingKey] });
    const isLeftover = header === undefined && copying !== undefined;
    const holds = !isLeftover && (await to.list({ prefix: '', limit: 1 })).length > 0;
    if (holds && !replace) {
      const remedy = 'Choose an empty one, or give --replace, which removes what it holds';
      throw new StoreRefused('holdsRecords', `The store to copy to holds records. ${remedy}.`);
    }
    const [version = ''] = await alone(() =>
      to.transact({
        require: [
          { key: headerKey, version: header?.version ?? null },
          { key: copyingKey, version: copying?.version ?? null },
        ],
        put: [{ key: copyingKey, value: encode({ copying: true }) }],
        delete: header === undefined ? [] : [headerKey],
      }),
    );
    const filling = new Filling(to, version);
    await filling.#empty();
    return filling;
  }

  async put(records: readonly StoredRecord[]): Promise<void> {
    await alone(() => this.#to.transact({ require: this.#require, put: records }));
  }

  async end(header: StoredRecord): Promise<void> {
    await alone(() => this.#to.transact({ require: this.#require, put: [header], delete: [copyingKey] }));
  }

  async #empty(): Promise<void> {
    for await (const records of pagesOf(this.#to)) {
      if (records.length === 0) continue;
      await alone(() => this.#to.transact({ require: this.#require, delete: records.map(({ key }) => key) }));
    }
  }
}

/** Each step requires that no server and no other copy has begun with the store. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Conflict)
      throw changedMeanwhile('Another copy, or a server, has begun with the store to copy to');
    throw error;
  }
}

function changedMeanwhile(found: string): StoreRefused {
  return new StoreRefused('changedMeanwhile', `${found}. Stop every server that uses it, and copy again.`);
}

function copyDiffers(): StoreRefused {
  const found = 'What was written and read again is not what was copied';
  return new StoreRefused(
    'copyDiffers',
    `${found}. No server starts on it. Look for the fault of its disk, and copy again.`,
  );
}

function unfinished(found: string): StoreRefused {
  return new StoreRefused('unfinishedCopy', `${found}. Run "postern store copy" again.`);
}
