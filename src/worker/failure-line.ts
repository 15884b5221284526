import type { Logger } from 'pino';
import { AuditUnavailable } from '../audit/log.ts';
import { Refused } from '../edge/edge.ts';
import { Unavailable, Unreadable } from '../store/store.ts';

const refusals = [Refused, AuditUnavailable, Unreadable] as const;
const mistakes = [TypeError, ReferenceError] as const;
const reasonLengthMax = 300;

/** How many lines there may be in so many milliseconds. */
const windows = {
  /** Any client causes refusals while the disk is full, and the log must not fill it further. */
  refused: { lines: 10, ms: 10_000 },
  /** The store tells by itself when it cannot be asked, and when it can again. */
  away: { lines: 1, ms: 60_000 },
} as const;

type Why = { readonly kind: keyof typeof windows; readonly reason: string } | { readonly kind: 'unexpected' };

/** A refusal has a known reason and takes one short line; an unexpected error is logged in full. */
function whyOf(error: unknown): Why {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  // A bug in our code, although it looks like a failed write.
  if (causes.some(isOurMistake)) return { kind: 'unexpected' };
  const isAway = causes.some((cause) => cause instanceof Unavailable);
  if (!isAway && !refusals.some((refusal) => error instanceof refusal)) return { kind: 'unexpected' };
  const reason = [...new Set(causes.map(({ message }) => message))].join(': ').slice(0, reasonLengthMax);
  return { kind: isAway ? 'away' : 'refused', reason };
}

interface FailureLogOptions {
  readonly log: Pick<Logger, 'error' | 'warn'>;
  readonly message: string;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * The log of requests or of work that failed. Of those with a known reason at most as many are written as its window has, and
 * the rest are counted in the next line. Unexpected errors are all written.
 */
export class FailureLog {
  readonly #options: FailureLogOptions;
  readonly #seen = { refused: noneYet(), away: noneYet() };

  constructor(options: FailureLogOptions) {
    this.#options = options;
  }

  /** @param about which one failed */
  add(error: unknown, about: object = {}): void {
    const { log, message, now } = this.#options;
    const why = whyOf(error);
    if (why.kind === 'unexpected') {
      log.error({ ...about, err: error }, message);
      return;
    }
    const { kind, reason } = why;
    const seen = this.#seen[kind];
    const nowMs = now();
    if (Math.abs(nowMs - seen.startedMs) >= windows[kind].ms) Object.assign(seen, { startedMs: nowMs, lines: 0 });
    if (seen.lines >= windows[kind].lines) {
      seen.leftOut += 1;
      return;
    }
    seen.lines += 1;
    const line = { ...about, reason, ...(seen.leftOut > 0 && { leftOut: seen.leftOut }) };
    if (kind === 'away') log.warn(line, message);
    else log.error(line, message);
    seen.leftOut = 0;
  }
}

function noneYet() {
  return { startedMs: -Infinity, lines: 0, leftOut: 0 };
}

/** Why the worker cannot continue: the stack for a bug in our code, the message for a refusal. */
export function fatalMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOurMistake(error) ? (error.stack ?? error.message) : error.message;
}

function isOurMistake(error: Error): boolean {
  return mistakes.some((mistake) => error instanceof mistake);
}
