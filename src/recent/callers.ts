import type { AuditRecord } from '../audit/event.ts';
import type { LogRecord } from '../audit/activity.ts';
import type { LineFrame, RecordLine } from '../audit/line.ts';
import { BoundedMap } from '../shares/bounded-map.ts';
import type { CallerRow, SeenCaller, SeenSource } from '../types/activity.ts';
import type { Permission } from '../types/operation.ts';
import { callerIn, sourceIn } from './entry.ts';
import { RecentCount, windowMs } from './recent-count.ts';
import { recordIn } from './recent-log.ts';

/** How many rows there are at most. */
export interface CallerLimits {
  readonly ofVault: number;
  readonly all: number;
}

const defaultLimits: CallerLimits = { ofVault: 1000, all: 100_000 };

/** How many rows are looked at to drop one. */
const lookedAt = 8;

/** As many as a vault may have rules. */
const usesMost = 1200;

interface Row extends Pick<CallerRow, 'operation' | 'because'> {
  readonly rule: string | undefined;
  readonly trustedService: string | undefined;
  readonly serial: number;
  readonly source: SeenSource;
  readonly caller: SeenCaller;
  readonly count: RecentCount;
  failed: RecentCount | undefined;
  firstMs: number;
  lastMs: number;
  /** It made room for another. */
  isDropped: boolean;
}

/** The use of a rule. */
interface Use {
  lastMs: number;
  readonly count: RecentCount;
}

interface OfVault {
  readonly rows: Map<string, Row>;
  readonly uses: BoundedMap<string, Use>;
  dropped: number;
}

/** The counters of requests that agree in all that a row has. */
interface Counters {
  readonly row: Row;
  readonly use: Use | undefined;
}

/**
 * The callers that passed each vault's firewall lately, and the use of its rules. A row is made of a record; the requests of a
 * connection that have the same frame are then counted without one.
 */
export class Callers {
  readonly #limits: CallerLimits;
  readonly #permissions: ReadonlyMap<string, Permission>;
  readonly #vaults = new Map<string, OfVault>();
  readonly #ofFrame = new WeakMap<LineFrame, Counters>();
  #rows = 0;
  #serial = 0;

  /** `permissions`: of each operation. */
  constructor(permissions: ReadonlyMap<string, Permission>, limits = defaultLimits) {
    this.#permissions = permissions;
    this.#limits = limits;
  }

  /** Counts reads that were answered. */
  answered(lines: readonly RecordLine[]): void {
    for (const { frame, atMs, text, record } of lines) {
      if (frame !== undefined && atMs !== undefined) this.#answered(frame, atMs, text);
      else if (record !== undefined) this.add(record);
    }
  }

