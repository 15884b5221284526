import { setImmediate as turn } from 'node:timers/promises';
import type { AuditWatcher } from '../audit/audit.ts';
import type { LogRecord } from '../audit/activity.ts';
import type { AuditRecord } from '../audit/event.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Permission } from '../types/operation.ts';
import { Callers } from './callers.ts';
import { Cursors } from './cursor.ts';
import type { LogTail } from './log-tail.ts';
import { windowMs } from './recent-count.ts';
import { RecentLog, recordIn } from './recent-log.ts';
import type { LineKind } from './recent-log.ts';

/** How long after the start the log's end is read, if no request asks before. */
const warmAfterMs = 1000;

const newline = 0x0a;

interface RecentParts {
  /** The log's end from before this process. */
  readonly tail: LogTail | undefined;
  /** The permission of each operation of a vault. */
  readonly permissions: ReadonlyMap<string, Permission>;
  readonly now: () => number;
  readonly notice: (message: string) => void;
  /** Called with the record of each request that a firewall refused, also of those that a quota only counts. */
  readonly denied?: ((record: AuditRecord) => void) | undefined;
}

/** The last records of the audit log, and the callers of the last day, in memory, within bounds. */
export class Recent implements AuditWatcher {
  readonly callers: Callers;
  readonly permissions: ReadonlyMap<string, Permission>;
  readonly log = new RecentLog();
  readonly cursors = new Cursors();
  readonly #tail: LogTail | undefined;
  readonly #now: () => number;
  readonly #notice: (message: string) => void;
  readonly #denied: (record: AuditRecord) => void;
  /** The time of the oldest record that was read for the callers. */
  #sinceMs: number;
  #warming: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor({ tail, permissions, now, notice, denied = () => undefined }: RecentParts) {
    this.#notice = notice;
    this.#denied = denied;
    this.#tail = tail;
    this.#now = now;
    this.#sinceMs = now();
    this.permissions = permissions;
    this.callers = new Callers(permissions);
    this.#timer = setTimeout(() => void this.warmed(), warmAfterMs).unref();
  }

  /** Adds whole lines that are in the log now. */
  readonly written = (kind: LineKind, lines: Uint8Array): void => this.log.append(kind, lines);

  answered(lines: readonly RecordLine[]): void {
    this.callers.answered(lines);
  }

  refused(record: LogRecord): void {
    this.callers.add(record);
    if (isOfVault(record) && record.properties.verdict?.allowed === false) this.#denied(record);
  }

  changed(record: LogRecord): void {
    this.callers.add(record);
  }

  /** The time since which callers were looked at, within the window. */
  get callersSinceMs(): number {
    return Math.max(this.#sinceMs, this.#now() - windowMs);
  }

  /** Resolves when the records from before the start are there. */
  warmed(): Promise<void> {
    return (this.#warming ??= this.#warm());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#tail?.close();
  }

  /** If the log cannot be read, less is known of earlier requests; the server goes on. */
  async #warm(): Promise<void> {
    if (this.#tail === undefined) return;
    try {
      await this.#readBack(this.#tail);
    } catch (error) {
      this.#notice(
        `the end of the audit log cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      this.#tail.close();
    }
  }

  async #readBack(tail: LogTail): Promise<void> {
    const full = new Set<LineKind>();
    for await (const piece of tail.backward()) {
      const parts: Record<LineKind, Buffer[]> = { reads: [], others: [] };
      for (const { line, record } of recordsOf(piece)) {
        parts[kindOf(record)].push(line);
        const atMs = Date.parse(record.time);
        if (atMs < this.#sinceMs) this.#sinceMs = atMs;
        this.callers.addEarlier(record);
      }
      for (const kind of ['reads', 'others'] as const) {
        if (!full.has(kind) && !this.log.prepend(kind, Buffer.concat(parts[kind]))) full.add(kind);
      }
      if (full.size === 2 && this.#sinceMs < this.#now() - windowMs) break;
      await turn();
    }
  }
}

function isOfVault(record: LogRecord): record is AuditRecord {
  return record.category === 'AuditEvent';
}

function* recordsOf(piece: Buffer): Generator<{ readonly line: Buffer; readonly record: AuditRecord }> {
  for (let at = 0; at < piece.length;) {
    const found = piece.indexOf(newline, at);
    const end = found === -1 ? piece.length : found + 1;
    const line = piece.subarray(at, end);
    const record = recordIn(line);
    if (record !== undefined && found !== -1) yield { line, record };
    at = end;
  }
}

/** The same kind that the line had when it was written: a read that was answered has no id, and did not fail. */
function kindOf({ properties }: AuditRecord): LineKind {
  return properties.httpStatusCode < 400 && properties.recordId === undefined ? 'reads' : 'others';
}
