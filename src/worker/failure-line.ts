import { AuditUnavailable } from '../audit/log.ts';
import { Refused } from '../edge/edge.ts';
import { Unreadable } from '../store/store.ts';

const refusals = [Refused, AuditUnavailable, Unreadable] as const;
const mistakes = [TypeError, ReferenceError] as const;
const reasonLengthMax = 300;

/**
 * What the server's log says of a request that failed. A refusal has a reason that is known, and costs one short line:
 * a full disk refuses every request, and must not be filled by saying so. Of what nobody expected, all there is.
 */
export function failureLine(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  if (!refusals.some((refusal) => error instanceof refusal)) return { err: error };
  const messages = new Set<string>();
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // A mistake in our code that looks like a failed write.
    if (isOurMistake(cause)) return { err: error };
    messages.add(cause.message);
  }
  return { reason: [...messages].join(': ').slice(0, reasonLengthMax) };
}

/** Why the worker cannot go on: the stack of a mistake in our code; a refusal with a message of its own needs none. */
export function fatalMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOurMistake(error) ? (error.stack ?? error.message) : error.message;
}

function isOurMistake(error: Error): boolean {
  return mistakes.some((mistake) => error instanceof mistake);
}
