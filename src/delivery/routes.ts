import type { LogLine } from './line-head.ts';

/** Milliseconds since 1970. */
interface Span {
  fromMs: number;
  untilMs: number;
}

const always = Number.POSITIVE_INFINITY;

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

  /** `resourceId` in upper case. */
  set(resourceId: string, isWanted: boolean, atMs: number): void {
    const spans = this.#spans.get(resourceId) ?? [];
    const last = spans.at(-1);
    if (isWanted === (last?.untilMs === always)) return;
    if (isWanted) this.#spans.set(resourceId, [...spans, { fromMs: atMs, untilMs: always }]);
    else if (last !== undefined) last.untilMs = atMs;
  }

  /** Forgets what ended before. */
  forget(beforeMs: number): void {
    for (const [resourceId, spans] of this.#spans) {
      const left = spans.filter(({ untilMs }) => untilMs >= beforeMs);
      if (left.length === 0) this.#spans.delete(resourceId);
      else this.#spans.set(resourceId, left);
    }
  }

  wants({ category, resourceId, time }: Pick<LogLine, 'category' | 'resourceId' | 'time'>): boolean {
    if (this.#everything !== undefined) return isIn(this.#everything, Date.parse(time));
    const spans = category === 'AuditEvent' ? this.#spans.get(resourceId) : undefined;
    return spans?.some((span) => isIn(span, Date.parse(time))) ?? false;
  }
}

function isIn(span: Span, atMs: number): boolean {
  if (atMs < span.fromMs) return false;
  span.fromMs = Number.NEGATIVE_INFINITY;
  return atMs < span.untilMs;
}
