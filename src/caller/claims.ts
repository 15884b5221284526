import type { JWTPayload } from 'jose';
import type { Caller } from '../types/caller.ts';
import type { Issuer } from './issuers.ts';
import type { TokenPart, TokenRefusal } from './refusal.ts';
import { readNumericDate } from './token-json.ts';

export type Verification =
  { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly refusal: TokenRefusal };

/** What Azure's audit records copy from a token (`identity.claim`). */
const recordedClaims = [
  'oid',
  'appid',
  'appidacr',
  'azp',
  'azpacr',
  'scp',
  'upn',
  'unique_name',
  'ipaddr',
  'amr',
  'idtyp',
  'xms_mirid',
  'xms_az_nwperimid',
];

/**
 * The claims of a token whose signature holds, as a `Caller`. Shapes: Microsoft, "Access token claims reference" (v1
 * names the application `appid`, v2 `azp`). An issuer that is not ours may lack `oid`, which is Entra's own, and is then
 * known by `sub`; and whatever it says of a managed identity is not passed on, for trust would hang on it.
 */
export function readClaims(payload: JWTPayload, issuer: Issuer): Verification {
  const external = issuer.issuerClass === 'external';
  const objectId = text(payload['oid']) ?? (external ? text(payload.sub) : undefined);
  if (objectId === undefined) return malformed('oid');
  // RFC 7519 makes both optional; without an end a token would be good for ever.
  const expiresAt = readNumericDate(payload.exp);
  if (expiresAt === undefined) return malformed('exp');
  const notBefore = readNumericDate(payload.nbf ?? (external ? 0 : undefined));
  if (notBefore === undefined) return malformed('nbf');
  const audience = readAudience(payload.aud, issuer.audiences);
  if (typeof audience !== 'string') return { ok: false, refusal: audience };
  const claims = recordedClaims
    .filter((name) => payload[name] !== undefined && !(external && name === 'xms_mirid'))
    .map((name) => [name, payload[name]] as const);
  return {
    ok: true,
    caller: {
      issuer: issuer.issuer,
      issuerClass: issuer.issuerClass,
      tenant: issuer.tenant,
      objectId,
      applicationId: text(payload['appid']) ?? text(payload['azp']),
      groups: texts(payload['groups']) ?? [],
      managedIdentity: external ? undefined : text(payload['xms_mirid']),
      audience,
      notBefore,
      expiresAt,
      claims: Object.fromEntries(claims),
    },
  };
}

/** The audience that the caller is known by. Several are taken only where the issuer's entry says which of them is us. */
function readAudience(aud: unknown, configured: readonly string[] | undefined): string | TokenRefusal {
  const found = typeof aud === 'string' ? [aud] : texts(aud);
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

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
