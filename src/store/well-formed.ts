import type { List, Read, Requirement, Transaction } from './store.ts';

/** The greatest key of all that start with `prefix`, for paging past them. */
export function lastKeyUnder(prefix: string): string {
  return prefix.padEnd(1024, '~');
}

/** @throws {TypeError} when a key is not 1 to 1,024 printable ASCII characters */
export function assertRead(read: Read): void {
  assertRequirements(read.require);
  for (const key of read.get) assertKey(key);
}

/** @throws {TypeError} as `assertRead`, or when the limit is not a positive whole number; the prefix may be empty */
export function assertList(list: List): void {
  assertRequirements(list.require);
  if (list.prefix !== '') assertKey(list.prefix);
  if (list.after !== undefined) assertKey(list.after);
  assertLimit(list.limit);
}

/** @throws {TypeError} as `assertRead`, or when a key is put or deleted more than once */
export function assertTransaction(transaction: Transaction): void {
  assertRequirements(transaction.require);
  const keys = [...(transaction.put ?? []).map((put) => put.key), ...(transaction.delete ?? [])];
  for (const key of keys) assertKey(key);
  if (new Set(keys).size === keys.length) return;
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  throw new TypeError(`the key ${twice} is changed more than once in one transaction: give its last state only`);
}

/** @throws {TypeError} when the limit is not a positive whole number */
export function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw new TypeError(`the limit ${limit} is not a positive whole number`);
}

function assertRequirements(requirements: readonly Requirement[] | undefined): void {
  for (const requirement of requirements ?? []) assertKey(requirement.key);
}

function assertKey(key: string): void {
  if (/^[\x21-\x7e]{1,1024}$/.test(key)) return;
  throw new TypeError(
    `the key ${JSON.stringify(key.slice(0, 64))} is not 1 to 1,024 printable ASCII characters (0x21-0x7e)`,
  );
}
