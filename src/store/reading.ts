import type { Key, Prefix } from './keys.ts';
import { recordsOf } from './records.ts';
import type { Stored, StoredUnder } from './records.ts';
import type { List, Read, Requirement, Store } from './store.ts';

/**
 * Work that says what it must read, and is given it: a generator that yields its needs. It neither reads nor awaits, so
 * that whoever runs it can read for many at once, all in one snapshot. Write `yield* get(…)`, never a bare `yield`.
 */
export type Reading<T> = Generator<Need, T, Given>;

export type Need = StoreNeed | { readonly kind: 'wait'; readonly until: Promise<unknown> };

type StoreNeed =
  | { readonly kind: 'get'; readonly get: readonly Key<unknown>[]; readonly require?: readonly Requirement[] }
  | { readonly kind: 'list'; readonly list: ListNeed<unknown> };

export interface ListNeed<T> extends Omit<List, 'prefix'> {
  readonly prefix: Prefix<T>;
}

/** What a need was met with, which the functions below give its type. */
export type Given = readonly (Stored<unknown> | undefined)[] | { readonly awaited: unknown };

/** The records under these keys, in one snapshot; `undefined` for one that does not exist. */
export function get<const K extends readonly Key<unknown>[]>(...keys: K): Reading<StoredUnder<K>>;
export function* get(...keys: readonly Key<unknown>[]): Reading<unknown> {
  return yield { kind: 'get', get: keys };
}

/** As `Store.list`, with what the records hold. */
export function* list<T>(request: ListNeed<T>): Reading<readonly Stored<T>[]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same of a prefix
  return (yield { kind: 'list', list: request }) as readonly Stored<T>[];
}

/** What takes its time elsewhere: a key thread, a certificate file. The records that were read before are older then. */
export function* wait<T>(until: Promise<T>): Reading<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the promise that was yielded
  return ((yield { kind: 'wait', until }) as { readonly awaited: T }).awaited;
}

/**
 * Runs a reading on its own, each need when it comes.
 * @throws {Conflict} when `require` does not hold in a snapshot that it reads
 */
export async function readAlone<T>(
  store: Pick<Store, 'read' | 'list'>,
  require: readonly Requirement[],
  reading: Reading<T>,
): Promise<T> {
  let step = reading.next();
  while (step.done !== true) {
    let given: Given;
    try {
      given = await meet(store, require, step.value);
    } catch (error) {
      step = reading.throw(error);
      continue;
    }
    step = reading.next(given);
  }
  return step.value;
}

async function meet(store: Pick<Store, 'read' | 'list'>, require: readonly Requirement[], need: Need): Promise<Given> {
  if (need.kind === 'wait') return { awaited: await need.until };
  const request = requestOf(need, require);
  return recordsOf(await ('get' in request ? store.read(request) : store.list(request)));
}

/** What a need asks of the store, on the word of what `require` names. */
export function requestOf(need: StoreNeed, require: readonly Requirement[]): Read | List {
  if (need.kind === 'get') return { require: required(require, need.require), get: need.get };
  return { ...need.list, require: required(require, need.list.require) };
}

function required(always: readonly Requirement[], more: readonly Requirement[] = []): readonly Requirement[] {
  return more.length === 0 ? always : [...always, ...more];
}
