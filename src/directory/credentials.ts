import { X509Certificate } from 'node:crypto';
import type { DirectoryRecords, KeyCredential, PasswordCredential } from './records.ts';
import { changeObject } from './objects.ts';
import type { Changed, Stored } from './objects.ts';
import { generateClientSecret, hashClientSecret } from './secret.ts';
import type { Store } from '../store/store.ts';

/** The kinds of objects that have credentials. */
export type CredentialHolder = 'application' | 'servicePrincipal';

/** A secret is checked against the hash of each of a client's, so this bounds the work that a wrong one can cause. */
export const secretsMax = 4;
const certificatesMax = 16;

const hintLength = 3;
const yearMs = 365 * 86_400_000;

export interface AddPassword {
  readonly keyId: string;
  readonly displayName?: string;
  /** Milliseconds since 1970. Default: from now, for two years. */
  readonly startDateTime?: number;
  readonly endDateTime?: number;
}

export interface AddedPassword {
  readonly credential: PasswordCredential;
  /** In clear: it is shown in one answer only. */
  readonly secret: string;
}

/** Adds a secret that the server generates. */
export async function addPassword<K extends CredentialHolder>(
  store: Store,
  { kind, before, now }: { readonly kind: K; readonly before: Stored<K>; readonly now: number },
  { keyId, displayName, startDateTime = now, endDateTime = startDateTime + 2 * yearMs }: AddPassword,
): Promise<Changed<AddedPassword>> {
  const { passwordCredentials } = before.record;
  if (passwordCredentials.length >= secretsMax) {
    return { ok: false, refusal: { kind: 'tooMany', what: 'passwordCredentials', max: secretsMax } };
  }
  if (endDateTime <= startDateTime) {
    const rule = 'it must be later than startDateTime';
    return { ok: false, refusal: { kind: 'propertyInvalid', property: 'endDateTime', rule } };
  }
  const secret = generateClientSecret();
  const credential: PasswordCredential = {
    keyId,
    ...(displayName !== undefined && { displayName }),
    hint: secret.slice(0, hintLength),
    hash: await hashClientSecret(secret),
    startDateTime,
    endDateTime,
  };
  const record = { ...before.record, passwordCredentials: [...passwordCredentials, credential] };
  const changed = await changeObject(store, { kind, record, before });
  return changed.ok ? { ...changed, value: { credential, secret } } : changed;
}

/** Removes a secret. Tokens issued for it stay valid until they expire. */
export async function removePassword<K extends CredentialHolder>(
  store: Store,
  { kind, before }: { readonly kind: K; readonly before: Stored<K> },
  keyId: string,
): Promise<Changed<DirectoryRecords[K]>> {
  const { passwordCredentials } = before.record;
  const kept = passwordCredentials.filter((credential) => credential.keyId !== keyId.toLowerCase());
  if (kept.length === passwordCredentials.length) {
    return { ok: false, refusal: { kind: 'credentialNotFound', keyId } };
  }
  return changeObject(store, { kind, record: { ...before.record, passwordCredentials: kept }, before });
}

export type CertificateAnswer =
  { readonly ok: true; readonly credential: KeyCredential } | { readonly ok: false; readonly rule: string };

/** Reads a client's certificate, PEM or DER. */
export function readCertificate(
  certificate: string | Buffer,
  { keyId, displayName }: Pick<KeyCredential, 'keyId'> & { readonly displayName?: string | undefined },
): CertificateAnswer {
  const parsed = parseCertificate(certificate);
  if (parsed === undefined) return { ok: false, rule: 'it is not an X.509 certificate' };
  const type = parsed.publicKey.asymmetricKeyType;
  // Entra accepts RSA only ("Unsupported asymmetric signing algorithm" otherwise).
  if (type !== 'rsa') return { ok: false, rule: `it has a key of type ${type}: use an RSA key` };
  return {
    ok: true,
    credential: {
      keyId,
      ...(displayName !== undefined && { displayName }),
      sha1: toBase64url(parsed.fingerprint),
      sha256: toBase64url(parsed.fingerprint256),
      pem: parsed.toString(),
      startDateTime: parsed.validFromDate.getTime(),
      endDateTime: parsed.validToDate.getTime(),
    },
  };
}

/** Whether these are more certificates than an object may have. */
export function tooManyCertificates(credentials: readonly KeyCredential[]): boolean {
  return credentials.length > certificatesMax;
}

function parseCertificate(certificate: string | Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}

/** Converts Node's form, `AB:CD:…`. */
function toBase64url(fingerprint: string): string {
  return Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
}
