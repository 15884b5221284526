import type { ActivityEntry } from '../../types/activity.ts';
import { addressOf, countOf, isLetIn, outcomeOf, timeOf } from './entry.ts';
import type { Outcome } from './entry.ts';

/** The requests of one caller with one operation that ended for one reason. */
export interface Line {
  readonly key: string;
  readonly outcome: Outcome;
  readonly latest: ActivityEntry;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** The most frequent first. */
  readonly addresses: readonly { readonly text: string; readonly count: number }[];
}

/** Puts entries, the oldest first, together into lines, the newest first. */
export function linesOf(entries: readonly ActivityEntry[]): readonly Line[] {
  const byKey = Map.groupBy(entries, keyOf);
  const lines = [...byKey].flatMap(([key, some]) => {
    const [first, latest] = [some[0], some.at(-1)];
    return first === undefined || latest === undefined ? [] : [lineOf(key, { first, latest, some })];
  });
  return lines.toSorted((one, other) => other.lastMs - one.lastMs || (one.key < other.key ? -1 : 1));
}

interface Grouped {
  readonly first: ActivityEntry;
  readonly latest: ActivityEntry;
  readonly some: readonly ActivityEntry[];
}

function lineOf(key: string, { first, latest, some }: Grouped): Line {
  const addresses = new Map<string, number>();
  let count = 0;
  for (const entry of some) {
    count += countOf(entry);
    const address = addressOf(entry.source);
    if (address !== undefined) addresses.set(address, (addresses.get(address) ?? 0) + countOf(entry));
  }
  return {
    key,
    outcome: outcomeOf(latest),
    latest,
    count,
    firstMs: timeOf(first),
    lastMs: timeOf(latest),
    addresses: [...addresses]
      .map(([text, times]) => ({ text, count: times }))
      .toSorted((one, other) => other.count - one.count),
  };
}

function keyOf(entry: ActivityEntry): string {
  const { vault, caller, operation, verdict, permission, status } = entry;
  const who = caller === undefined ? '' : [caller.objectId, caller.applicationId, caller.usedBy];
  return JSON.stringify([
    vault.name,
    who,
    operation,
    outcomeOf(entry),
    verdict?.because,
    verdict?.rule,
    permission?.by,
    status,
  ]);
}

/** The requests of so many milliseconds. */
export interface Beat {
  readonly atMs: number;
  readonly letIn: number;
  readonly refused: number;
}

export const beatMs = 10_000;
export const pulseMs = 600_000;

/** The last ten minutes, the oldest beat first. Beats begin at whole ten seconds, so that they do not change as time goes on. */
export function pulseOf(entries: readonly ActivityEntry[], nowMs: number): readonly Beat[] {
  const last = Math.floor(nowMs / beatMs);
  const first = last - pulseMs / beatMs + 1;
  const beats = Array.from({ length: pulseMs / beatMs }, (_, index) => ({
    atMs: (first + index) * beatMs,
    letIn: 0,
    refused: 0,
  }));
  for (const entry of entries) {
    const beat = beats[Math.floor(timeOf(entry) / beatMs) - first];
    if (beat === undefined) continue;
    beat[isLetIn(outcomeOf(entry)) ? 'letIn' : 'refused'] += countOf(entry);
  }
  return beats;
}
