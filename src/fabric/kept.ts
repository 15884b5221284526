import { array, literal, object, optional, record, string, wholeNumber } from '../shape/shape.ts';
import type { Shaped } from '../shape/shape.ts';
import { emptyAllocation } from './allocation.ts';

const most = Number.MAX_SAFE_INTEGER;
const whole = wholeNumber(0, most);
const address = wholeNumber(0, 2 ** 32 - 1);
const mark = object({ pid: whole, startTicks: whole });
const place = {
  number: whole,
  address,
  /** The process that the place is for. */
  holder: mark,
} as const;

const keptFile = object({
  /** The form of this file. */
  format: literal(1),
  controlSocket: string,
  /** The responder of names, which is the anchor where there is one. */
  responder: optional(mark),
  allocation: object({
    networks: record(whole),
    subnets: record(object({ network: string, group: whole, outboundAddress: optional(address) })),
  }),
  workloads: array(
    object({
      ...place,
      incarnation: string,
      name: string,
      identityHeader: optional(string),
    }),
  ),
  hosts: array(object(place)),
  /** The number of the next uid for a workload of root. */
  nextUser: optional(whole),
  /** The incarnations of the subnets whose way to the vaults is the listener. */
  endpoints: array(string),
  listeners: array(object({ id: string, key: string })),
});

export const nothingKept: Kept = {
  format: 1,
  controlSocket: '',
  allocation: emptyAllocation,
  workloads: [],
  hosts: [],
  endpoints: [],
  listeners: [],
};

/** The state that a reconciler leaves for the next one: all that cannot be read from the machine. */
export type Kept = Shaped<typeof keptFile>;
export type KeptWorkload = Kept['workloads'][number];
export type KeptHost = Kept['hosts'][number];

/** The places whose processes did not end while there was no reconciler. */
export function livingPlaces(
  { workloads, hosts }: Pick<Kept, 'workloads' | 'hosts'>,
  isAlive: (holder: KeptHost['holder']) => boolean,
): Pick<Kept, 'workloads' | 'hosts'> {
  return {
    workloads: workloads.filter(({ holder }) => isAlive(holder)),
    hosts: hosts.filter(({ holder }) => isAlive(holder)),
  };
}

/** `undefined` for a file that is missing, damaged or of another version. */
export function readKept(value: unknown): Kept | undefined {
  const read = keptFile(value);
  return read.ok ? read.value : undefined;
}

/** The file of what is kept: each change is written at once, for this process can be killed at any time. */
export class Ledger {
  #kept: Kept;
  readonly #write: (kept: Kept) => void;

  constructor(kept: Kept, write: (kept: Kept) => void) {
    this.#kept = kept;
    this.#write = write;
  }

  get kept(): Kept {
    return this.#kept;
  }

  change(changed: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...changed };
    this.#write(this.#kept);
  }
}
