import { randomBytes } from 'node:crypto';
import { implicit, objectIdentifier, octetString, sequence } from '../../src/crypto/certificates/der-write.ts';
import { makeTestIssuer } from '../../src/crypto/certificates/issue.ts';
import { publicKeyInfo } from '../../src/crypto/certificates/keys.ts';
import { commonName } from '../../src/crypto/certificates/name.ts';
import { writePem } from '../../src/crypto/certificates/pem.ts';
import { issuerIn, sign } from '../../src/crypto/certificates/sign.ts';
import { generateEc } from '../../src/crypto/keys/generate.ts';

/** A certificate authority for one test run, in memory. */
export interface TestAuthority {
  readonly cert: string;
  /** `endsInSeconds`: by default a day; a negative number is in the past. */
  issue(names: {
    readonly dns?: readonly string[];
    readonly uris?: readonly string[];
    readonly endsInSeconds?: number;
  }): Promise<{
    readonly key: string;
    readonly cert: string;
  }>;
}

const daySeconds = 86_400;

/** It signs all names that it is given, even those that no honest authority would sign. */
export async function testAuthority(name: string): Promise<TestAuthority> {
  const own = await makeTestIssuer(name, Date.now());
  const issuer = issuerIn(own);
  const now = Math.floor(Date.now() / 1000);
  return {
    cert: writePem({ ...own, material: undefined }),
    async issue({ dns = [], uris = [], endsInSeconds = daySeconds }) {
      const material = generateEc('P-256');
      // GeneralName (RFC 5280 section 4.2.1.6): 2 is a DNS name, 6 a URI.
      const names = [
        ...dns.map((value) => implicit(2, Buffer.from(value))),
        ...uris.map((value) => implicit(6, Buffer.from(value))),
      ];
      const certificate = await sign(
        {
          issuer,
          subject: commonName('leaf'),
          publicKey: publicKeyInfo(material),
          extensions: [sequence(objectIdentifier('2.5.29.17'), octetString(sequence(...names)))],
        },
        { notBefore: now - daySeconds, notAfter: now + endsInSeconds, serial: randomBytes(16) },
      );
      return {
        key: writePem({ material, certificates: [] }),
        cert: writePem({ material: undefined, certificates: [certificate] }),
      };
    },
  };
}
