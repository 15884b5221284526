import { createHash } from 'node:crypto';
import { BoundedMap } from '../shares/bounded-map.ts';
import type { Caller } from '../types/caller.ts';
import type { LogRecord } from './activity.ts';
import { sourceKey, take } from './quota.ts';
import type { Bucket, Rate } from './quota.ts';
import { auditRecord, clip } from './record.ts';

export interface CallerQuotaSettings {
  /** For a caller at one source. */
  readonly perSource: Rate;
  /** For a caller, wherever it calls from: this limits the disk, however many addresses it has. */
  readonly perCaller: Rate;
  /** For all callers of an external issuer together: it may name any number of them, and must leave room for others. */
  readonly perIssuer: Rate;
  readonly overall: Rate;
  /** For a caller, for refusals of a kind that it has not had before, when the other buckets are empty. */
  readonly firsts: Rate;
  readonly issuerFirsts: Rate;
  readonly overallFirsts: Rate;
  /** How many callers, sources and kinds are remembered; the one that was quiet longest is forgotten first. */
  readonly remembered: number;
  /** How many kinds of refusal are counted separately; how many of one caller; and how many callers. */
  readonly kinds: number;
  readonly kindsPerCaller: number;
  readonly callers: number;
}

/** At most some 350,000 records of refusals a day, and some 60,000 of one caller. */
export const defaultCallerQuota: CallerQuotaSettings = {
  perSource: { burst: 60, perSecond: 0.2 },
  perCaller: { burst: 300, perSecond: 0.5 },
  perIssuer: { burst: 600, perSecond: 1 },
  overall: { burst: 1200, perSecond: 2 },
  firsts: { burst: 200, perSecond: 0.1 },
  issuerFirsts: { burst: 1000, perSecond: 0.5 },
  overallFirsts: { burst: 2000, perSecond: 1 },
  remembered: 4096,
  kinds: 128,
  kindsPerCaller: 8,
  callers: 256,
};

interface Count {
  /** The record of the first. */
  readonly sample: LogRecord;
  /** The number of refusals, by status and reason. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly firstTime: string;
  readonly lastTime: string;
}

interface Counted {
  readonly kind: string;
  readonly who: string;
  /** The issuer, if it is external. */
  readonly issuer: string | undefined;
  readonly added: Count;
}

/** Refusals without a record of their own: counted by kind, otherwise by caller, otherwise all together. */
export type SuppressedRefusals = ReadonlyMap<string, Count>;

const othersKey = 'others';
const kindPrefix = 'kind ';
const callerPrefix = 'caller ';
const reasonsMax = 16;
const messageMax = 512;

/**
 * Decides which refusals of callers with a valid token get a record of their own, and counts the others: otherwise any
 * token would be enough to fill the disk. The first refusal of each kind (caller, source, resource, operation, status,
 * reason) gets one, whatever the flood, unless a caller finds hundreds of new kinds.
 */
export class CallerQuota {
  readonly #settings: CallerQuotaSettings;
  readonly #buckets: BoundedMap<string, Bucket>;
  readonly #kinds: BoundedMap<string, true>;
  #suppressed = new Map<string, Count>();
  /** The number of keys of `#suppressed`: of kinds, of callers, and of the kinds of each caller. */
  #counted = new Map<string, number>();

  constructor(settings: CallerQuotaSettings) {
    this.#settings = settings;
    this.#buckets = new BoundedMap(4 * settings.remembered);
    this.#kinds = new BoundedMap(settings.remembered);
  }

  /** Whether the refusal of `record`, at `now` in milliseconds, gets a record; otherwise it is counted. */
  admit(record: LogRecord, caller: Caller, now: number): boolean {
    const { perSource, perCaller, perIssuer, overall, firsts, issuerFirsts, overallFirsts } = this.#settings;
    const issuer = caller.issuerClass === 'external' ? digest([caller.issuer]) : undefined;
    const ofIssuer = (what: string, rate: Rate) => (issuer === undefined ? [] : [[`${what} ${issuer}`, rate] as const]);
    const who = digest([caller.issuer, caller.tenant, caller.objectId, caller.applicationId ?? '']);
    const place = digest([who, sourceKey(record)]);
    const { category, resourceId, operationName } = record;
    const reason = reasonOf(record);
    const kind = digest([place, category, resourceId, operationName, reason]);
    const wanted = [
      [`source ${place}`, perSource],
      [`caller ${who}`, perCaller],
      ...ofIssuer('issuer', perIssuer),
      ['overall', overall],
    ] as const;
    const wantedFirst = [
      [`first ${who}`, firsts],
      ...ofIssuer('issuer first', issuerFirsts),
      ['overall first', overallFirsts],
    ] as const;
    const admitted = this.#take(wanted, now) || (!this.#kinds.has(kind) && this.#take(wantedFirst, now));
    if (admitted) this.#kinds.set(kind, true);
    else this.#count({ kind, who, issuer, added: countOf(record, reason) });
    return admitted;
  }

  /** Returns the counts since the last call, and starts again from zero. */
  takeSuppressed(): SuppressedRefusals {
    const suppressed = this.#suppressed;
    this.#suppressed = new Map();
    this.#counted = new Map();
    return suppressed;
  }

