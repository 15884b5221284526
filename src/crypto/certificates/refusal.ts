import { nameOfAlgorithm } from './algorithm-names.ts';

/** Why a certificate, a request or a file that contains them is refused. `describeRefusal` has the messages. */
export type CertificateFileRefusal =
  | { readonly kind: 'badSubject'; readonly detail: string }
  | { readonly kind: 'badAlternativeName'; readonly detail: string }
  | { readonly kind: 'badUsage'; readonly detail: string }
  | { readonly kind: 'badValidity'; readonly detail: string }
  | { readonly kind: 'malformed'; readonly what: FileKind; readonly detail: string }
  | { readonly kind: 'requestNotSigned' }
  | { readonly kind: 'wrongPassword' }
  | { readonly kind: 'notDecrypted' }
  | { readonly kind: 'encryptedPem' }
  | { readonly kind: 'passwordMissing' }
  | { readonly kind: 'keyNotDecrypted' }
  | { readonly kind: 'noCertificate'; readonly what: FileKind }
  | { readonly kind: 'noPrivateKey'; readonly what: FileKind }
  | { readonly kind: 'severalPrivateKeys'; readonly what: FileKind }
  | { readonly kind: 'keyDoesNotMatch' }
  /** The members of a key are not consistent; the message names them without their values. */
  | { readonly kind: 'keyNotValid'; readonly message: string }
  | { readonly kind: 'keyNotSupported'; readonly found: string }
  | { readonly kind: 'algorithmNotSupported'; readonly use: AlgorithmUse; readonly algorithm: string }
  | { readonly kind: 'tooManyCertificates'; readonly what: FileKind; readonly found: number; readonly most: number }
  | { readonly kind: 'tooManyChecks'; readonly what: FileKind; readonly most: number }
  | { readonly kind: 'tooMuchWork'; readonly what: FileKind; readonly most: number }
  | { readonly kind: 'tooLarge'; readonly what: FileKind; readonly found: number; readonly most: number };

export type FileKind =
  'PKCS #12 file' | 'PEM file' | 'certificate' | 'chain of certificates' | 'certificate request' | 'private key';

/** The uses of algorithms and types, with the supported ones. */
const algorithmUses = {
  signature: 'RSASSA-PKCS1-v1_5 and ECDSA with SHA-256, SHA-384 or SHA-512 are',
  encryption: 'PBES2 with AES or 3DES in CBC mode, and PBES1 with 3DES or RC2 are',
  'key derivation': 'PBKDF2 is',
  HMAC: 'those with SHA-1 and SHA-2 are',
  'authentication code': 'PBMAC1, and HMAC with SHA-1 or SHA-2 are',
  'content type': 'data and data encrypted with a password are',
  'PKCS #12 bag': 'private keys, certificates and bags of them are',
  'certificate type': 'X.509 is',
} as const;

export type AlgorithmUse = keyof typeof algorithmUses;

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: CertificateFileRefusal };

type Texts = {
  readonly [K in CertificateFileRefusal['kind']]: (refusal: Extract<CertificateFileRefusal, { kind: K }>) => string;
};

const texts: Texts = {
  badSubject: ({ detail }) => `The subject ${detail}`,
  badAlternativeName: ({ detail }) => `The subject alternative name ${detail}`,
  badUsage: ({ detail }) => `The extended key usage ${detail}`,
  badValidity: ({ detail }) => `The validity ${detail}`,
  malformed: ({ what, detail }) => `This is not a ${what} that can be read: ${detail}.`,
  requestNotSigned: () => 'The signature of the certificate request does not belong to its public key.',
  wrongPassword: () => 'The password of the PKCS #12 file is wrong.',
  notDecrypted: () => 'The PKCS #12 file does not decrypt: the password is wrong, or the file is damaged.',
  encryptedPem: () =>
    'The private key is encrypted. Write it without a password (openssl pkey), or use a PKCS #12 file.',
  passwordMissing: () =>
    'The private key is encrypted. Give its password (pwd), or decrypt the file first (openssl pkey).',
  keyNotDecrypted: () => 'The private key does not decrypt: the password (pwd) is wrong, or the key is damaged.',
  noCertificate: ({ what }) => `The ${what} holds no certificate.`,
  noPrivateKey: ({ what }) => `The ${what} holds no private key.`,
  severalPrivateKeys: ({ what }) => `The ${what} holds several private keys; one is needed.`,
  keyDoesNotMatch: () => 'The private key belongs to none of the certificates.',
  keyNotValid: ({ message }) => message,
  keyNotSupported: ({ found }) =>
    `The key is ${found}. RSA keys of 2048, 3072 or 4096 bits and EC keys on P-256, P-384, P-521 or P-256K are supported.`,
  algorithmNotSupported: ({ use, algorithm }) =>
    `The ${use} ${nameOfAlgorithm(algorithm)} is not supported; ${algorithmUses[use]}.`,
  tooManyCertificates: ({ what, found, most }) => `The ${what} holds ${found} certificates; at most ${most} are read.`,
  tooManyChecks: ({ what, most }) =>
    `The ${what} holds so many certificates of one name that its chain takes more than ${most} signature checks.`,
  tooMuchWork: ({ what, most }) =>
    `The ${what} asks for more than ${most} rounds of key derivation. Write it with fewer: OpenSSL's default is 2048 (-iter).`,
  tooLarge: ({ what, found, most }) => `The ${what} has ${found} bytes; at most ${most} are read.`,
};

/** Stops the reading or making of a certificate. `outcomeOf` catches it, so it does not leave this folder. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: CertificateFileRefusal;

  constructor(refusal: CertificateFileRefusal) {
    super(describeRefusal(refusal));
    this.refusal = refusal;
  }
}

/** Bytes that are not in the right form; `outcomeOf` adds the kind of file. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Returns what `read` returns, or the refusal that it throws. `what` is the kind of file, for the message. */
export function outcomeOf<T>(what: FileKind, read: () => T): Outcome<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, what) };
  }
}

/** The same for a promise. */
export async function outcomeOfAsync<T>(what: FileKind, read: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, what) };
  }
}

function refusalOf(error: unknown, what: FileKind): CertificateFileRefusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof Malformed) return { kind: 'malformed', what, detail: error.message };
  throw error;
}

/** The refusal as a sentence for the client. It never contains a password or key material. */
export function describeRefusal<K extends CertificateFileRefusal['kind']>(
  refusal: Extract<CertificateFileRefusal, { kind: K }> & { readonly kind: K },
): string {
  return texts[refusal.kind](refusal);
}
