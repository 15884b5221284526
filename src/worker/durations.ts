import type { Settings } from '../settings/settings.ts';

/** About the interval at which Azure's clients poll. */
const defaultTransitionMs = 500;
/** How long an issuer takes: long enough for a client to cancel. */
const defaultIssueMs = 500;

/** How long deletions, recoveries and purges take, and the issuing of certificates. */
export function durationsOf({ softDelete, certificates }: Settings) {
  return {
    transitionMs: softDelete?.transitionMs ?? defaultTransitionMs,
    issueMs: certificates?.issueMs ?? defaultIssueMs,
  };
}
