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
export function failureLine(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  if (!refusals.some((refusal) => error instanceof refusal)) return { err: error };
  const messages = new Set<string>();
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // A bug in our code, although it looks like a failed write.
    if (isOurMistake(cause)) return { err: error };
    messages.add(cause.message);
  }
  return { reason: [...messages].join(': ').slice(0, reasonLengthMax) };
}

/** Why the worker cannot continue: the stack for a bug in our code, the message for a refusal. */
export function fatalMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOurMistake(error) ? (error.stack ?? error.message) : error.message;
}

function isOurMistake(error: Error): boolean {
  return mistakes.some((mistake) => error instanceof mistake);
}
