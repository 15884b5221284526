import { Incarnations } from './incarnations.ts';

/** Addresses `first` to `last` belong to the rule at `rule` in the vault's list. */
export interface Interval {
  readonly first: number;
  readonly last: number;
  readonly rule: number;
}

/** A subnet's incarnation and the rule at `rule` that is bound to it. */
export interface Binding {
  readonly incarnation: string;
  readonly rule: number;
}

/** The owner of a block. The arena writes here where it moved the block, so that no decision has to look it up. */
export interface BlockHolder {
  start: number;
}

/** The `start` of a holder that has no block. */
export const noBlock = -1;

/*
 * A block, in words of 32 bits: the number of its holder, the number i of intervals, the number b of bindings; then i
 * first addresses in ascending order, i last addresses, i rules; then b incarnations in ascending order, b rules. In
 * columns, so that a search touches as few cache lines as possible.
 */
const header = 3;
const released = 0xffffffff;
const capacityMin = 1024;

/**
 * The compiled rules of all vaults in one array: a million small arrays would cost several times their contents. Blocks
 * are added at the end; a released one leaves a gap. When the end is reached, the gaps are closed, or, where that would
 * free less than a quarter, the array grows. So the array is never much larger than what was in use at one time,
 * however often the rules change.
 */
export class RuleArena {
  readonly #incarnations = new Incarnations();
  #words = new Uint32Array(capacityMin);
  readonly #holders: (BlockHolder | undefined)[] = [];
  readonly #freeHolders: number[] = [];
  #end = 0;
  #gaps = 0;

  /** Bytes of the array, bytes of rules in it, and the number of blocks and of distinct incarnations. */
  get usage(): { capacity: number; used: number; blocks: number; incarnations: number } {
    return {
      capacity: this.#words.byteLength,
      used: (this.#end - this.#gaps) * Uint32Array.BYTES_PER_ELEMENT,
      blocks: this.#holders.length - this.#freeHolders.length,
      incarnations: this.#incarnations.size,
    };
  }

  /** Stores a vault's rules. `intervals` are ascending and disjoint; each incarnation occurs once. */
  store(holder: BlockHolder, intervals: readonly Interval[], bindings: readonly Binding[]): void {
    const length = header + 3 * intervals.length + 2 * bindings.length;
    this.#makeRoom(length);
    const words = this.#words;
    const start = this.#end;
    const number = this.#freeHolders.pop() ?? this.#holders.length;
    this.#holders[number] = holder;
    holder.start = start;
    words.set([number, intervals.length, bindings.length], start);
    const firsts = start + header;
    for (const [index, { first, last, rule }] of intervals.entries()) {
      words[firsts + index] = first;
      words[firsts + intervals.length + index] = last;
      words[firsts + 2 * intervals.length + index] = rule;
    }
    const subnets = firsts + 3 * intervals.length;
    for (const [index, { incarnation, rule }] of this.#acquire(bindings).entries()) {
      words[subnets + index] = incarnation;
      words[subnets + bindings.length + index] = rule;
    }
    this.#end += length;
  }

  /** Frees the holder's block, if it has one. */
  release(holder: BlockHolder): void {
    const { start } = holder;
    if (start === noBlock) return;
    holder.start = noBlock;
    const words = this.#words;
    const number = words[start] ?? released;
    this.#holders[number] = undefined;
    this.#freeHolders.push(number);
    const subnets = start + header + 3 * (words[start + 1] ?? 0);
    const subnetsEnd = subnets + (words[start + 2] ?? 0);
    for (let at = subnets; at < subnetsEnd; at++) this.#incarnations.release(words[at] ?? 0);
    words[start] = released;
    this.#gaps += this.#lengthAt(start);
    const live = this.#end - this.#gaps;
    if (words.length > capacityMin && live < words.length / 4) this.#move(Math.max(capacityMin, 2 * live));
  }

  /** The rule whose interval contains the address, or -1. Allocates nothing. */
  findAddress({ start }: BlockHolder, address: number): number {
    if (start === noBlock) return -1;
    const words = this.#words;
    const intervals = words[start + 1] ?? 0;
    const at = lastNotAbove(words, start + header, intervals, address);
    if (at < 0 || address > (words[at + intervals] ?? 0)) return -1;
    return words[at + 2 * intervals] ?? -1;
  }

  /** The rule bound to the incarnation, or -1. Allocates nothing. */
  findIncarnation({ start }: BlockHolder, incarnation: string): number {
    const number = this.#incarnations.find(incarnation);
    if (start === noBlock || number === undefined) return -1;
    const words = this.#words;
    const bindings = words[start + 2] ?? 0;
    const subnets = start + header + 3 * (words[start + 1] ?? 0);
    const at = lastNotAbove(words, subnets, bindings, number);
    return at < 0 || words[at] !== number ? -1 : (words[at + bindings] ?? -1);
  }

  /** The bindings by number, ascending, so that they can be searched. */
  #acquire(bindings: readonly Binding[]): readonly { incarnation: number; rule: number }[] {
    return bindings
      .map(({ incarnation, rule }) => ({ incarnation: this.#incarnations.acquire(incarnation), rule }))
      .toSorted((a, b) => a.incarnation - b.incarnation);
  }

  #makeRoom(length: number): void {
    const capacity = this.#words.length;
    if (this.#end + length <= capacity) return;
    const needed = this.#end - this.#gaps + length;
    this.#move(needed <= capacity * 0.75 ? capacity : Math.ceil(needed * 1.5));
  }

  /** Closes the gaps, in place or into an array of another capacity. */
  #move(capacity: number): void {
    const from = this.#words;
    const to = capacity === from.length ? from : new Uint32Array(capacity);
    let end = 0;
    let length = 0;
    for (let start = 0; start < this.#end; start += length) {
      length = this.#lengthAt(start);
      const holder = this.#holders[from[start] ?? released];
      if (holder === undefined) continue;
      for (let word = 0; word < length; word++) to[end + word] = from[start + word] ?? 0;
      holder.start = end;
      end += length;
    }
    this.#words = to;
    this.#end = end;
    this.#gaps = 0;
  }

  #lengthAt(start: number): number {
    return header + 3 * (this.#words[start + 1] ?? 0) + 2 * (this.#words[start + 2] ?? 0);
  }
}

/**
 * The index of the last of `length` ascending words from `start` that is at most `value`, or -1. The next half is
 * computed and not branched to: a wrongly predicted branch costs more than a step of the search.
 */
function lastNotAbove(words: Uint32Array, start: number, length: number, value: number): number {
  if (length === 0) return -1;
  let low = start;
  let count = length;
  while (count > 1) {
    const half = count >>> 1;
    low += half & -Number((words[low + half] ?? 0) <= value);
    count -= half;
  }
  return (words[low] ?? 0) <= value ? low : -1;
}
