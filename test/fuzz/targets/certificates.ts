import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { matches, readCertificate } from '../../../src/crypto/certificates/certificate.ts';
import { readChain } from '../../../src/crypto/certificates/chain.ts';
import { explicit, sequence } from '../../../src/crypto/certificates/der-write.ts';
import { decryptPrivateKey } from '../../../src/crypto/certificates/encrypted-private-key.ts';
import { nameConstraints } from '../../../src/crypto/certificates/extensions.ts';
import { readNameConstraints } from '../../../src/crypto/certificates/name-constraints.ts';
import { readPem } from '../../../src/crypto/certificates/pem.ts';
import { readPkcs12 } from '../../../src/crypto/certificates/pkcs12.ts';
import { describeRefusal, outcomeOf, outcomeOfAsync } from '../../../src/crypto/certificates/refusal.ts';
import type { Outcome } from '../../../src/crypto/certificates/refusal.ts';
import { parseRequest } from '../../../src/crypto/certificates/request.ts';
import type { Certificates } from '../../../src/types/certificate.ts';
import samples from '../samples.json' with { type: 'json' };
import { textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');

/** A refusal has a short sentence, which contains nothing of a key. */
function assertRefusal(outcome: Outcome<unknown>): void {
  assert.ok(!outcome.ok);
  const text = describeRefusal(outcome.refusal);
  assert.match(text, /^The |^This is not a /);
  assert.ok(text.length < 2_000, `a refusal of ${text.length} characters`);
}

/** A key comes with its certificate. */
function assertContents({ material, certificates: [first] }: Certificates): void {
  if (material === undefined) return;
  assert.ok(first !== undefined && matches(material, first));
}

/** OpenSSL reads the same from a certificate, if it can read it. We do not look into values of unknown attributes. */
export const certificate: FuzzTarget = {
  form: 'der',
  samples: () => ({
    inputs: samples.certificates.map(bytes),
    read(input) {
      const outcome = readCertificate(input);
      if (!outcome.ok) {
        assertRefusal(outcome);
        return;
      }
      const theirs = openedByOpenssl(input);
      if (theirs === undefined) return;
      const { serial, notBefore, notAfter, thumbprint } = outcome.value;
      assert.equal(Buffer.from(thumbprint, 'base64url').toString('hex'), hexOf(theirs.fingerprint));
      assert.equal(BigInt(`0x${serial}`), unsigned(theirs.serialNumber, serial.length));
      assert.equal(notBefore * 1000, theirs.validFromDate.getTime());
      assert.equal(notAfter * 1000, theirs.validToDate.getTime());
    },
  }),
};

/** No more of a certificate than what leads to its extensions. */
function withConstraints(domain: string): Uint8Array {
  return sequence(sequence(explicit(3, sequence(nameConstraints([domain])))));
}

/** The limits of an authority are read, or refused. */
export const constraints: FuzzTarget = {
  form: 'der',
  samples: () => ({
    inputs: [withConstraints('localhost'), withConstraints('a.test'), ...samples.certificates.map(bytes)],
    read(input) {
      const outcome = outcomeOf('certificate', () => readNameConstraints(input));
      if (!outcome.ok) assertRefusal(outcome);
    },
  }),
};

function openedByOpenssl(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** OpenSSL prints `-1` for `ff`. */
function unsigned(serial: string, digits: number): bigint {
  const size = BigInt(`0x${serial.replace('-', '')}`);
  return serial.startsWith('-') ? BigInt.asUintN(digits * 4, -size) : size;
}

function hexOf(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

export const chain: FuzzTarget = {
  form: 'der',
  samples: () => ({
    inputs: [Buffer.concat(samples.certificates.map(bytes)), ...samples.certificates.map(bytes)],
    read(input) {
      const half = Math.floor(input.length / 2);
      const outcome = readChain([input, input.subarray(0, half), input.subarray(half)]);
      if (!outcome.ok) assertRefusal(outcome);
    },
  }),
};

export const certificateRequest: FuzzTarget = {
  form: 'der',
  samples() {
    const inputs = samples.requests.map(bytes);
    return {
      inputs,
      read(input) {
        const outcome = outcomeOf('certificate request', () => parseRequest(input));
        if (!outcome.ok) assertRefusal(outcome);
        // Its contents are signed: they cannot be changed without the key.
        else assert.ok(inputs.some((known) => Buffer.from(known).equals(input)) || sameBody(inputs, outcome.value));
      },
    };
  },
};

/** The signature and its surroundings may be encoded differently; what was signed may not. */
function sameBody(inputs: readonly Uint8Array[], { publicKey, subject }: ReturnType<typeof parseRequest>): boolean {
  return inputs.some((known) => {
    const parts = parseRequest(known);
    return Buffer.from(parts.publicKey).equals(publicKey) && Buffer.from(parts.subject).equals(subject);
  });
}

const pkcs12 = (inputs: readonly string[], password: string): FuzzTarget => ({
  form: 'der',
  // A file decides itself how often its password is hashed.
  mostMs: 20_000,
  samples: () => ({
    inputs: inputs.map(bytes),
    async read(input) {
      const outcome = await readPkcs12(input, password);
      if (!outcome.ok) {
        assertRefusal(outcome);
        return;
      }
      assertContents(outcome.value);
    },
  }),
});

export const pkcs12WithPassword: FuzzTarget = pkcs12(samples.pkcs12.password, 'p');
export const pkcs12InClear: FuzzTarget = pkcs12(samples.pkcs12.none, '');

export const encryptedKey: FuzzTarget = {
  form: 'der',
  mostMs: 20_000,
  samples: () => ({
    inputs: samples.encryptedKeys.map(bytes),
    async read(input) {
      const outcome = await outcomeOfAsync('private key', () => decryptPrivateKey(input, 'p'));
      if (!outcome.ok) assertRefusal(outcome);
    },
  }),
};

export const pem: FuzzTarget = {
  form: 'text',
  words: [
    '-----BEGIN CERTIFICATE-----\n',
    '-----END CERTIFICATE-----\n',
    '-----BEGIN PRIVATE KEY-----\n',
    'Proc-Type: 4',
  ],
  samples: () => ({
    inputs: samples.pem.map((text) => Buffer.from(text)),
    read(input) {
      const outcome = readPem(textOf(input));
      if (!outcome.ok) {
        assertRefusal(outcome);
        return;
      }
      assertContents(outcome.value);
    },
  }),
};
