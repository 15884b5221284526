import type { Caller } from '../types/caller.ts';
import type { TokenRefusal } from './refusal.ts';

/** How far the clocks of issuer and server may differ; Entra's own libraries allow as much. */
export const clockSkewSeconds = 300;

/** What whoever is asked expects of a caller. */
export interface Admission {
  /** The tenant of the vault, or of the subscription: a GUID in lower case. */
  readonly tenant: string;
  /** Whether callers of the services' tenant come in too, as they do at a vault (AKV10032 lists their issuer). */
  readonly services: boolean;
  readonly audiences: readonly string[];
  /** What besides `audiences` an external issuer's token may be for; ours can never be issued for these. */
  readonly externalAudiences?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far the clocks of issuer and server may differ. */
  readonly skewSeconds: number;
}

export type AdmissionVerdict = { readonly ok: true } | { readonly ok: false; readonly refusal: TokenRefusal };

const admitted: AdmissionVerdict = { ok: true };

/** Whether a verified caller may come in, here and now. Asked on every request, for a cached token's time runs out too. */
export function admit(caller: Caller, expected: Admission): AdmissionVerdict {
  const ofTenant = caller.tenant === expected.tenant;
  if (!ofTenant && !(expected.services && caller.issuerClass === 'services')) {
    return { ok: false, refusal: { kind: 'wrongIssuer', found: caller.issuer } };
  }
  if (!acceptsAudience(caller, expected)) {
    return { ok: false, refusal: { kind: 'wrongAudience', expected: expected.audiences, found: caller.audience } };
  }
  const seconds = expected.now / 1000;
  // RFC 7519 section 4.1.4: not "on or after" `exp`; 4.1.5: not "before" `nbf`.
  if (seconds >= caller.expiresAt + expected.skewSeconds) {
    return { ok: false, refusal: { kind: 'expired', expiresAt: caller.expiresAt } };
  }
  if (seconds < caller.notBefore - expected.skewSeconds) {
    return { ok: false, refusal: { kind: 'notYetValid', notBefore: caller.notBefore } };
  }
  return admitted;
}

function acceptsAudience(caller: Caller, expected: Admission): boolean {
  if (expected.audiences.includes(caller.audience)) return true;
  return caller.issuerClass === 'external' && (expected.externalAudiences?.includes(caller.audience) ?? false);
}
