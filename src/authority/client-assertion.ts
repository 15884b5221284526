import { X509Certificate } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { isBoundedToken, readNumericDate } from '../caller/token-json.ts';
import type { Client } from '../directory/clients.ts';
import type { KeyCredential } from '../directory/records.ts';
import { refused } from './refusal.ts';
import type { AssertionRefusal } from './refusal.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The tolerated error of a client's clock. */
const skewSeconds = 300;
/** MSAL's assertions last ten minutes. A long-lived one is as dangerous as a leaked password, and must be remembered as long. */
const lifetimeSecondsMax = 3600;
const jtiLengthMax = 256;

/** Decodes a client's JWT without verifying it. Returns `undefined` for anything that is not a well-typed JWT. */
export function decodeAssertion(jwt: string):
  | {
      readonly header: ProtectedHeaderParameters & { readonly 'x5t#S256'?: unknown };
      readonly payload: JWTPayload;
    }
  | undefined {
  if (!isBoundedToken(jwt)) return undefined;
  try {
    const [header, payload] = [decodeProtectedHeader(jwt), decodeJwt(jwt)];
    return isStringIn(header, 'kid') && isTyped(payload) ? { header, payload } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the claims that are used have the types of RFC 7519 section 4.1, which the decoder does not check. */
function isTyped(payload: JWTPayload): boolean {
  const aud: unknown = payload.aud;
  const isAudience = aud === undefined || [aud].flat().every((one) => typeof one === 'string');
  return isAudience && ['iss', 'sub', 'jti'].every((name) => isStringIn(payload, name));
}

function isStringIn(members: object, name: string): boolean {
  const value: unknown = Object.hasOwn(members, name) ? Reflect.get(members, name) : undefined;
  return value === undefined || typeof value === 'string';
}

/** A JWT that a client signed with its certificate to authenticate (RFC 7523 section 2.2). Not verified yet. */
export interface ClientAssertion {
  readonly jwt: string;
  readonly alg: string;
  readonly x5t: string | undefined;
  readonly x5tS256: string | undefined;
  /** `iss` and `sub`, which are the same. */
  readonly clientId: string;
  readonly audiences: readonly string[];
  readonly jti: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** Reads an assertion's header and claims; `undefined` when a required member is missing. */
export function readAssertion(jwt: string): ClientAssertion | undefined {
  const decoded = decodeAssertion(jwt);
  if (decoded === undefined) return undefined;
  const { header, payload } = decoded;
  const { iss, sub, jti, aud } = payload;
  const [exp, nbf] = [readNumericDate(payload.exp), readNumericDate(payload.nbf ?? payload.iat ?? 0)];
  if (header.crit !== undefined || typeof header.alg !== 'string') return undefined;
  if (typeof iss !== 'string' || iss !== sub) return undefined;
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiLengthMax) return undefined;
  if (exp === undefined || nbf === undefined) return undefined;
  return {
    jwt,
    alg: header.alg,
    x5t: readThumbprint(header.x5t),
    x5tS256: readThumbprint(header['x5t#S256']),
    clientId: iss,
    audiences: typeof aud === 'string' ? [aud] : (aud ?? []),
    jti,
    notBefore: nbf,
    expiresAt: exp,
  };
}

/**
 * Verifies that one of the client's certificates signed the assertion, for us and for now. It does not check for replays.
 * `audiences`: the accepted `aud` values, in lower case. Returns when it is refused as too old, in milliseconds since 1970.
 * @throws {Refused} an `AssertionRefusal`
 */
export async function verifyAssertion(
  assertion: ClientAssertion,
  client: Client,
  { audiences, nowMs }: { readonly audiences: readonly string[]; readonly nowMs: number },
): Promise<number> {
  const refusal =
    (await signatureRefusal(assertion, client.certificates, nowMs)) ??
    audienceRefusal(assertion, audiences) ??
    timeRefusal(assertion, nowMs / 1000);
  if (refusal !== undefined) throw refused(refusal);
  return (assertion.expiresAt + skewSeconds) * 1000;
}

async function signatureRefusal(
  { jwt, alg, x5t, x5tS256 }: ClientAssertion,
  certificates: readonly KeyCredential[],
  nowMs: number,
): Promise<AssertionRefusal | undefined> {
  if (alg !== 'RS256' && alg !== 'PS256') return { kind: 'assertionAlgorithmUnsupported' };
  const thumbprint = x5tS256 ?? x5t ?? '';
  // The certificates in the header's `x5c` prove nothing, so only registered ones are used.
  const registered = certificates.find(({ sha1, sha256 }) =>
    x5tS256 === undefined ? sha1 === x5t : sha256 === x5tS256,
  );
  if (registered === undefined) return { kind: 'assertionKeyUnknown', thumbprint };
  const certificate = new X509Certificate(registered.pem);
  if (nowMs < certificate.validFromDate.getTime() || nowMs > certificate.validToDate.getTime()) {
    return { kind: 'assertionKeyExpired', thumbprint, from: certificate.validFrom, to: certificate.validTo };
  }
  try {
    await compactVerify(jwt, certificate.publicKey, { algorithms: [alg] });
    return undefined;
  } catch {
    return { kind: 'assertionSignatureWrong', thumbprint };
  }
}

function audienceRefusal(assertion: ClientAssertion, audiences: readonly string[]): AssertionRefusal | undefined {
  const ours = assertion.audiences.some((audience) => audiences.includes(audience.toLowerCase()));
  return ours ? undefined : { kind: 'assertionForOtherAudience' };
}

function timeRefusal({ notBefore, expiresAt }: ClientAssertion, now: number): AssertionRefusal | undefined {
  if (now >= expiresAt + skewSeconds || now < notBefore - skewSeconds) {
    return { kind: 'assertionOutOfTime', now, from: notBefore, to: expiresAt };
  }
  if (expiresAt > now + lifetimeSecondsMax + skewSeconds) {
    return { kind: 'assertionTooLong', secondsMax: lifetimeSecondsMax };
  }
  return undefined;
}

/** RFC 7515 requires base64url; MSAL for Python adds padding, and MSAL for Go writes plain base64. */
function readThumbprint(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('base64url') : undefined;
}
