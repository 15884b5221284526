import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { CertifiableKey } from '../../types/certificate.ts';
import type { KeyCurve, PublicKey } from '../../types/key.ts';
import { privateKeyObject } from '../key-material.ts';
import { curves } from '../keys/curves.ts';
import { fromPkcs8Der } from '../read-key-material.ts';
import { derNull, objectIdentifier, sequence } from './der-write.ts';
import { Malformed, Refused } from './refusal.ts';

const rsaSizes: ReadonlySet<number> = new Set([2048, 3072, 4096]);

interface SignatureAlgorithm {
  readonly identifier: string;
  readonly family: 'RSA' | 'EC';
  readonly hash: string;
}

/** RFC 4055 section 5 (RSASSA-PKCS1-v1_5) and RFC 5758 section 3.2. Without SHA-1, which is broken. */
const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { identifier: '1.2.840.113549.1.1.11', family: 'RSA', hash: 'sha256' },
  { identifier: '1.2.840.113549.1.1.12', family: 'RSA', hash: 'sha384' },
  { identifier: '1.2.840.113549.1.1.13', family: 'RSA', hash: 'sha512' },
  { identifier: '1.2.840.10045.4.3.2', family: 'EC', hash: 'sha256' },
  { identifier: '1.2.840.10045.4.3.3', family: 'EC', hash: 'sha384' },
  { identifier: '1.2.840.10045.4.3.4', family: 'EC', hash: 'sha512' },
];

const signLater = promisify<string, Uint8Array, KeyObject, Buffer>(sign);

export type PublicCertifiableKey = Exclude<PublicKey, { readonly kty: 'oct' }>;

/** SubjectPublicKeyInfo, DER. */
export function publicKeyInfo(material: CertifiableKey): Buffer {
  return createPublicKey(privateKeyObject(material)).export({ format: 'der', type: 'spki' });
}

/** How a key signs certificates: RSA with SHA-256, EC by its curve. RSA has NULL as parameters, EC has none. */
export function signatureAlgorithmOf(key: CertifiableKey): SignatureAlgorithm & { readonly encoded: Buffer } {
  const wanted = key.kty === 'RSA' ? 'sha256' : curves[key.crv].hash;
  const found = signatureAlgorithms.find(({ family, hash }) => family === key.kty && hash === wanted);
  if (found === undefined) throw new TypeError(`no signature algorithm has ${wanted} for ${key.kty}`);
  return { ...found, encoded: sequence(objectIdentifier(found.identifier), ...(key.kty === 'RSA' ? [derNull] : [])) };
}

/** Off this thread: an RSA signature takes milliseconds. */
export function signWith(material: CertifiableKey, data: Uint8Array): Promise<Buffer> {
  return signLater(signatureAlgorithmOf(material).hash, data, privateKeyObject(material));
}

/** Whether the signature is by `publicKey` (SubjectPublicKeyInfo) with this algorithm. */
export function verifies(
  publicKey: Uint8Array,
  identifier: string,
  signed: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const { kty } = readPublicKey(publicKey);
  const algorithm = signatureAlgorithms.find((known) => known.identifier === identifier && known.family === kty);
  if (algorithm === undefined) {
    throw new Refused({ kind: 'algorithmNotSupported', use: 'signature', algorithm: identifier });
  }
  return verify(algorithm.hash, signed.data, spki(publicKey), signed.signature);
}

function spki(bytes: Uint8Array): KeyObject {
  return orMalformed('its public key cannot be read', () =>
    createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' }),
  );
}

/** OpenSSL's messages are left out: they are about its internals. */
function orMalformed<T>(detail: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new Malformed(detail);
  }
}

/** Reads a SubjectPublicKeyInfo. */
export function readPublicKey(bytes: Uint8Array): PublicCertifiableKey {
  const key = supported(spki(bytes));
  const { kty, n, e, crv, x, y } = orMalformed('its public key cannot be read', () => key.export({ format: 'jwk' }));
  return kty === 'RSA' ? { kty, n: given(n), e: given(e) } : { kty: 'EC', crv: curveOf(crv), x: given(x), y: given(y) };
}

/** Reads a private key in PKCS #8, by the rules of every imported key. */
export function readPrivateKey(bytes: Uint8Array): CertifiableKey {
  const unreadable = 'its private key cannot be read';
  const key = supported(
    orMalformed(unreadable, () => createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' })),
  );
  const read = fromPkcs8Der(orMalformed(unreadable, () => key.export({ format: 'der', type: 'pkcs8' })));
  if (!read.ok) throw new Refused(read.refusal);
  if (read.material.kty === 'oct') throw new Refused({ kind: 'keyNotSupported', found: 'symmetric' });
  return read.material;
}

function supported(key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const size = details?.modulusLength;
  if (type === 'rsa' && size !== undefined && rsaSizes.has(size)) return key;
  const group = details?.namedCurve;
  if (type === 'ec' && Object.values(curves).some((curve) => curve.group === group)) return key;
  const found =
    type === 'rsa' ? `RSA of ${size} bits` : type === 'ec' ? `EC on ${group ?? 'a curve without a name'}` : type;
  throw new Refused({ kind: 'keyNotSupported', found: found ?? 'of an unknown kind' });
}

function curveOf(name: string | undefined): KeyCurve {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets what the type of `curves` says
  const found = (Object.keys(curves) as KeyCurve[]).find((curve) => curves[curve].crv === name);
  if (found === undefined) throw new Malformed('its key is on an unknown curve');
  return found;
}

function given(member: string | undefined): string {
  if (member === undefined || member === '') throw new Malformed('its key lacks a part');
  return member;
}
