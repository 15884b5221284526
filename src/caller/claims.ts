import type { JWTPayload } from 'jose';
import { copiedClaims } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Issuer } from './issuers.ts';
import type { TokenPart, TokenRefusal } from './refusal.ts';
import { readNumericDate } from './token-json.ts';

export type Verification =
  { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly refusal: TokenRefusal };

/** The claims that Azure copies from a token into its audit records (`identity.claim`). */
const recordedClaims = ['oid', 'appid', 'appidacr', 'azp', 'azpacr', ...copiedClaims];

/**
 * Turns the claims of a token, whose signature was verified, into a `Caller`. Shapes: Microsoft, "Access token claims
 * reference" (v1 names the application `appid`, v2 `azp`). An external issuer's token may lack `oid`, which is Entra's
 * own; the caller is then identified by `sub`. What it says about managed identities is dropped, because trust is based
 * on those claims.
 */
export function readClaims(payload: JWTPayload, issuer: Issuer): Verification {
  const external = issuer.issuerClass === 'external';
  const objectId = readString(payload['oid']) ?? (external ? readString(payload.sub) : undefined);
  if (objectId === undefined) return malformed('oid');
  // RFC 7519 makes both optional, but a token without an end would be valid for ever.
  const expiresAt = readNumericDate(payload.exp);
  if (expiresAt === undefined) return malformed('exp');
  const notBefore = readNumericDate(payload.nbf ?? (external ? 0 : undefined));
  if (notBefore === undefined) return malformed('nbf');
  const audience = readAudience(payload.aud, issuer.audiences);
  if (typeof audience !== 'string') return { ok: false, refusal: audience };
  const claims = recordedClaims
    .filter((name) => payload[name] !== undefined && !(external && name.startsWith('xms_')))
    .map((name) => [name, payload[name]] as const);
  return {
    ok: true,
    caller: {
      issuer: issuer.issuer,
      issuerClass: issuer.issuerClass,
      tenant: issuer.tenant,
      objectId,
      applicationId: readString(payload['appid']) ?? readString(payload['azp']),
      groups: readStrings(payload['groups']) ?? [],
      managedIdentity: external ? undefined : readString(payload['xms_mirid']),
      usedBy: external ? undefined : readString(payload['xms_az_rid']),
      audience,
      notBefore,
      expiresAt,
      claims: Object.fromEntries(claims),
    },
  };
}

/** The caller's audience. A token with several is accepted only if the issuer's entry lists one of them. */
function readAudience(aud: unknown, configured: readonly string[] | undefined): string | TokenRefusal {
  const found = typeof aud === 'string' ? [aud] : readStrings(aud);
  if (found === undefined) return { kind: 'malformed', part: 'aud' };
  if (configured !== undefined) {
    const mine = configured.find((audience) => found.includes(audience));
    return mine ?? { kind: 'wrongAudience', expected: configured, found: found.join(', ') };
  }
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 ? only : { kind: 'malformed', part: 'aud' };
}

function malformed(part: TokenPart): Verification {
  return { ok: false, refusal: { kind: 'malformed', part } };
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readStrings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
