import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import type { Caller, IssuerClass } from '../types/caller.ts';
import { CallerCache } from './caller-cache.ts';
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

export interface VerifierOptions {
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
