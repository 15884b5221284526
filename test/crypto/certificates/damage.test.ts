import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { readCertificate } from '../../../src/crypto/certificates/certificate.ts';
import { issue, makeTestIssuer } from '../../../src/crypto/certificates/issue.ts';
import { readPem, writePem } from '../../../src/crypto/certificates/pem.ts';
import { readPkcs12, writePkcs12 } from '../../../src/crypto/certificates/pkcs12.ts';
import { describeRefusal } from '../../../src/crypto/certificates/refusal.ts';
import type { Outcome } from '../../../src/crypto/certificates/refusal.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import type { CertifiedMaterial } from '../../../src/types/certificate.ts';
import { contents, hex, material, selfSigned, validity, value } from './material.ts';

/** A change of some bytes: bits flipped, or a piece removed, repeated or overwritten. */
const damage = fc.oneof(
  fc.record({ how: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ how: fc.constant('cut' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ how: fc.constant('repeat' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ how: fc.constant('write' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(original: Uint8Array, change: Damage): Buffer {
  const bytes = Buffer.from(original);
  const at = change.at % bytes.length;
  const head = bytes.subarray(0, at);
  if (change.how === 'flip') {
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << change.bit), at);
    return bytes;
  }
  if (change.how === 'cut') return Buffer.concat([head, bytes.subarray(at + change.length)]);
  if (change.how === 'repeat') return Buffer.concat([head, bytes.subarray(at, at + change.length), bytes.subarray(at)]);
  return Buffer.concat([head, change.bytes, bytes.subarray(at + change.bytes.length)]);
}

/** A refusal says something, and contains nothing of the key. */
function assertRefusal(outcome: Outcome<unknown>, secret: string): void {
  assert.ok(!outcome.ok);
  const text = describeRefusal(outcome.refusal);
  assert.match(text, /^The |^This is not a /);
  assert.ok(!text.includes(secret));
}

describe('damaged or cut bytes', () => {
  const key = material('P-256');
  const secret = key.kty === 'EC' ? key.d : '';
  let own: CertifiedMaterial;
  before(async () => {
    own = { material: key, certificates: [await selfSigned(key)] };
  });

  /** Either it is refused, or nothing that matters was damaged. */
  function assertSameOrRefused(outcome: Outcome<CertifiedMaterial>): void {
    if (!outcome.ok) {
      assertRefusal(outcome, secret);
      return;
    }
    assert.deepEqual(outcome.value.material, own.material);
    assert.deepEqual(hex(outcome.value.certificates), hex(own.certificates));
  }

  it('of a PKCS #12 file are refused, or have the same contents', async () => {
    for (const password of ['', 'password']) {
      const bytes = await writePkcs12(own, password);
      await fc.assert(
        fc.asyncProperty(damage, async (change) => {
          assertSameOrRefused(await readPkcs12(damaged(bytes, change), password));
        }),
        { numRuns: 300 },
      );
      for (let length = 0; length < bytes.length; length += 7) {
        assertRefusal(await readPkcs12(bytes.subarray(0, length), password), secret);
      }
    }
  });

  it('of a certificate are refused, or are another certificate, whichever bit changed', () => {
    const [der = Buffer.alloc(0)] = own.certificates;
    const { thumbprint } = value(readCertificate(der));
    for (let bit = 0; bit < der.length * 8; bit += 1) {
      const outcome = readCertificate(damaged(der, { how: 'flip', at: bit >> 3, bit: bit & 7 }));
      if (outcome.ok) assert.notEqual(outcome.value.thumbprint, thumbprint, `bit ${bit}`);
      else assertRefusal(outcome, secret);
    }
    for (let length = 0; length < der.length; length += 1)
      assertRefusal(readCertificate(der.subarray(0, length)), secret);
  });

  it('of a request are refused, whichever bit changed', async () => {
    const request = value(await makeRequest(key, contents));
    const issuer = await makeTestIssuer('CA', validity.notBefore * 1000);
    const asked = async (bytes: Uint8Array) => issue({ request: bytes, issuer, ...validity });
    await fc.assert(
      fc.asyncProperty(damage, async (change) => {
        const bytes = damaged(request, change);
        if (!bytes.equals(request)) assertRefusal(await asked(bytes), secret);
      }),
      { numRuns: 1_000 },
    );
    for (let length = 0; length < request.length; length += 1) {
      assertRefusal(await asked(request.subarray(0, length)), secret);
    }
  });

  it('of PEM are refused, or have the same key', () => {
    const text = writePem(own);
    fc.assert(
      fc.property(damage, (change) => {
        const outcome = readPem(damaged(Buffer.from(text), change).toString('latin1'));
        if (outcome.ok) assert.ok(outcome.value.material === undefined || outcome.value.certificates.length === 1);
        else assertRefusal(outcome, secret);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are refused, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const sequence = Buffer.concat([Buffer.from([0x30, 0x82, bytes.length >> 8, bytes.length & 0xff]), bytes]);
        for (const some of [bytes, sequence]) {
          assertRefusal(readCertificate(some), secret);
          assertRefusal(await readPkcs12(some, ''), secret);
          assertRefusal(readPem(Buffer.from(some).toString('latin1')), secret);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
