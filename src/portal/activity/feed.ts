import type { ActivityAnswer, ActivityEntry } from '../../types/activity.ts';

/** The records that were read so far. */
export interface Feed {
  /** The oldest first. */
  readonly entries: readonly ActivityEntry[];
  /** Where to go on from; `undefined` before the first answer. */
  readonly next: string | undefined;
  /** Since when everything is here, as far as the filter goes. */
  readonly sinceMs: number;
  /** Whether entries may be missing between the first and the last. */
  readonly gap: boolean;
  /** Entries that came after the first answer. */
  readonly fresh: number;
  /** Whether the last answer brought any. */
  readonly busy: boolean;
  /** The time of the last answer. */
  readonly atMs: number;
}

export const emptyFeed: Feed = {
  entries: [],
  next: undefined,
  sinceMs: Number.POSITIVE_INFINITY,
  gap: false,
  fresh: 0,
  busy: false,
  atMs: 0,
};

/** The most entries of one answer, and the most that a page keeps. */
export const entriesPerAnswer = 500;
export const entriesKept = 5000;

/** The feed with one more answer. After a gap the server may send again what is here already. */
export function fed(feed: Feed, { value, next, gap, since }: ActivityAnswer, atMs: number): Feed {
  const isFirst = feed.next === undefined;
  const known = gap ? new Set(feed.entries.map(identityOf)) : undefined;
  const added = known === undefined ? value : value.filter((entry) => !known.has(identityOf(entry)));
  const all = [...feed.entries, ...added];
  const entries = all.slice(-entriesKept);
  const isCut = all.length > entries.length || (isFirst && value.length >= entriesPerAnswer);
  const [first] = entries;
  const sinceMs = isFirst ? Date.parse(since) : feed.sinceMs;
  return {
    entries,
    next,
    sinceMs: isCut && first !== undefined ? Date.parse(first.time) : sinceMs,
    gap: feed.gap || gap,
    fresh: isFirst ? 0 : feed.fresh + added.length,
    busy: added.length > 0,
    atMs,
  };
}

function identityOf({ time, correlationId, operation }: ActivityEntry): string {
  return `${time} ${correlationId} ${operation}`;
}

/** At once while the server has more to send, each second while something comes, each five when nothing does. */
export function delayMs({ busy }: Pick<Feed, 'busy'>, more: boolean): number {
  if (!busy) return 5000;
  return more ? 0 : 1000;
}

const failedMs = { least: 5000, most: 3_600_000 };

/** How long to wait after a failure: what the server says, within an hour. A timer of a browser has 31 bits, and begins again at 0. */
export function waitMs(retryAfterSeconds = 0): number {
  return Math.min(failedMs.most, Math.max(failedMs.least, retryAfterSeconds * 1000));
}

/** The filters of the page, by the names that they have in its address. */
export const filterNames = ['result', 'caller', 'address', 'operation', 'vault'] as const;

export type Filters = Readonly<Partial<Record<(typeof filterNames)[number], string>>>;

export function filtersIn(query: URLSearchParams): Filters {
  return Object.fromEntries(
    filterNames.flatMap((name) => {
      const value = query.get(name) ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
}

/** The server's `$filter`. */
export function filterExpression(filters: Filters): string {
  return filterNames
    .flatMap((name) => {
      const value = filters[name];
      return value === undefined ? [] : [`${name} eq '${value.replaceAll("'", "''")}'`];
    })
    .join(' and ');
}

/** The query of the next request. */
export function activityQuery(filters: Filters, next: string | undefined, top = entriesPerAnswer): string {
  const filter = filterExpression(filters);
  return new URLSearchParams({
    'api-version': '2025-01-01',
    $top: String(top),
    ...(filter !== '' && { $filter: filter }),
    ...(next !== undefined && { after: next }),
  }).toString();
}
