import { AuditUnavailable } from '../audit/log.ts';
import type { SignInOrigin } from './failed-sign-in.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './world.ts';

/** What a request is refused for that failed by no fault of its own. The detail goes to the log. */
export function ourTrouble(
  error: unknown,
  { correlationId }: Pick<SignInOrigin, 'correlationId'>,
  { logError }: Pick<Authority, 'logError'>,
): AuthorityRefusal {
  logError(error, correlationId);
  return { kind: error instanceof AuditUnavailable ? 'recordUnavailable' : 'internal' };
}
