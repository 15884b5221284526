import type { LineHead } from './line-head.ts';

/** Milliseconds since 1970. */
interface Span {
  fromMs: number;
  untilMs: number;
}

/** A span as a sink's state has it; without `untilMs` it has no end. */
export interface StoredSpan {
  readonly resourceId: string;
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** Records of the log for one sink. */
export interface Chosen<T> {
  readonly records: readonly T[];
  /** Call it when they are delivered: what comes after a span's first record is in it. */
  readonly begin: () => void;
}

const always = Number.POSITIVE_INFINITY;
/** The start of a span whose first record was read. */
const begun = 0;

/**
 * Which resources' records go to one sink, and from when to when: the records of requests that arrived while a diagnostic
 * setting named the sink. The log is read in order, so that what comes after a span's first record is in it even if the
 * clock was set back.
 */
export class Routes {
  #everything: Span | undefined;
  readonly #spans = new Map<string, Span[]>();

  /** All records of the log go there, whatever the settings are. */
  takeEverything(fromMs: number): void {
    this.#everything = { fromMs, untilMs: always };
  }

  get isEmpty(): boolean {
    return this.#everything === undefined && this.#spans.size === 0;
  }

  /** The resources whose records go there; an empty id stands for all. */
  get resources(): readonly string[] {
    return this.#everything === undefined ? [...this.#spans.keys()] : [''];
  }

  /** `resourceId` in upper case. True: the route is another one than before. */
  set(resourceId: string, isWanted: boolean, atMs: number): boolean {
    const spans = this.#spans.get(resourceId) ?? [];
    const last = spans.at(-1);
    if (isWanted === (last?.untilMs === always)) return false;
    if (isWanted) this.#spans.set(resourceId, [...spans, { fromMs: atMs, untilMs: always }]);
    else if (last !== undefined) last.untilMs = atMs;
    return true;
  }

  /** Ends the routes of all other resources. */
  endOthers(named: ReadonlySet<string>, atMs: number): void {
    for (const resourceId of this.#spans.keys()) if (!named.has(resourceId)) this.set(resourceId, false, atMs);
  }

  /** The end of the log was reached: forgets what ended before, and what was there before has begun. */
  endReached(beforeMs: number): void {
    for (const [resourceId, spans] of this.#spans) {
      const left = spans.filter(({ untilMs }) => untilMs >= beforeMs);
      for (const span of left) if (span.fromMs < beforeMs) span.fromMs = begun;
      if (left.length === 0) this.#spans.delete(resourceId);
      else this.#spans.set(resourceId, left);
    }
  }

  /** For a later process, which cannot know them from the settings: the spans that have not begun, and those with an end. */
  get stored(): StoredSpan[] {
    return [...this.#spans].flatMap(([resourceId, spans]) =>
      spans
        .filter(({ fromMs, untilMs }) => fromMs > begun || untilMs !== always)
        .map(({ fromMs, untilMs }) => ({ resourceId, fromMs, ...(untilMs !== always && { untilMs }) })),
    );
  }

  /** Takes over the spans that a process before has stored; call it before `set`. */
  restore(stored: readonly StoredSpan[]): void {
    for (const { resourceId, fromMs, untilMs = always } of stored) {
      this.#spans.set(resourceId, [...(this.#spans.get(resourceId) ?? []), { fromMs, untilMs }]);
    }
  }

  /** Chooses in the order of the log, and changes nothing. */
  choose<T extends Pick<LineHead, 'category' | 'resourceId' | 'time'>>(lines: readonly T[]): Chosen<T> {
    const entered = new Set<Span>();
    const records = lines.filter((line) =>
      this.#spansOf(line).some((span) => isIn(span, Date.parse(line.time), entered)),
    );
    return {
      records,
      begin: () => {
        for (const span of entered) span.fromMs = begun;
      },
    };
  }

  #spansOf({ category, resourceId }: Pick<LineHead, 'category' | 'resourceId'>): readonly Span[] {
    if (this.#everything !== undefined) return [this.#everything];
    return category === 'AuditEvent' ? (this.#spans.get(resourceId) ?? []) : [];
  }
}

/** `entered`: the spans whose first record was among those before; this one's may be it. */
function isIn(span: Span, atMs: number, entered: Set<Span>): boolean {
  if (atMs < span.fromMs && !entered.has(span)) return false;
  if (span.fromMs > begun) entered.add(span);
  return atMs < span.untilMs;
}
