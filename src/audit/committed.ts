import type { RecordLine } from './line.ts';

/** A record to be written to the log, and its key in the store. */
export interface Shipped {
  readonly key: string;
  readonly line: RecordLine;
}

/** The most characters of all kept lines together. */
const lengthMax = 1 << 20;

/**
 * The committed records that this process staged, kept so that they need not be read from the store. While the store
 * may hold others (an earlier process left them, there was no room here, a failed transaction may have been committed
 * after all), none are kept until a list of the store has shown what it holds.
 */
export class Committed {
  readonly #kept = new Map<string, RecordLine>();
  #length = 0;
  #isAll = true;
  /** Records whose transactions have not ended yet. */
  readonly #underWay = new Map<string, RecordLine>();
  /** Keys of those that were in a list of the store: they are committed, and are shipped with that list. */
  readonly #listed = new Set<string>();

  /** Whether the store holds nothing to be shipped that is not kept here. */
  get isAll(): boolean {
    return this.#isAll;
  }

  begin(key: string, line: RecordLine): void {
    this.#underWay.set(key, line);
  }

  /** Call it when the transaction that put the record has committed. */
  add(key: string): void {
    const line = this.#underWay.get(key);
    this.#underWay.delete(key);
    if (line === undefined || this.#listed.delete(key) || !this.#isAll) return;
    this.#kept.set(key, line);
    this.#length += line.text.length;
    if (this.#length > lengthMax) this.doubt();
  }

  /** Call it when the transaction was refused: it is certain that it was not committed. */
  refuse(key: string): void {
    this.#underWay.delete(key);
    this.#listed.delete(key);
  }

  /** Call it when the transaction has failed: it may have been committed all the same. */
  fail(key: string): void {
    this.refuse(key);
    this.doubt();
  }

  /** Call it when the store may hold others. */
  doubt(): void {
    this.#isAll = false;
    this.#forget();
  }

  /** Returns and drops so many of the records that were staged first. */
  take(count: number): readonly Shipped[] {
    const taken: Shipped[] = [];
    for (const [key, line] of this.#kept) {
      if (taken.length === count) break;
      taken.push({ key, line });
      this.#drop(key);
    }
    return taken.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** Call it when a list of the store begins; the list will have everything committed by now. */
  list(): void {
    this.#isAll = true;
    this.#forget();
  }

  /** Call it with the keys of that list, which its caller ships; `isAll`: there were no more. */
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
