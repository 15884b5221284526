import type { RecordLine } from './line.ts';

/** A record to be written to the log, and where it lies in the store. */
export interface Shipped {
  readonly key: string;
  readonly line: RecordLine;
}

/** How many characters the kept lines may have together. */
const lengthMax = 1 << 20;

/**
 * The committed records that this process staged, kept so that they need not be read from the store. Where the store may
 * hold others (an earlier process left them, there was no room here, a transaction failed that may have been committed
 * all the same), none are kept until a list of the store has said what it holds.
 */
export class Committed {
  readonly #kept = new Map<string, RecordLine>();
  #length = 0;
  #isAll = true;
  /** Those of which it has not been said yet how their transactions ended. */
  readonly #underWay = new Map<string, RecordLine>();
  /** Keys of those of them that were in a list of the store: they are committed, and are shipped with it. */
  readonly #listed = new Set<string>();

  /** Whether the store holds nothing that is to be shipped and not kept here. */
  get isAll(): boolean {
    return this.#isAll;
  }

  begin(key: string, line: RecordLine): void {
    this.#underWay.set(key, line);
  }

  /** The transaction that put the record has committed it. */
  add(key: string): void {
    const line = this.#underWay.get(key);
    this.#underWay.delete(key);
    if (line === undefined || this.#listed.delete(key) || !this.#isAll) return;
    this.#kept.set(key, line);
    this.#length += line.text.length;
    if (this.#length > lengthMax) this.doubt();
  }

  /** The transaction has failed. */
  fail(key: string): void {
    this.#underWay.delete(key);
    this.#listed.delete(key);
    this.doubt();
  }

  /** The store may hold others. */
  doubt(): void {
    this.#isAll = false;
    this.#forget();
  }

  /** So many of those that were staged first; they are kept no longer. */
  take(count: number): readonly Shipped[] {
    const taken: Shipped[] = [];
    for (const [key, line] of this.#kept) {
      if (taken.length === count) break;
      taken.push({ key, line });
      this.#drop(key);
    }
    return taken.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** A list of the store begins, and will have all that is committed by now. */
  list(): void {
    this.#isAll = true;
    this.#forget();
  }

  /** What that list had is shipped by whoever asked for it; `isAll`: there was no more. */
  listed(keys: readonly string[], isAll: boolean): void {
    for (const key of keys) {
      if (this.#underWay.has(key)) this.#listed.add(key);
      this.#drop(key);
    }
    if (!isAll) this.doubt();
  }

  #drop(key: string): void {
    this.#length -= this.#kept.get(key)?.text.length ?? 0;
    this.#kept.delete(key);
  }

  #forget(): void {
    this.#kept.clear();
    this.#length = 0;
  }
}
