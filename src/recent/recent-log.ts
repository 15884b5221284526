import { setImmediate as turn } from 'node:timers/promises';
import type { AuditRecord } from '../audit/event.ts';
import type { ActivityEntry } from '../types/activity.ts';
import { entryOf } from './entry.ts';
import { LogRing } from './log-ring.ts';
import type { RingLine } from './log-ring.ts';

/** Both kinds together are some 14,000 records. */
const ringBytes = 8 << 20;

/** Places in both rings. */
export interface Places {
  readonly reads: number;
  readonly others: number;
}

export interface RecentQuestion {
  /** The places to go on from; without them the last entries are looked for. */
  readonly from: Places | undefined;
  readonly limit: number;
  /** Whether the record of this resource (its id, in upper case) is asked for. */
  readonly isAsked: (resourceId: string) => boolean;
  readonly matches: (entry: ActivityEntry) => boolean;
  /** Requests that were answered with 200 cannot match. */
  readonly failedOnly: boolean;
}

export interface RecentEntries {
  /** The oldest first. */
  readonly entries: readonly ActivityEntry[];
  readonly next: Places;
  readonly more: boolean;
  readonly gap: boolean;
}

/** The parts of the log of which lines are kept separately. */
export type LineKind = 'reads' | 'others';

/** Each so many lines, other requests are answered in between: of those that are parsed, and of those passed over. */
const parsedPerTurn = 128;
const passedPerTurn = 4096;

/**
 * The last lines of the audit log. Answered reads have a ring of their own: however many there are, they do not push out
 * refusals and changes.
 */
export class RecentLog {
  readonly #rings: Readonly<Record<LineKind, LogRing>>;

  constructor(bytesMost = ringBytes) {
    this.#rings = { reads: new LogRing(bytesMost), others: new LogRing(bytesMost) };
  }

  /** Adds whole lines that are in the log. */
  append(kind: LineKind, lines: Uint8Array): void {
    this.#rings[kind].append(lines);
  }

  /** Adds whole lines that are older than all others. Returns whether there was room. */
  prepend(kind: LineKind, lines: Buffer): boolean {
    return this.#rings[kind].prepend(lines);
  }

