import { compactVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { KeySource } from '../caller/key-sources.ts';
import { readNumericDate } from '../caller/token-json.ts';
import { algorithms } from '../caller/verify.ts';
import type { FederatedIdentityCredential } from '../directory/records.ts';
import { decodeAssertion } from './client-assertion.ts';
import { refused } from './refusal.ts';

/** The tolerated error of the issuer's clock. */
const skewSeconds = 300;

export interface FederationServices {
  /** The keys of an issuer that the operator added; `undefined` for others, because no URL from a client is fetched. */
  readonly externalKeys: (issuer: string) => KeySource | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Whether an assertion comes from another issuer, rather than from the client itself. */
export function isFederated(jwt: string): boolean {
  const payload = decodeAssertion(jwt)?.payload;
  return typeof payload?.iss === 'string' && payload.iss.startsWith('https://') && payload.iss !== payload.sub;
}

/**
 * Workload identity federation: verifies that the token matches one of the client's federated identity credentials (issuer,
 * subject and audience are compared exactly) and that the issuer signed it.
 * @throws {Refused}
 */
export async function verifyFederated(
  jwt: string,
  credentials: readonly FederatedIdentityCredential[],
  { externalKeys, now }: FederationServices,
): Promise<void> {
  const decoded = decodeAssertion(jwt);
  if (decoded === undefined || decoded.header.crit !== undefined) throw refused({ kind: 'assertionMalformed' });
  const { header, payload } = decoded;
  const { iss: issuer = '', sub: subject = '' } = payload;
  const [exp, nbf] = [readNumericDate(payload.exp), readNumericDate(payload.nbf ?? payload.iat ?? 0)];
  if (exp === undefined || nbf === undefined) throw refused({ kind: 'assertionMalformed' });
  refuseUnmatched(payload, credentials);
  const keys = externalKeys(issuer);
  if (keys === undefined) throw refused({ kind: 'federatedIssuerNotTrusted', issuer });
  const alg = header.alg ?? '';
  if (!algorithms.external.includes(alg)) throw refused({ kind: 'assertionAlgorithmUnsupported' });
  const answer = await keys({ alg, kid: header.kid });
  if (!answer.ok) throw refused({ kind: 'federatedKeysUnavailable', issuer, kid: header.kid ?? '' });
  try {
    await compactVerify(jwt, answer.key, { algorithms: [alg] });
  } catch {
    throw refused({ kind: 'federatedSignatureWrong', issuer, subject });
  }
  const seconds = now() / 1000;
  const inTime = seconds < exp + skewSeconds && seconds >= nbf - skewSeconds;
  if (!inTime) throw refused({ kind: 'assertionOutOfTime', now: seconds, from: nbf, to: exp });
}

function refuseUnmatched(
  { iss: issuer = '', sub: subject = '', aud }: JWTPayload,
  credentials: readonly FederatedIdentityCredential[],
): void {
  const audiences = typeof aud === 'string' ? [aud] : (aud ?? []);
  const ofIssuer = credentials.filter((credential) => credential.issuer === issuer);
  if (ofIssuer.length === 0) throw refused({ kind: 'federatedIssuerUnknown', issuer });
  const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
  if (ofSubject.length === 0) throw refused({ kind: 'federatedSubjectUnknown', subject });
  const ofAudience = ofSubject.filter((credential) => credential.audiences.some((one) => audiences.includes(one)));
  if (ofAudience.length > 0) return;
  throw refused({ kind: 'federatedAudienceUnknown', audience: audiences.join(', ') });
}
