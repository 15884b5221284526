import { derTags, magnitudeOf, readDer, writeDer, writeInteger } from './der.ts';
import type { DerValue } from './der.ts';
import { base64Of, base64urlOf, bytesOf, bytesOfBase64url, hexOf, pemOf } from './encoding.ts';

/** A JSON Web Key (RFC 7517): its members are strings, those of a key's numbers in base64url. */
export type Jwk = Readonly<Record<string, string>>;

/** The public part alone. */
export type PublicJwk = Readonly<Partial<Record<'kty' | 'n' | 'e' | 'crv' | 'x' | 'y', string>>>;

export type ReadKey = { readonly ok: true; readonly jwk: Jwk } | { readonly ok: false; readonly fault: string };

/** Object identifiers, in hexadecimal: RFC 8017 appendix A, RFC 5480 section 2.1, SEC 2 for P-256K. */
const rsaOid = '2A864886F70D010101';
const ecOid = '2A8648CE3D0201';
const curveOids: Readonly<Record<string, string>> = {
  '2A8648CE3D030107': 'P-256',
  '2B81040022': 'P-384',
  '2B81040023': 'P-521',
  '2B8104000A': 'P-256K',
};

/** Reads the private key of a PEM file (RFC 5958, RFC 8017 appendix A.1.2, RFC 5915), unencrypted. */
export function readPrivateKey(pem: string): ReadKey {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g)];
  const block = blocks.find(([, label = '']) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) return refused('There is no private key in it: a line with BEGIN PRIVATE KEY is missing.');
  const [, label = '', text = ''] = block;
  if (label.startsWith('ENCRYPTED') || text.includes('ENCRYPTED'))
    return refused('The private key is encrypted: decrypt it first, with "openssl pkey -in FILE".');
  const packed = text.replaceAll(/\s/g, '');
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(packed) ? bytesOf(packed) : new Uint8Array();
  const members = sequenceIn(bytes);
  const jwk =
    label === 'RSA PRIVATE KEY' ? rsaJwk(members) : label === 'EC PRIVATE KEY' ? ecJwk(members) : pkcs8(members);
  return jwk === undefined
    ? refused('The private key is not one that a vault can have: RSA, or EC on P-256, P-384, P-521 or P-256K.')
    : { ok: true, jwk };
}

function refused(fault: string): ReadKey {
  return { ok: false, fault };
}

function sequenceIn(bytes: Uint8Array): readonly DerValue[] {
  const [first] = readDer(bytes) ?? [];
  return (first?.tag === derTags.sequence ? readDer(first.contents) : undefined) ?? [];
}

/** PrivateKeyInfo: version, algorithm, the private key. */
function pkcs8([, algorithm, key]: readonly DerValue[]): Jwk | undefined {
  const [kind, curve] = (algorithm && readDer(algorithm.contents)) ?? [];
  if (kind === undefined || key === undefined) return undefined;
  const members = sequenceIn(key.contents);
  if (oidOf(kind) === rsaOid) return rsaJwk(members);
  return oidOf(kind) === ecOid ? ecJwk(members, curve) : undefined;
}

/** RSAPrivateKey: version, n, e, d, p, q, dp, dq, qi. */
function rsaJwk([, ...numbers]: readonly DerValue[]): Jwk | undefined {
  const names = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
  if (numbers.length !== names.length) return undefined;
  const members: Record<string, string> = { kty: 'RSA' };
  for (const [index, name] of names.entries()) {
    members[name] = base64urlOf(magnitudeOf(numbers[index]?.contents ?? new Uint8Array()));
  }
  return members;
}

/** ECPrivateKey: version, private key, [0] the curve, [1] the public point. */
function ecJwk(members: readonly DerValue[], outerCurve?: DerValue): Jwk | undefined {
  const inside = (tag: number) => {
    const found = members.find((member) => member.tag === tag);
    return found && readDer(found.contents)?.[0];
  };
  const curve = outerCurve ?? inside(derTags.context0);
  const crv = curve && curveOids[oidOf(curve)];
  const d = members[1]?.contents;
  // A bit string begins with the number of unused bits, and an uncompressed point with 4 (SEC 1 section 2.3.3).
  const point = inside(derTags.context1)?.contents;
  if (crv === undefined || d === undefined || point?.[1] !== 4) return undefined;
  const size = (point.length - 2) / 2;
  const [x, y] = [point.subarray(2, 2 + size), point.subarray(2 + size)];
  return { kty: 'EC', crv, x: base64urlOf(x), y: base64urlOf(y), d: base64urlOf(d) };
}

function oidOf({ contents }: DerValue): string {
  return hexOf(base64urlOf(contents));
}

/** The public part of a key as PEM (SubjectPublicKeyInfo); `undefined` for a key that has none. */
export function publicPem({ kty = '', n, e, crv, x, y }: PublicJwk): string | undefined {
  const { sequence, objectIdentifier } = derTags;
  const oid = (hex: string) =>
    writeDer(
      objectIdentifier,
      Uint8Array.from(hex.match(/../g) ?? [], (two) => Number(`0x${two}`)),
    );
  const bits = (bytes: Uint8Array) => writeDer(derTags.bitString, Uint8Array.of(0), bytes);
  const spki = (algorithm: readonly Uint8Array[], key: Uint8Array) =>
    pemOf('PUBLIC KEY', base64Of(writeDer(sequence, writeDer(sequence, ...algorithm), bits(key))));
  if (kty.startsWith('RSA') && n !== undefined && e !== undefined) {
    const numbers = [n, e].map((number) => writeInteger(bytesOfBase64url(number)));
    return spki([oid(rsaOid), writeDer(derTags.null)], writeDer(sequence, ...numbers));
  }
  const [curve] = Object.entries(curveOids).find(([, name]) => name === crv) ?? [];
  if (!kty.startsWith('EC') || curve === undefined || x === undefined || y === undefined) return undefined;
  return spki([oid(ecOid), oid(curve)], Uint8Array.of(4, ...bytesOfBase64url(x), ...bytesOfBase64url(y)));
}
