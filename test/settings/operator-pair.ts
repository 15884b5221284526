import { randomBytes } from 'node:crypto';
import { contentExtensions, keyIdentifier, subjectKeyIdentifier } from '../../src/crypto/certificates/extensions.ts';
import { publicKeyInfo } from '../../src/crypto/certificates/keys.ts';
import { commonName } from '../../src/crypto/certificates/name.ts';
import { writePem } from '../../src/crypto/certificates/pem.ts';
import { sign } from '../../src/crypto/certificates/sign.ts';
import { generateEc } from '../../src/crypto/keys/generate.ts';
import type { CertifiableKey } from '../../src/types/certificate.ts';

/** A certificate with its key, both PEM, and the means to sign others. */
export interface Signed {
  readonly key: string;
  readonly certificate: string;
  readonly material: CertifiableKey;
  readonly name: Uint8Array;
}

interface Wanted {
  readonly subject: string;
  readonly dnsNames?: readonly string[];
  readonly ekus?: readonly string[];
  /** By default a new one on P-256. */
  readonly material?: CertifiableKey;
  /** Days from now; by default from yesterday for ninety. */
  readonly days?: readonly [from: number, to: number];
  readonly isAuthority?: boolean;
}

const daySeconds = 86_400;

/** A certificate that `by` signed, or that signed itself. */
export async function signed(wanted: Wanted, by?: Signed): Promise<Signed> {
  const {
    subject,
    dnsNames = [],
    ekus = [],
    material = generateEc('P-256'),
    days = [-1, 90],
    isAuthority = false,
  } = wanted;
  const now = Math.floor(Date.now() / 1000);
  const publicKey = publicKeyInfo(material);
  const name = commonName(subject);
  const contents = {
    subject,
    ekus: [...ekus],
    keyUsage: isAuthority ? (['keyCertSign'] as const) : (['digitalSignature'] as const),
    ...(dnsNames.length > 0 && { sans: { dnsNames: [...dnsNames] } }),
    ...(isAuthority && { basicConstraints: { ca: true } }),
  };
  const certificate = await sign(
    {
      issuer: by ?? { name, material },
      subject: name,
      publicKey,
      extensions: [...contentExtensions(contents), subjectKeyIdentifier(keyIdentifier(publicKey))],
    },
    { notBefore: now + days[0] * daySeconds, notAfter: now + days[1] * daySeconds, serial: randomBytes(16) },
  );
  return {
    key: writePem({ material, certificates: [] }),
    certificate: writePem({ material: undefined, certificates: [certificate] }),
    material,
    name,
  };
}
