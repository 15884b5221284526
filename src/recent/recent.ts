import { setImmediate as turn } from 'node:timers/promises';
import type { AuditRecord } from '../audit/event.ts';
import { Cursors } from './cursor.ts';
import type { LogTail } from './log-tail.ts';
import { RecentLog, recordIn } from './recent-log.ts';
import type { LineKind } from './recent-log.ts';

/** How long after the start the log's end is read, if no request asks before. */
const warmAfterMs = 1000;

const newline = 0x0a;

/** The last records of the audit log, in memory, within bounds. */
export class Recent {
  readonly log = new RecentLog();
  readonly cursors = new Cursors();
  readonly #tail: LogTail | undefined;
  #warming: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `tail`: the log's end from before this process. */
  constructor(tail: LogTail | undefined) {
    this.#tail = tail;
    this.#timer = setTimeout(() => void this.warmed(), warmAfterMs).unref();
  }

  /** Adds whole lines that are in the log now. */
  readonly written = (kind: LineKind, lines: Uint8Array): void => this.log.append(kind, lines);

  /** Resolves when the records from before the start are there. */
  warmed(): Promise<void> {
    return (this.#warming ??= this.#warm());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#tail?.close();
  }

  async #warm(): Promise<void> {
    if (this.#tail === undefined) return;
    const full = new Set<LineKind>();
    for await (const piece of this.#tail.backward()) {
      const parts: Record<LineKind, Buffer[]> = { reads: [], others: [] };
      for (const { line, record } of recordsOf(piece)) parts[kindOf(record)].push(line);
      for (const kind of ['reads', 'others'] as const) {
        if (!full.has(kind) && !this.log.prepend(kind, Buffer.concat(parts[kind]))) full.add(kind);
      }
      if (full.size === 2) break;
      await turn();
    }
    this.#tail.close();
  }
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