  #answered(frame: LineFrame, atMs: number, text: string): void {
    let counters = this.#ofFrame.get(frame);
    if (counters === undefined || counters.row.isDropped) {
      const record = recordIn(text);
      counters = record === undefined ? undefined : this.#countersOf(record, atMs);
      if (counters === undefined) return;
      this.#ofFrame.set(frame, counters);
    }
    count(counters, atMs);
  }

  /** Counts the request of a record, if it passed a firewall. */
  add(record: LogRecord): void {
    this.#add(record, false);
  }

  /** The same for a record from before all others: its caller takes the place of none. */
  addEarlier(record: LogRecord): void {
    this.#add(record, true);
  }

  #add(record: LogRecord, isEarlier: boolean): void {
    if (!hasPassed(record)) return;
    const atMs = Date.parse(record.time);
    const counters = this.#countersOf(record, atMs, isEarlier);
    if (counters === undefined) return;
    count(counters, atMs);
    const { row } = counters;
    if (record.properties.httpStatusCode >= 400) (row.failed ??= new RecentCount()).add(atMs);
  }

  /** The rows of a vault (its id in upper case) within the window, in the order in which they came. */
  rowsOf(vault: string, nowMs: number): readonly (CallerRow & { readonly serial: number })[] {
    const rows = [...(this.#vaults.get(vault)?.rows.values() ?? [])];
    return rows
      .filter(({ lastMs }) => lastMs > nowMs - windowMs)
      .toSorted((one, other) => one.serial - other.serial)
      .map((row) => this.#shown(row, nowMs));
  }

  /** How many rows of the vault made room for others. */
  droppedOf(vault: string): number {
    return this.#vaults.get(vault)?.dropped ?? 0;
  }

  /** The use of a rule, by its value and, of a virtual network rule, its incarnation. */
  useOf(vault: string, rule: string, incarnation?: string): Use | undefined {
    return this.#vaults.get(vault)?.uses.get(useKey(rule, incarnation));
  }

  #shown({ serial, source, caller, operation, because, rule, trustedService, ...row }: Row, nowMs: number) {
    const permission = this.#permissions.get(operation);
    return {
      serial,
      source,
      caller,
      operation,
      ...(permission !== undefined && { permission }),
      because,
      ...(rule !== undefined && { rule }),
      ...(trustedService !== undefined && { trustedService }),
      first: new Date(row.firstMs).toISOString(),
      last: new Date(row.lastMs).toISOString(),
      count: row.count.total(nowMs),
      failed: row.failed?.total(nowMs) ?? 0,
    };
  }

  #countersOf(record: AuditRecord, atMs: number, isEarlier = false): Counters | undefined {
    const { resourceId, operationName: operation, properties } = record;
    const { verdict, trustedService } = properties;
    const caller = callerIn(record);
    if (verdict === undefined || caller === undefined) return undefined;
    const source = sourceIn(record);
    const { because, rule } = verdict;
    const ofVault = this.#ofVault(resourceId);
    const use = rule === undefined ? undefined : useIn(ofVault, rule, source);
    const key = JSON.stringify([
      placeOf(source),
      caller.objectId,
      caller.applicationId,
      caller.issuer,
      operation,
      because,
      rule,
    ]);
    const known = ofVault.rows.get(key);
    if (known !== undefined) return { row: known, use };
    if (isEarlier && this.#isFull(ofVault)) {
      ofVault.dropped += 1;
      return undefined;
    }
    const row: Row = {
      serial: (this.#serial += 1),
      source,
      caller,
      operation,
      because,
      rule,
      trustedService,
      count: new RecentCount(),
      failed: undefined,
      firstMs: atMs,
      lastMs: atMs,
      isDropped: false,
    };
    ofVault.rows.set(key, row);
    this.#rows += 1;
    if (ofVault.rows.size > this.#limits.ofVault) this.#dropQuiet(ofVault);
    if (this.#rows > this.#limits.all) this.#makeRoom();
    return { row, use };
  }

  #ofVault(resourceId: string): OfVault {
    const known = this.#vaults.get(resourceId);
    if (known !== undefined) return known;
    const made = { rows: new Map<string, Row>(), uses: new BoundedMap<string, Use>(usesMost), dropped: 0 };
    this.#vaults.set(resourceId, made);
    return made;
  }

  #isFull({ rows }: OfVault): boolean {
    return rows.size >= this.#limits.ofVault || this.#rows >= this.#limits.all;
  }

  /** Drops a row of the vault whose turn it is, so that no vault loses all of its own to another. */
  #makeRoom(): void {
    const [next] = this.#vaults;
    if (next === undefined) return;
    const [vault, ofVault] = next;
    this.#vaults.delete(vault);
    this.#dropQuiet(ofVault);
    if (ofVault.rows.size > 0) this.#vaults.set(vault, ofVault);
  }

  /**
   * Drops a row that was quiet for long: of those that were not looked at for longest, the one that was last used before
   * the others. To look through all would cost more than the request.
   */
  #dropQuiet(ofVault: OfVault): void {
    const { rows } = ofVault;
    const looked: (readonly [key: string, row: Row])[] = [];
    for (const entry of rows) if (looked.push(entry) === lookedAt) break;
    const [quiet, ...others] = looked.toSorted(([, one], [, other]) => one.lastMs - other.lastMs);
    if (quiet === undefined) return;
    for (const [key, row] of others) {
      rows.delete(key);
      rows.set(key, row);
    }
    const [key, row] = quiet;
    rows.delete(key);
    row.isDropped = true;
    ofVault.dropped += 1;
    this.#rows -= 1;
  }
}

function hasPassed(record: LogRecord): record is AuditRecord {
  return record.category === 'AuditEvent' && record.properties.verdict?.allowed === true;
}

function count({ row, use }: Counters, atMs: number): void {
  if (atMs > row.lastMs) row.lastMs = atMs;
  else if (atMs < row.firstMs) row.firstMs = atMs;
  row.count.add(atMs);
  if (use === undefined) return;
  if (atMs > use.lastMs) use.lastMs = atMs;
  use.count.add(atMs);
}

/** The part of a source by which rules tell it from others; a subnet's addresses are many, and no rule names one. */
function placeOf(source: SeenSource): string {
  if (source.kind === 'subnet') return `${source.incarnation ?? source.subnet} ${source.assurance}`;
  return source.kind === 'public' ? source.address : '';
}

function useIn({ uses }: OfVault, rule: string, source: SeenSource): Use {
  const key = useKey(rule, source.kind === 'subnet' ? source.incarnation : undefined);
  const known = uses.get(key);
  if (known !== undefined) return known;
  const made = { lastMs: 0, count: new RecentCount() };
  uses.set(key, made);
  return made;
}

function useKey(rule: string, incarnation: string | undefined): string {
  return `${rule.toLowerCase()} ${incarnation ?? ''}`;
}
