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

/** Node's limit for all headers of a request, so a longer token cannot have come in a header. */
const tokenLengthMax = 16_384;

/** A record of the store that must be in that state; `null`: it must not exist. */
interface KeyRequirement {
  readonly key: string;
  readonly version: string | null;
}

/** Keys of our own authority that another node may replace or revoke. */
export interface SharedKeys {
  /** The records that must stay as they are for all that the keys verify from now on. */
  readonly requirements: readonly KeyRequirement[];
  /** Reads them again. */
  reload(): Promise<void>;
}

interface VerifierOptions {
  readonly issuers: IssuerTable;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How many verified tokens are remembered. */
  readonly cacheSize: number;
  /** Looks up a caller's groups: a token of our own authority for a caller with too many does not list them. */
  readonly groupsOf: (caller: Caller) => Promise<readonly string[]>;
  /** Absent: no other process changes the keys. */
  readonly sharedKeys?: SharedKeys | undefined;
}

/**
 * Turns a bearer token into a verified caller: form, issuer, algorithm, key, signature and claims. `admit` decides on
 * every request whether that caller is accepted here and now (tenant, audience, time).
 */
export interface Verifier {
  /** The caller of a token that was verified before and has not expired; otherwise call `verify`. Synchronous and cheap. */
  readonly verifyCached: (token: string) => Caller | undefined;
  readonly verify: (token: string) => Promise<Verification>;
  /** Forgets every token. Call it when issuers or keys change. */
  readonly drop: () => void;
  /** The records that must stay as they are for each caller that is verified, or known, from now on: ask for them first. */
  readonly requirements: () => readonly KeyRequirement[];
  /** Reads the keys again if they are what this record is about, because it has changed; false: they are not. */
  readonly renew: (key: string) => Promise<boolean>;
}

export function createVerifier({ issuers, now, cacheSize, groupsOf, sharedKeys }: VerifierOptions): Verifier {
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
    requirements: () => sharedKeys?.requirements ?? [],
    async renew(key) {
      if (sharedKeys?.requirements.some((required) => required.key === key) !== true) return false;
      await sharedKeys.reload();
      return true;
    },
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
  // We support no extensions, so a token with a critical one must be refused (RFC 7515 section 4.1.11).
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
  if (verification.ok && issuer.issuerClass === 'external') return withoutDirectoryIds(verification.caller, issuer);
  // Entra, "Groups overage claim": such a token only says that there are groups; we look them up in the directory.
  if (!verification.ok || issuer.issuerClass !== 'own' || payload['hasgroups'] !== true) return verification;
  const { caller } = verification;
  return { ok: true, caller: { ...caller, groups: await groupsOf(caller) } };
}

/**
 * Keeps an external issuer's ids apart from the directory's. With the id of a directory object, a caller would have that
 * object's permissions; so such a subject is refused, and such a group is left out.
 */
async function withoutDirectoryIds(
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
  // The key does not work with this algorithm: it is too short, or of another type.
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

/** The tolerated difference between the clocks of issuer and server; Entra's own libraries allow the same. */
export const clockSkewSeconds = 300;

/** The requirements of a service for its callers. */
export interface Admission {
  /** The tenant of the vault, or of the subscription: a GUID in lower case. */
  readonly tenant: string;
  /** Whether callers of the services' tenant are accepted too, as vaults do (AKV10032 lists their issuer). */
  readonly services: boolean;
  readonly audiences: readonly string[];
  /** Audiences accepted in an external issuer's tokens only; our own tokens are never issued for these. */
  readonly externalAudiences?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The tolerated difference between the clocks of issuer and server. */
  readonly skewSeconds: number;
}

type AdmissionVerdict = { readonly ok: true } | { readonly ok: false; readonly refusal: TokenRefusal };

const admitted: AdmissionVerdict = { ok: true };

/** Whether a verified caller is accepted here and now. Call it on every request: a cached token expires too. */
export function admit(caller: Caller, expected: Admission): AdmissionVerdict {
  const ofTenant = caller.tenant === expected.tenant;
  if (!ofTenant && !(expected.services && caller.issuerClass === 'services')) {
    return { ok: false, refusal: { kind: 'wrongIssuer', found: caller.issuer } };
  }
  if (!acceptsAudience(caller, expected)) {
    return { ok: false, refusal: { kind: 'wrongAudience', expected: expected.audiences, found: caller.audience } };
  }
  const seconds = expected.now / 1000;
  // RFC 7519 section 4.1.4: refused "on or after" `exp`; section 4.1.5: refused "before" `nbf`.
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
 * and a token that failed verification is never added. At most `size` entries; the least recently used one is dropped.
 */
class CallerCache {
  readonly #callers: BoundedMap<string, Caller>;
  #generation = 0;
  /** The last token that was looked up, until the running code has returned: requests of one turn often have the same token. */
  #last: { readonly token: string; readonly caller: Caller } | undefined;

  constructor(size: number) {
    this.#callers = new BoundedMap(size);
  }

  /** The number of `drop`s: a verification that began before one must not be cached after it. */
  get generation(): number {
    return this.#generation;
  }

  /** `nowMs` in milliseconds since 1970. An expired token is removed. */
  get(token: string, nowMs: number): Caller | undefined {
    const caller = this.#last?.token === token ? this.#last.caller : this.#lookUp(token);
    if (caller === undefined || !hasExpired(caller, nowMs)) return caller;
    this.#last = undefined;
    this.#callers.delete(digestOf(token));
    return undefined;
  }

  #lookUp(token: string): Caller | undefined {
    const digest = digestOf(token);
    const caller = this.#callers.get(digest);
    if (caller === undefined) return undefined;
    this.#callers.set(digest, caller);
    if (this.#last === undefined) queueMicrotask(() => (this.#last = undefined));
    this.#last = { token, caller };
    return caller;
  }

  put(token: string, caller: Caller, when: { readonly generation: number; readonly nowMs: number }): void {
    if (when.generation !== this.#generation || hasExpired(caller, when.nowMs)) return;
    this.#callers.set(digestOf(token), caller);
  }

  drop(): void {
    this.#generation += 1;
    this.#last = undefined;
    this.#callers.clear();
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

function hasExpired(caller: Caller, nowMs: number): boolean {
  return caller.expiresAt * 1000 <= nowMs;
}
