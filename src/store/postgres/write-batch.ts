import type { Put, Requirement, Version } from '../store.ts';

/** A transaction as it waits for its batch. Its values are copied: the caller may reuse their buffers. */
export interface WaitingTransaction {
  readonly require: readonly Requirement[];
  readonly put: readonly Required<Put>[];
  readonly delete: readonly string[];
  readonly turn: string | undefined;
}

type Entry = readonly [
  (readonly [string, Version | null])[],
  (readonly [string, Version, number, number])[],
  readonly string[],
  string | null,
];

/** A batch as the function reads it: JSON, and the values one after the other as a bytea. */
export function writeValues(transactions: readonly WaitingTransaction[]): readonly [string, string] {
  const contents: Uint8Array[] = [];
  let used = 0;
  const entries = transactions.map(({ require, put, delete: deleted, turn }): Entry => {
    const puts = put.map(({ key, version, value }) => {
      contents.push(value);
      used += value.length;
      return [key, version, used - value.length, value.length] as const;
    });
    return [require.map(({ key, version }) => [key, version]), puts, deleted, turn ?? null];
  });
  return [JSON.stringify(entries), `\\x${Buffer.concat(contents, used).toString('hex')}`];
}
