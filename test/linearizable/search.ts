import type { Moments } from './history.ts';

/** An operation of any object whose state has a name. */
export interface Operation extends Moments {
  readonly name: string;
  /** The state after it, or `undefined` if it cannot be answered as it was in this state. */
  readonly apply: (state: string) => string | undefined;
  /** Whether it may never have happened; otherwise it did. */
  readonly optional?: boolean;
}

/** The part of a history that has an order so far: the known operations before `base`, those in `beyond`, the optional ones in `chosen`. */
interface Progress {
  readonly state: string;
  readonly base: number;
  readonly beyond: readonly number[];
  readonly chosen: readonly number[];
}

/**
 * Looks for an order of the operations that explains every answer, and in which none comes before one that was answered
 * before it was sent (Wing and Gong, "Testing and verifying concurrent objects", 1993; what was tried is kept as in Lowe,
 * "Testing for linearizability", 2017). Returns `undefined`, or how far it came.
 */
export function unexplained(operations: readonly Operation[], initial: string): string | undefined {
  const known = operations
    .filter(({ optional }) => optional !== true)
    .toSorted((one, other) => one.sentAt - other.sentAt);
  const optional = operations.filter((operation) => operation.optional === true);
  const waiting: Progress[] = [{ state: initial, base: 0, beyond: [], chosen: [] }];
  const tried = new Set<string>();
  let furthest: Progress | undefined;
  for (let progress = waiting.pop(); progress !== undefined; progress = waiting.pop()) {
    const here = readAll(progress, known);
    if (here.base === known.length) return undefined;
    const name = JSON.stringify([here.state, here.base, here.beyond, here.chosen]);
    if (tried.has(name)) continue;
    tried.add(name);
    if (furthest === undefined || count(here) > count(furthest)) furthest = here;
    waiting.push(...nextOf(here, known, optional));
  }
  return furthest === undefined ? undefined : stuck(furthest, known);
}

function count({ base, beyond }: Progress): number {
  return base + beyond.length;
}

/** An operation that can be done and changes nothing may always be done at once. */
function readAll(start: Progress, known: readonly Operation[]): Progress {
  let progress = start;
  for (;;) {
    const { state } = progress;
    const read = candidates(progress, known).find((index) => known[index]?.apply(state) === state);
    if (read === undefined) return progress;
    progress = withKnown(progress, read, state);
  }
}

function nextOf(here: Progress, known: readonly Operation[], optional: readonly Operation[]): readonly Progress[] {
  const open = candidates(here, known);
  const limit = firstAnswer(here, known);
  const byOptional = optional.flatMap((operation, index) => {
    if (here.chosen.includes(index) || operation.sentAt > limit) return [];
    const state = operation.apply(here.state);
    const chosen = [...here.chosen, index].toSorted((one, other) => one - other);
    return state === undefined ? [] : [{ ...here, state, chosen }];
  });
  const byKnown = open.flatMap((index) => {
    const state = known[index]?.apply(here.state);
    return state === undefined ? [] : [withKnown(here, index, state)];
  });
  // The last is looked at first: what was sent first.
  return [...byOptional, ...byKnown.toReversed()];
}

/** The known operations that no other one must precede. */
function candidates(progress: Progress, known: readonly Operation[]): readonly number[] {
  const limit = firstAnswer(progress, known);
  return openIndexes(progress, known, limit);
}

function firstAnswer(progress: Progress, known: readonly Operation[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = progress.base; index < known.length; index += 1) {
    const operation = known[index];
    if (operation === undefined || operation.sentAt > least) break;
    if (!progress.beyond.includes(index)) least = Math.min(least, operation.answeredAt);
  }
  return least;
}

function openIndexes({ base, beyond }: Progress, known: readonly Operation[], limit: number): readonly number[] {
  const open: number[] = [];
  for (let index = base; index < known.length; index += 1) {
    if ((known[index]?.sentAt ?? Number.POSITIVE_INFINITY) > limit) break;
    if (!beyond.includes(index)) open.push(index);
  }
  return open;
}

function withKnown(progress: Progress, index: number, state: string): Progress {
  const beyond = [...progress.beyond, index].toSorted((one, other) => one - other);
  let { base } = progress;
  while (beyond[0] === base) {
    beyond.shift();
    base += 1;
  }
  return { ...progress, state, base, beyond };
}

function stuck(furthest: Progress, known: readonly Operation[]): string {
  const open = openIndexes(furthest, known, firstAnswer(furthest, known));
  const names = open.map((index) => {
    const { name, sentAt, answeredAt } = known[index] ?? { name: '', sentAt: 0, answeredAt: 0 };
    return `${name} (from ${sentAt} to ${answeredAt})`;
  });
  return `${count(furthest)} of ${known.length} operations are explained; in the state ${furthest.state} none of these can be next: ${names.join(', ')}`;
}
