import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate authority for one test run, in memory. */
export interface TestAuthority {
  readonly cert: string;
  issue(names: { readonly dns?: readonly string[]; readonly uris?: readonly string[] }): Promise<{
    readonly key: string;
    readonly cert: string;
  }>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;

export async function testAuthority(name: string): Promise<TestAuthority> {
  x509.cryptoProvider.set(webcrypto);
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return {
    cert: authority.toString('pem'),
    async issue({ dns = [], uris = [] }) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const names = [
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...uris.map((value) => ({ type: 'url' as const, value })),
      ];
      const certificate = await x509.X509CertificateGenerator.create({
        ...validity,
        subject: 'CN=leaf',
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
      });
      const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      return {
        key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
        cert: certificate.toString('pem'),
      };
    },
  };
}
