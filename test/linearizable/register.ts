import type { Moments, RegisterOperation } from './history.ts';

/** A write and the reads of its value. */
interface Cluster {
  readonly value: string;
  readonly write: RegisterOperation;
  readonly reads: readonly RegisterOperation[];
  /** The first answer and the last request of its operations: between them the register has the value, if in this order. */
  readonly firstAnswer: number;
  readonly lastRequest: number;
}

/**
 * Whether some order of the operations, in which none comes before one that was answered before it was sent, explains all
 * reads of one register. Returns a sentence for each fault. Because each value is written once, it takes no search: the
 * zones of the values (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 26, 1997) must not overlap.
 * @param initial the value before all operations
 * @throws {TypeError} when two writes have one value
 */
export function registerFaults(operations: readonly RegisterOperation[], initial: string): readonly string[] {
  const begin: RegisterOperation = {
    kind: 'write',
    value: initial,
    outcome: 'done',
    sentAt: Number.NEGATIVE_INFINITY,
    answeredAt: Number.NEGATIVE_INFINITY,
  };
  const writes = writesByValue([begin, ...operations]);
  const reads = Map.groupBy(
    operations.filter(({ kind }) => kind === 'read'),
    ({ value }) => value,
  );
  const faults = [...reads].flatMap(([value, of]) => readFaults(value, of, writes.get(value)));
  if (faults.length > 0) return faults;
  const clusters = [...writes.values()].flatMap((write) => clusterOf(write, reads.get(write.value) ?? []));
  return zoneFaults(clusters);
}

function writesByValue(operations: readonly RegisterOperation[]): ReadonlyMap<string, RegisterOperation> {
  const writes = new Map<string, RegisterOperation>();
  for (const operation of operations) {
    if (operation.kind === 'read') continue;
    if (writes.has(operation.value)) throw new TypeError(`two writes have the value ${operation.value}`);
    writes.set(operation.value, operation);
  }
  return writes;
}

function readFaults(
  value: string,
  reads: readonly RegisterOperation[],
  write: RegisterOperation | undefined,
): readonly string[] {
  if (write === undefined) return [`${value} was read, and nobody wrote it`];
  if (write.outcome === 'refused') return [`${value} was read, and its write was refused (${moments(write)})`];
  return reads
    .filter(({ answeredAt }) => answeredAt < write.sentAt)
    .map((read) => `${value} was read (${moments(read)}) before its write was sent (${moments(write)})`);
}

/** Nothing for a write that need not have happened. */
function clusterOf(write: RegisterOperation, reads: readonly RegisterOperation[]): readonly Cluster[] {
  if (write.outcome === 'refused' || (write.outcome === 'unknown' && reads.length === 0)) return [];
  const all = [write, ...reads];
  return [
    {
      value: write.value,
      write,
      reads,
      firstAnswer: all.reduce((least, { answeredAt }) => Math.min(least, answeredAt), Number.POSITIVE_INFINITY),
      lastRequest: all.reduce((most, { sentAt }) => Math.max(most, sentAt), Number.NEGATIVE_INFINITY),
    },
  ];
}

/**
 * From its first answer to its last request a value is in the register. Where the last request comes first, all of its
 * operations were on their way together: they fit into one moment of that time, unless another value is there throughout.
 */
function zoneFaults(clusters: readonly Cluster[]): readonly string[] {
  const held = clusters
    .filter(({ firstAnswer, lastRequest }) => firstAnswer < lastRequest)
    .toSorted((one, other) => one.firstAnswer - other.firstAnswer);
  const faults: string[] = [];
  let longest = held[0];
  for (const cluster of held.slice(1)) {
    if (longest !== undefined && cluster.firstAnswer < longest.lastRequest) faults.push(bothAtOnce(longest, cluster));
    if (longest === undefined || cluster.lastRequest > longest.lastRequest) longest = cluster;
  }
  for (const cluster of clusters.filter(({ firstAnswer, lastRequest }) => firstAnswer > lastRequest)) {
    const over = holderAt(held, cluster.lastRequest);
    if (over !== undefined && cluster.firstAnswer < over.lastRequest) faults.push(bothAtOnce(over, cluster));
  }
  return faults;
}

/** The last of the zones that begins before a moment; those that overlap are faults already. */
function holderAt(held: readonly Cluster[], moment: number): Cluster | undefined {
  let [low, high] = [0, held.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((held[middle]?.firstAnswer ?? Number.POSITIVE_INFINITY) < moment) low = middle + 1;
    else high = middle;
  }
  return held[low - 1];
}

function bothAtOnce(one: Cluster, other: Cluster): string {
  return `${one.value} and ${other.value} were in the register at one time: ${shown(one)}; ${shown(other)}`;
}

function shown({ value, write, reads }: Cluster): string {
  const last = reads.reduce<RegisterOperation | undefined>(
    (latest, read) => (latest === undefined || read.sentAt > latest.sentAt ? read : latest),
    undefined,
  );
  const asRead = last === undefined ? 'never read' : `last read ${moments(last)}`;
  return `${value} written ${moments(write)}, ${asRead}`;
}

function moments({ sentAt, answeredAt }: Moments): string {
  return `from ${sentAt} to ${answeredAt}`;
}
