import { parseAddress, siteOf } from '../address/address.ts';
import { BoundedMap } from '../shares/bounded-map.ts';
import type { LogRecord } from './activity.ts';
import type { AuditCategory, AuditRecord } from './event.ts';
import { auditRecord } from './record.ts';

/** A token bucket: so many at once, and so many a second in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface QuotaSettings {
  readonly perSource: Rate;
  /** For all sources together: this limits the disk, however many addresses a stranger has. */
  readonly overall: Rate;
  /** How many sources are remembered; the one that was quiet longest is forgotten first. */
  readonly sources: number;
  /** How many summaries name vault and source; the rest of a minute is counted in one more, without either. */
  readonly summaries: number;
}

/** At most some 90,000 single records and 25,000 summaries a day. */
export const defaultQuota: QuotaSettings = {
  perSource: { burst: 60, perSecond: 0.2 },
  overall: { burst: 600, perSecond: 1 },
  sources: 4096,
  summaries: 16,
};

export interface Bucket {
  readonly tokens: number;
  /** The time of `tokens`, in milliseconds since 1970. */
  readonly at: number;
}

/** Requests without a record of their own, counted by vault and source. */
export type Suppressed = ReadonlyMap<string, Count>;

interface Count {
  readonly category: AuditCategory;
  readonly operationName: string;
  readonly resourceId: string;
  readonly callerIpAddress: string | undefined;
  readonly subnetId: string | undefined;
  /** That of the first. */
  readonly correlationId: string;
  readonly requests: number;
  readonly firstTime: string;
  readonly lastTime: string;
}

const ofVaults = { category: 'AuditEvent', operationName: 'Authentication' } as const;

/** The key for requests that are counted together, once the settings' number of summaries is reached. */
const othersKey = '';
const others = { ...ofVaults, resourceId: '', callerIpAddress: undefined, subnetId: undefined };

/** The bucket after one token was taken at `now`; `undefined` if it is empty. A new bucket is full. */
export function take(bucket: Bucket | undefined, rate: Rate, now: number): Bucket | undefined {
  const { tokens: left, at } = bucket ?? { tokens: rate.burst, at: now };
  const seconds = Math.max(0, now - at) / 1000;
  const tokens = Math.min(rate.burst, left + seconds * rate.perSecond);
  return tokens >= 1 ? { tokens: tokens - 1, at: now } : undefined;
}

/** Decides which unauthenticated requests get a record of their own, and counts the others. */
export class UnauthenticatedQuota {
  readonly #settings: QuotaSettings;
  readonly #bySource: BoundedMap<string, Bucket>;
  #overall: Bucket | undefined;
  #suppressed = new Map<string, Count>();

  constructor(settings: QuotaSettings) {
    this.#settings = settings;
    this.#bySource = new BoundedMap(settings.sources);
  }

  /** Whether the request of `record`, at `now` in milliseconds, gets a record; otherwise it is counted. */
  admit(record: LogRecord, now: number): boolean {
    const source = sourceKey(record);
    const own = take(this.#bySource.get(source), this.#settings.perSource, now);
    const overall = own === undefined ? undefined : take(this.#overall, this.#settings.overall, now);
    if (own === undefined || overall === undefined) {
      this.#count(`${record.resourceId} ${source}`, countOf(record));
      return false;
    }
    this.#bySource.set(source, own);
    this.#overall = overall;
    return true;
  }

  /** Returns the counts since the last call, and starts again from zero. */
  takeSuppressed(): Suppressed {
    const suppressed = this.#suppressed;
    this.#suppressed = new Map();
    return suppressed;
  }

  /** Adds counts that could not be written. */
  putBack(suppressed: Suppressed): void {
    for (const [key, count] of suppressed) this.#count(key, count);
  }

  #count(key: string, added: Count): void {
    const named = this.#suppressed.has(key) || this.#suppressed.size < this.#settings.summaries;
    const into = named ? key : othersKey;
    const known = this.#suppressed.get(into) ?? { ...added, ...(named ? {} : others), requests: 0 };
    this.#suppressed.set(into, {
      ...known,
      requests: known.requests + added.requests,
      firstTime: known.firstTime < added.firstTime ? known.firstTime : added.firstTime,
      lastTime: known.lastTime > added.lastTime ? known.lastTime : added.lastTime,
    });
  }
}

function countOf(record: LogRecord): Count {
  const { time, category, resourceId, callerIpAddress, correlationId, properties } = record;
  const { subnetId } = properties;
  const { operationName } = category === 'AuditEvent' ? ofVaults : record;
  return {
    category,
    operationName,
    resourceId,
    callerIpAddress,
    subnetId,
    correlationId,
    requests: 1,
    firstTime: time,
    lastTime: time,
  };
}

/** The summaries of what was counted. */
export function summaries(suppressed: Suppressed): readonly AuditRecord[] {
  return Array.from(suppressed.values(), summary);
}

function summary(count: Count): AuditRecord {
  const { category, operationName, resourceId, callerIpAddress, subnetId, correlationId } = count;
  const { requests, firstTime, lastTime } = count;
  const record = auditRecord({
    at: Date.parse(lastTime),
    durationMs: 0,
    category,
    operationName,
    apiVersion: '',
    resourceId,
    status: 401,
    message: `${requests} more unauthenticated requests were refused and have no records of their own.`,
    source: { kind: 'unknown', reason: 'known as text only' },
    correlationId,
    requestUri: undefined,
    properties: { ...(subnetId !== undefined && { subnetId }), suppressed: requests, firstTime, lastTime },
  });
  return callerIpAddress === undefined ? record : { callerIpAddress, ...record };
}

/** The requests of one site share a quota; so do those of one site in a subnet. */
export function sourceKey({ callerIpAddress = 'unknown', properties }: LogRecord): string {
  const address = parseAddress(callerIpAddress);
  const site = address === undefined ? callerIpAddress : siteOf(address);
  return properties.subnetId === undefined ? site : `${properties.subnetId} ${site}`;
}
