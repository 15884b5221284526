import { hash } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { BoundedMap } from '../shares/bounded-map.ts';
import type { Caller, IssuerClass } from '../types/caller.ts';
import { readClaims } from './claims.ts';
import type { Verification } from './claims.ts';
import type { Issuer, IssuerTable } from './issuers.ts';
import type { TokenPart, TokenRefusal } from './refusal.ts';
import { isBoundedToken } from './token-json.ts';

/**
 * The signature algorithms (RFC 7518 section 3.1) that each class of issuer may use, all of them asymmetric: a public
 * key must never serve as an HMAC secret (RFC 8725 section 3.1).
 */
export const algorithms: Readonly<Record<IssuerClass, readonly string[]>> = {
  own: ['RS256'],
  services: ['RS256'],
  external: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
};

/** Node's own limit for all headers of a request; a longer token never came from one. */
const tokenLengthMax = 16_384;

interface VerifierOptions {
  readonly issuers: IssuerTable;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How many verified tokens are remembered. */
  readonly cacheSize: number;
  /** The groups of a caller whose token, one of our own authority, has too many to name them. */
  readonly groupsOf: (caller: Caller) => Promise<readonly string[]>;
}

/**
 * From a bearer token to the caller whose it is: form, issuer, algorithm, key, signature and claims. Whether the caller
 * may come in here and now (tenant, audience, time) is `admit`'s question, asked on every request.
 */
export interface Verifier {
  /** The caller of a token that was verified before and has not expired; otherwise ask `verify`. Synchronous and cheap. */
  readonly verifyCached: (token: string) => Caller | undefined;
  readonly verify: (token: string) => Promise<Verification>;
  /** To be called when issuers or keys change: forgets every token. */
  readonly drop: () => void;
}

export function createVerifier({ issuers, now, cacheSize, groupsOf }: VerifierOptions): Verifier {
  const cache = new CallerCache(cacheSize);
  const verifyCached = (token: string) => cache.get(token, now());
  return {
    verifyCached,
    async verify(token) {
      const known = verifyCached(token);
      if (known !== undefined) return { ok: true, caller: known };
      const generation = cache.generation;
      const verification = await verifyToken(token, { issuers, groupsOf });
      if (verification.ok) cache.put(token, verification.caller, { generation, nowMs: now() });
      return verification;
    },
    drop: () => cache.drop(),
  };
}

async function verifyToken(
  token: string,
  { issuers, groupsOf }: Pick<VerifierOptions, 'issuers' | 'groupsOf'>,
): Promise<Verification> {
  if (token.length > tokenLengthMax || token.split('.').length !== 3 || !isBoundedToken(token)) {
    return malformed('token');
  }
  const header = readHeader(token);
  // We understand no extension, so a token that declares one critical must be refused (RFC 7515 section 4.1.11).
  if (header === undefined || header.crit !== undefined) return malformed('header');
  const payload = readPayload(token);
  if (payload === undefined) return malformed('payload');
  if (typeof payload.iss !== 'string') return malformed('iss');
  const issuer = issuers.find(payload.iss);
  if (issuer === undefined) return { ok: false, refusal: { kind: 'wrongIssuer', found: payload.iss } };

  const supported = algorithms[issuer.issuerClass];
  const found = header.alg;
  if (typeof found !== 'string') return malformed('header');
  if (!supported.includes(found)) return { ok: false, refusal: { kind: 'unsupportedAlgorithm', found, supported } };
  if (header.kid !== undefined && typeof header.kid !== 'string') return malformed('header');
  const answer = await issuer.keys({ alg: found, kid: header.kid });
  if (!answer.ok) return answer;
  try {
    await compactVerify(token, answer.key, { algorithms: [found] });
  } catch (error) {
    return { ok: false, refusal: signatureRefusal(error, header.kid) };
  }
  const verification = readClaims(payload, issuer);
  if (verification.ok && issuer.issuerClass === 'external') return apartFromDirectory(verification.caller, issuer);
  // Entra, "Groups overage claim": such a token says that there are groups, and its reader looks them up in the directory.
  if (!verification.ok || issuer.issuerClass !== 'own' || payload['hasgroups'] !== true) return verification;
  const { caller } = verification;
  return { ok: true, caller: { ...caller, groups: await groupsOf(caller) } };
}

/**
 * An issuer's subjects and groups are its own. One that has the id of a directory object would have what that object was
 * given, so a subject is refused, and a group left out.
 */
async function apartFromDirectory(
  caller: Caller,
  { forbiddenIds }: Extract<Issuer, { issuerClass: 'external' }>,
): Promise<Verification> {
  const { issuer, objectId, groups } = caller;
  const forbidden = await forbiddenIds([objectId, ...groups]);
  if (forbidden.has(objectId.toLowerCase())) {
    return { ok: false, refusal: { kind: 'directoryObject', issuer, objectId } };
  }
  return { ok: true, caller: { ...caller, groups: groups.filter((group) => !forbidden.has(group.toLowerCase())) } };
}

function signatureRefusal(error: unknown, kid: string | undefined): TokenRefusal {
  if (error instanceof errors.JWSSignatureVerificationFailed) return { kind: 'wrongSignature' };
  if (error instanceof errors.JWSInvalid) return { kind: 'malformed', part: 'token' };
  // The key is no use for this algorithm: too short, or of another type.
  return { kind: 'unknownKey', kid };
}

function readHeader(token: string): ProtectedHeaderParameters | undefined {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
}

function readPayload(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

function malformed(part: TokenPart): Verification {
  return { ok: false, refusal: { kind: 'malformed', part } };
}

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

type AdmissionVerdict = { readonly ok: true } | { readonly ok: false; readonly refusal: TokenRefusal };

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

/**
 * Verified callers by the SHA-256 digest of their token: a look-up costs one digest, no bearer token is kept in memory,
 * and nothing that failed verification ever gets in. At most `size` entries; the one unused longest goes first.
 */
class CallerCache {
  readonly #callers: BoundedMap<string, Caller>;
  #generation = 0;

  constructor(size: number) {
    this.#callers = new BoundedMap(size);
  }

  /** Counts the `drop`s: whoever began to verify before one must not put the result in after it. */
  get generation(): number {
    return this.#generation;
  }

  /** `nowMs` in milliseconds since 1970: an expired token is forgotten. */
  get(token: string, nowMs: number): Caller | undefined {
    const digest = digestOf(token);
    const caller = this.#callers.get(digest);
    if (caller === undefined) return undefined;
    if (hasExpired(caller, nowMs)) {
      this.#callers.delete(digest);
      return undefined;
    }
    this.#callers.set(digest, caller);
    return caller;
  }

  put(token: string, caller: Caller, when: { readonly generation: number; readonly nowMs: number }): void {
    if (when.generation !== this.#generation || hasExpired(caller, when.nowMs)) return;
    this.#callers.set(digestOf(token), caller);
  }

  drop(): void {
    this.#generation += 1;
    this.#callers.clear();
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

function hasExpired(caller: Caller, nowMs: number): boolean {
  return caller.expiresAt * 1000 <= nowMs;
}
