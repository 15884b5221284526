import type { Put, Requirement, Version } from './store.ts';

/** A transaction as it goes to the writer thread: complete, with a version for each put. */
export interface PreparedTransaction {
  readonly require: readonly Requirement[];
  readonly put: readonly Required<Put>[];
  readonly delete: readonly string[];
}

/**
 * Many transactions as one message: a string, and a buffer that is transferred. A structured clone of the transactions
 * would visit, name and copy thousands of small objects, at the cost of both threads.
 */
export interface BatchMessage {
  /** JSON: an `Entry` for each transaction, in order. */
  readonly transactions: string;
  /** The values of all puts, one after the other. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** The requirements, the puts without their values, and the keys to delete. */
type Entry = readonly [
  (readonly [string, Version | null])[],
  (readonly [string, Version, number])[],
  readonly string[],
];

/** Enough for the values of some thirty secrets and their records. */
const roomMin = 65_536;

/** Collects transactions for a message. A value is copied when it is added, so its buffer may change afterwards. */
export class BatchBuilder {
  readonly #transactions: Entry[] = [];
  #values = new Uint8Array(roomMin);
  #used = 0;

  add({ require, put, delete: deleted }: PreparedTransaction): void {
    for (const { value } of put) this.#append(value);
    this.#transactions.push([
      require.map(({ key, version }) => [key, version]),
      put.map(({ key, version, value }) => [key, version, value.length]),
      deleted,
    ]);
  }

  /** The last call: send the message with `values.buffer` in the transfer list. */
  message(): BatchMessage {
    return { transactions: JSON.stringify(this.#transactions), values: this.#values.subarray(0, this.#used) };
  }

  #append(value: Uint8Array): void {
    const end = this.#used + value.length;
    if (end > this.#values.length) {
      const roomier = new Uint8Array(2 * end);
      roomier.set(this.#values);
      this.#values = roomier;
    }
    this.#values.set(value, this.#used);
    this.#used = end;
  }
}

/** The transactions of a message. Their values are views of its buffer. */
export function transactionsOf({ transactions, values }: BatchMessage): readonly PreparedTransaction[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `BatchBuilder` wrote
  const written = JSON.parse(transactions) as readonly Entry[];
  let used = 0;
  return written.map(([require, put, deleted]) => ({
    require: require.map(([key, version]) => ({ key, version })),
    put: put.map(([key, version, length]) => {
      const value = values.subarray(used, (used += length));
      return { key, version, value };
    }),
    delete: deleted,
  }));
}
