import { X509Certificate } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { isBoundedToken, readNumericDate } from '../caller/token-json.ts';
import type { Client } from '../directory/clients.ts';
import type { KeyCredential } from '../directory/records.ts';
import type { AssertionRefusal } from './refusal.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How far a client's clock may be off. */
const skewSeconds = 300;
/** MSAL makes assertions of ten minutes. A long one is a password on the loose, and must be remembered as long. */
const lifetimeSecondsMax = 3600;
const jtiLengthMax = 256;

/** The header and claims of a JWT that a client logs in with, not verified; `undefined` for anything else. */
export function decodeAssertion(text: string):
  | {
      readonly header: ProtectedHeaderParameters & { readonly 'x5t#S256'?: unknown };
      readonly payload: JWTPayload;
    }
  | undefined {
  if (!isBoundedToken(text)) return undefined;
  try {
    const [header, payload] = [decodeProtectedHeader(text), decodeJwt(text)];
    return isTextIn(header, 'kid') && isTyped(payload) ? { header, payload } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the claims that are looked at have the types of RFC 7519 section 4.1, which the decoder takes for granted. */
function isTyped(payload: JWTPayload): boolean {
  const aud: unknown = payload.aud;
  const isAudience = aud === undefined || [aud].flat().every((one) => typeof one === 'string');
  return isAudience && ['iss', 'sub', 'jti'].every((name) => isTextIn(payload, name));
}

function isTextIn(members: object, name: string): boolean {
  const value: unknown = Object.hasOwn(members, name) ? Reflect.get(members, name) : undefined;
  return value === undefined || typeof value === 'string';
}

/** A JWT that a client signed with its certificate, in order to log in (RFC 7523 section 2.2). Not verified yet. */
export interface ClientAssertion {
  readonly text: string;
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

/** Reads an assertion's header and claims; `undefined` when anything that it must have is missing. */
export function readAssertion(text: string): ClientAssertion | undefined {
  const decoded = decodeAssertion(text);
  if (decoded === undefined) return undefined;
  const { header, payload } = decoded;
  const { iss, sub, jti, aud } = payload;
  const [exp, nbf] = [readNumericDate(payload.exp), readNumericDate(payload.nbf ?? payload.iat ?? 0)];
  if (header.crit !== undefined || typeof header.alg !== 'string') return undefined;
  if (typeof iss !== 'string' || iss !== sub) return undefined;
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiLengthMax) return undefined;
  if (exp === undefined || nbf === undefined) return undefined;
  return {
    text,
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

export interface AssertionContext {
  /** The `aud` values that mean us, in lower case. */
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type AssertionVerdict =
  /** `forgetAt` in milliseconds since 1970: from then on it is refused for its age. */
  { readonly ok: true; readonly forgetAt: number } | { readonly ok: false; readonly refusal: AssertionRefusal };

/** Whether one of the client's certificates signed this, for us, for now. Whether it was used before is not asked here. */
export async function verifyAssertion(
  assertion: ClientAssertion,
  client: Client,
  context: AssertionContext,
): Promise<AssertionVerdict> {
  const refusal =
    (await signatureRefusal(assertion, client.certificates, context.now)) ??
    audienceRefusal(assertion, context.audiences) ??
    timeRefusal(assertion, context.now / 1000);
  if (refusal !== undefined) return { ok: false, refusal };
  return { ok: true, forgetAt: (assertion.expiresAt + skewSeconds) * 1000 };
}

async function signatureRefusal(
  { text, alg, x5t, x5tS256 }: ClientAssertion,
  certificates: readonly KeyCredential[],
  now: number,
): Promise<AssertionRefusal | undefined> {
  if (alg !== 'RS256' && alg !== 'PS256') return { kind: 'assertionAlgorithmUnsupported' };
  const thumbprint = x5tS256 ?? x5t ?? '';
  // The certificates in the header's `x5c` prove nothing: only those that were registered are looked at.
  const registered = certificates.find(({ sha1, sha256 }) =>
    x5tS256 === undefined ? sha1 === x5t : sha256 === x5tS256,
  );
  if (registered === undefined) return { kind: 'assertionKeyUnknown', thumbprint };
  const certificate = new X509Certificate(registered.pem);
  if (now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()) {
    return { kind: 'assertionKeyExpired', thumbprint, from: certificate.validFrom, to: certificate.validTo };
  }
  try {
    await compactVerify(text, certificate.publicKey, { algorithms: [alg] });
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

/** RFC 7515 says base64url; MSAL for Python pads it, and MSAL for Go writes plain base64. */
function readThumbprint(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('base64url') : undefined;
}