  /** Adds counts that could not be written. */
  putBack(suppressed: SuppressedRefusals): void {
    for (const [key, count] of suppressed) this.#add(this.#suppressed.size < this.#most ? key : othersKey, count);
  }

  get #most(): number {
    return this.#settings.kinds + this.#settings.callers;
  }

  /** Takes a token of each bucket, or none. */
  #take(wanted: readonly (readonly [key: string, rate: Rate])[], now: number): boolean {
    const taken: [string, Bucket][] = [];
    for (const [key, rate] of wanted) {
      const bucket = take(this.#buckets.get(key), rate, now);
      if (bucket === undefined) return false;
      taken.push([key, bucket]);
    }
    for (const [key, value] of taken) this.#buckets.set(key, value);
    return true;
  }

  #count({ kind, who, issuer, added }: Counted): void {
    const ofKind = `${kindPrefix}${who} ${kind}`;
    const ofCaller = `${callerPrefix}${who}`;
    const { kinds, kindsPerCaller, callers } = this.#settings;
    const roomForKind = this.#hasRoom(kindPrefix, issuer, kinds) && this.#of(`${kindPrefix}${who}`) < kindsPerCaller;
    if (this.#suppressed.has(ofKind) || roomForKind) this.#add(ofKind, added, issuer);
    else if (this.#suppressed.has(ofCaller) || this.#hasRoom(callerPrefix, issuer, callers))
      this.#add(ofCaller, added, issuer);
    else this.#add(othersKey, added);
  }

  /** The callers of one external issuer get at most half of the room. */
  #hasRoom(prefix: string, issuer: string | undefined, most: number): boolean {
    if (issuer !== undefined && this.#of(`${prefix}of ${issuer}`) >= most / 2) return false;
    return this.#of(prefix) < most;
  }

  #of(counter: string): number {
    return this.#counted.get(counter) ?? 0;
  }

  #add(key: string, added: Count, issuer?: string): void {
    const known = this.#suppressed.get(key);
    this.#suppressed.set(key, known === undefined ? added : sum(known, added));
    if (known !== undefined) return;
    const [level = '', who = ''] = key.split(' ');
    const counters = [`${level} `, `${level} ${who}`, ...(issuer === undefined ? [] : [`${level} of ${issuer}`])];
    for (const counter of counters) this.#counted.set(counter, this.#of(counter) + 1);
  }
}

function sum(known: Count, added: Count): Count {
  const reasons = new Map(known.reasons);
  for (const [reason, requests] of added.reasons) {
    const named = reasons.has(reason) || reasons.size < reasonsMax ? reason : 'others';
    reasons.set(named, (reasons.get(named) ?? 0) + requests);
  }
  return {
    ...known,
    reasons,
    firstTime: known.firstTime < added.firstTime ? known.firstTime : added.firstTime,
    lastTime: known.lastTime > added.lastTime ? known.lastTime : added.lastTime,
  };
}

function countOf(sample: LogRecord, reason: string): Count {
  return { sample, reasons: new Map([[reason, 1]]), firstTime: sample.time, lastTime: sample.time };
}

/** `403 noIpRule`, `403 permission`, `404`. */
function reasonOf({ properties }: LogRecord): string {
  const { httpStatusCode, verdict, isAccessPolicyMatch, isRbacAuthorized, isVaultSwitchOn } = properties;
  if (verdict?.allowed === false) return `${httpStatusCode} ${verdict.because}`;
  const lacksPermission = [isAccessPolicyMatch, isRbacAuthorized, isVaultSwitchOn].includes(false);
  return lacksPermission ? `${httpStatusCode} permission` : String(httpStatusCode);
}

/** The summaries of what was counted. Each has only what is true of every request that it counts. */
export function refusalSummaries(suppressed: SuppressedRefusals): readonly LogRecord[] {
  return Array.from(suppressed, ([key, count]) => summary(key, count));
}

function summary(key: string, { sample, reasons, firstTime, lastTime }: Count): LogRecord {
  const requests = [...reasons.values()].reduce((all, some) => all + some, 0);
  const { correlationId, resultDescription = '' } = sample;
  const { httpStatusCode, subnetId } = sample.properties;
  const counted = { suppressed: requests, reasons: Object.fromEntries(reasons), firstTime, lastTime };
  const message =
    httpStatusCode < 400
      ? `${requests} more requests were shown nothing and have no records of their own.`
      : `${requests} more requests were refused and have no records of their own. ` +
        `The first: ${clip(resultDescription, messageMax)}`;
  if (key.startsWith(kindPrefix)) {
    const properties = { httpStatusCode, ...(subnetId !== undefined && { subnetId }), ...counted };
    return { ...sample, time: lastTime, durationMs: '0', resultDescription: message, properties };
  }
  const { properties, ...others } = auditRecord({
    at: Date.parse(lastTime),
    durationMs: 0,
    operationName: 'Refusals',
    apiVersion: '',
    resourceId: '',
    status: httpStatusCode,
    message,
    source: { kind: 'unknown', reason: 'of all sources' },
    correlationId,
    requestUri: undefined,
    properties: { ...counted, ...(key !== othersKey && { caller: sample.identity }) },
  });
  return { ...others, properties };
}

/** A key of fixed length, whatever a token or a path contains. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