  /** The time of the oldest line of which everything later is kept; `undefined` if nothing is kept. */
  since(): string | undefined {
    const firsts = Object.values(this.#rings).flatMap((ring) => {
      const first = ring.forward(ring.start).next();
      return first.done === true || first.value === undefined ? [] : [timeIn(first.value)];
    });
    return firsts.toSorted().at(-1);
  }

  async read(question: RecentQuestion): Promise<RecentEntries> {
    return question.from === undefined ? this.#last(question) : this.#after(question.from, question);
  }

  async #last(question: RecentQuestion): Promise<RecentEntries> {
    const next = { reads: this.#rings.reads.end, others: this.#rings.others.end };
    const found: ActivityEntry[] = [];
    const lines = merged(this.#kindsOf(question), (kind) => this.#rings[kind].backward(), later);
    const pace = new Pace();
    for (const { line } of lines) {
      const entry = wanted(line, question, pace);
      if (entry !== undefined) found.push(entry);
      if (found.length === question.limit) break;
      if (pace.isLong) await pace.pause();
    }
    return { entries: inOrder(found.toReversed()), next, more: false, gap: false };
  }

  async #after(from: Places, question: RecentQuestion): Promise<RecentEntries> {
    const kinds = this.#kindsOf(question);
    const gap = kinds.some((kind) => from[kind] < this.#rings[kind].start);
    const next = { reads: this.#rings.reads.end, others: this.#rings.others.end };
    for (const kind of kinds) next[kind] = Math.max(from[kind], this.#rings[kind].start);
    const entries: ActivityEntry[] = [];
    const lines = merged(kinds, (kind) => this.#rings[kind].forward(from[kind]), earlier);
    const pace = new Pace();
    for (const { kind, line } of lines) {
      if (entries.length === question.limit) return { entries: inOrder(entries), next, more: true, gap };
      next[kind] = line.end;
      const entry = wanted(line, question, pace);
      if (entry !== undefined) entries.push(entry);
      if (pace.isLong) await pace.pause();
    }
    return { entries: inOrder(entries), next, more: false, gap };
  }

  #kindsOf({ failedOnly }: RecentQuestion): readonly LineKind[] {
    return failedOnly ? ['others'] : ['reads', 'others'];
  }
}

/** A change comes into the log some milliseconds after its answer, and so after a later read. */
function inOrder(entries: readonly ActivityEntry[]): readonly ActivityEntry[] {
  return entries.toSorted((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)));
}

/** Counts work, so that a long search leaves room for other requests. */
class Pace {
  #done = 0;

  passed(): void {
    this.#done += 1 / passedPerTurn;
  }

  parsed(): void {
    this.#done += 1 / parsedPerTurn;
  }

  get isLong(): boolean {
    return this.#done >= 1;
  }

  async pause(): Promise<void> {
    this.#done = 0;
    await turn();
  }
}

interface KindOfLine {
  readonly kind: LineKind;
  readonly line: RingLine;
}

/** The lines of several rings as one sequence, by their times. */
function* merged(
  kinds: readonly LineKind[],
  linesOf: (kind: LineKind) => Generator<RingLine>,
  isFirst: (one: string, other: string) => boolean,
): Generator<KindOfLine> {
  const sources = kinds.map((kind) => ({ kind, lines: linesOf(kind), head: undefined as Head | undefined }));
  for (const source of sources) source.head = headOf(source.lines);
  for (;;) {
    let first: (typeof sources)[number] | undefined;
    for (const source of sources) {
      if (source.head === undefined) continue;
      if (first?.head === undefined || isFirst(source.head.time, first.head.time)) first = source;
    }
    if (first?.head === undefined) return;
    yield { kind: first.kind, line: first.head.line };
    first.head = headOf(first.lines);
  }
}

interface Head {
  readonly line: RingLine;
  readonly time: string;
}

function headOf(lines: Generator<RingLine>): Head | undefined {
  const next = lines.next();
  return next.done === true ? undefined : { line: next.value, time: timeIn(next.value) };
}

const earlier = (one: string, other: string) => one < other;
const later = (one: string, other: string) => one > other;

/** A record begins with its time and its resource (`auditRecord`, `lineFrame`). */
const beforeTime = '{"time":"';
const timeLength = '2026-01-31T12:00:00.0000000Z'.length;
const beforeResource = '","resourceId":"';
const resourceAt = beforeTime.length + timeLength + beforeResource.length;
const quote = 0x22;

function timeIn({ bytes }: RingLine): string {
  return bytes.toString('latin1', beforeTime.length, beforeTime.length + timeLength);
}

function wanted({ bytes }: RingLine, { isAsked, matches }: RecentQuestion, pace: Pace): ActivityEntry | undefined {
  pace.passed();
  const resource = bytes.toString('utf8', resourceAt, bytes.indexOf(quote, resourceAt));
  if (!isAsked(resource)) return undefined;
  pace.parsed();
  const record = recordIn(bytes);
  const entry = record === undefined ? undefined : entryOf(record);
  return entry !== undefined && matches(entry) ? entry : undefined;
}

/** The record in a line; `undefined` if another program has spoilt it. */
export function recordIn(line: Buffer | string): AuditRecord | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this program writes the log
    const record = JSON.parse(line.toString()) as AuditRecord;
    const { time, resourceId, operationName, resultDescription = '', identity, properties } = record;
    const { rule = '', because = '' } = properties.verdict ?? {};
    const texts = [resourceId, operationName, resultDescription, rule, because];
    const isWhole = texts.every((text) => typeof text === 'string') && !Number.isNaN(Date.parse(time));
    return isWhole && identity?.claim !== null ? record : undefined;
  } catch {
    return undefined;
  }
}
