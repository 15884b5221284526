import { AuditUnavailable } from '../audit/log.ts';
import { Refused } from '../edge/edge.ts';
import { Unreadable } from '../store/store.ts';

const refusals = [Refused, AuditUnavailable, Unreadable] as const;
const mistakes = [TypeError, ReferenceError] as const;
const reasonLengthMax = 300;

/**
 * The log entry of a failed request. A refusal has a known reason and takes one short line: a full disk refuses every
 * request, and the log must not fill it further. An unexpected error is logged in full.
 */
function failureLine(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  if (!refusals.some((refusal) => error instanceof refusal)) return { err: error };
  const messages = new Set<string>();
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // A bug in our code, although it looks like a failed write.
    if (isOurMistake(cause)) return { err: error };
    messages.add(cause.message);
  }
  return { reason: [...messages].join(': ').slice(0, reasonLengthMax) };
}

const linesPerWindow = 10;
const windowMs = 10_000;

interface FailureLogOptions {
  readonly write: (line: object) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * The log of failed requests. Any client causes refusals while the disk is full, so at most ten of them are written in ten
 * seconds; the rest are counted in the next line. Unexpected errors are all written.
 */
export class FailureLog {
  readonly #options: FailureLogOptions;
  readonly #window = { startedMs: -Infinity, lines: 0, leftOut: 0 };

  constructor(options: FailureLogOptions) {
    this.#options = options;
  }

  add(error: unknown, requestId: string): void {
    const line = failureLine(error);
    if ('err' in line) {
      this.#options.write({ requestId, ...line });
      return;
    }
    const window = this.#window;
    const nowMs = this.#options.now();
    if (Math.abs(nowMs - window.startedMs) >= windowMs) Object.assign(window, { startedMs: nowMs, lines: 0 });
    if (window.lines >= linesPerWindow) {
      window.leftOut += 1;
      return;
    }
    window.lines += 1;
    this.#options.write({ requestId, ...line, ...(window.leftOut > 0 && { leftOut: window.leftOut }) });
    window.leftOut = 0;
  }
}

/** Why the worker cannot continue: the stack for a bug in our code, the message for a refusal. */
export function fatalMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOurMistake(error) ? (error.stack ?? error.message) : error.message;
}

function isOurMistake(error: Error): boolean {
  return mistakes.some((mistake) => error instanceof mistake);
}
