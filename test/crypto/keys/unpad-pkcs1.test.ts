import assert from 'node:assert/strict';
import { constants, privateEncrypt, publicEncrypt } from 'node:crypto';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { openKeyEngine } from '../../../src/crypto/key-engine.ts';
import { privateKeyObject, publicKeyObject, publicKeyOf } from '../../../src/crypto/key-material.ts';
import { unpadPkcs1 } from '../../../src/crypto/keys/unpad-pkcs1.ts';
import { rsaOfA2 } from './published-keys.ts';

const length = 256;

/** 00 02, padding without a zero, 00, message; then changed. */
function encoding(message: Uint8Array, change: (encoded: Uint8Array) => void = () => {}): Uint8Array {
  const encoded = new Uint8Array(length).fill(0x5a);
  encoded.set([0, 2]);
  encoded[length - message.length - 1] = 0;
  encoded.set(message, length - message.length);
  change(encoded);
  return encoded;
}

const message = Buffer.from('a key of 16 byte');
const longest = new Uint8Array(length - 11).fill(7);

const malformed: Readonly<Record<string, Uint8Array>> = {
  'a first octet that is not 0': encoding(message, (encoded) => encoded.set([1], 0)),
  'a first octet with only its highest bit set': encoding(message, (encoded) => encoded.set([0x80], 0)),
  'the block type of a signature': encoding(message, (encoded) => encoded.set([1], 1)),
  'a block type of 0': encoding(message, (encoded) => encoded.set([0], 1)),
  'a block type with one more bit': encoding(message, (encoded) => encoded.set([0x82], 1)),
  'no separator': encoding(message, (encoded) => encoded.fill(0x5a, 2)),
  'no padding': encoding(message, (encoded) => encoded.set([0], 2)),
  'seven octets of padding': encoding(message, (encoded) => encoded.set([0], 9)),
  'everything 0': new Uint8Array(length),
  'everything 255': new Uint8Array(length).fill(255),
};

describe('unpadPkcs1', () => {
  it('returns the message, of any length that fits', () => {
    for (const text of [message, longest, new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0, 2)]) {
      assert.deepEqual(unpadPkcs1(encoding(text)), new Uint8Array(text));
    }
  });

  it('uses the first separator, and a later 00 belongs to the message', () => {
    const found = unpadPkcs1(encoding(Uint8Array.of(1, 0, 3)));
    assert.deepEqual(found, Uint8Array.of(1, 0, 3));
  });

  it('accepts eight octets of padding, the fewest', () => {
    const encoded = encoding(message, (changed) => changed.set([0], 10));
    assert.equal(unpadPkcs1(encoded)?.length, length - 11);
  });

  for (const [what, encoded] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => {
      assert.equal(unpadPkcs1(encoded), undefined);
    });
  }

  it('decides as RFC 8017 section 7.2.2 reads, on any octets', () => {
    const octet = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 255 }));
    const start = fc.oneof(fc.constant([0, 2]), fc.array(octet, { minLength: 2, maxLength: 2 }));
    fc.assert(
      fc.property(start, fc.array(octet, { minLength: 11, maxLength: 40 }), (head, rest) => {
        const encoded = Uint8Array.from([...head, ...rest]);
        const separator = encoded.indexOf(0, 2);
        const right = encoded[0] === 0 && encoded[1] === 2 && separator >= 10;
        assert.deepEqual(unpadPkcs1(encoded), right ? encoded.slice(separator + 1) : undefined);
      }),
    );
  });
});

describe('RSA1_5 and RSA-OAEP', () => {
  const engine = openKeyEngine({ threads: 1 });
  after(() => engine.close());
  const notDecrypted = { ok: false, refusal: { kind: 'notDecrypted' } };
  // RSAEP with any octets, as from a client that has found a way to choose the padding.
  const encrypt = (encoded: Uint8Array) =>
    publicEncrypt({ key: publicKeyObject(rsaPublic()), padding: constants.RSA_NO_PADDING }, encoded);

  for (const [what, encoded] of Object.entries(malformed)) {
    // Values above the modulus have no ciphertext.
    if (encoded[0] !== 0) continue;
    it(`answers ${what} like every other failure`, async () => {
      const value = encrypt(encoded);
      assert.deepEqual(await engine.perform('decrypt', rsaOfA2, { algorithm: 'RSA1_5', value }), notDecrypted);
      assert.deepEqual(await engine.perform('unwrapKey', rsaOfA2, { algorithm: 'RSA1_5', value }), notDecrypted);
      assert.deepEqual(await engine.perform('decrypt', rsaOfA2, { algorithm: 'RSA-OAEP', value }), notDecrypted);
    });
  }

  it("answers the other's padding, the other hash and values above the modulus in the same way", async () => {
    const text = Buffer.from('a text');
    const oaep = await engine.perform('encrypt', rsaOfA2, { algorithm: 'RSA-OAEP', value: text });
    const pkcs1 = await engine.perform('encrypt', rsaOfA2, { algorithm: 'RSA1_5', value: text });
    assert.ok(oaep.ok && 'result' in oaep && pkcs1.ok && 'result' in pkcs1);
    for (const [algorithm, value] of [
      ['RSA1_5', oaep.result],
      ['RSA-OAEP', pkcs1.result],
      ['RSA-OAEP-256', oaep.result],
      ['RSA1_5', new Uint8Array(length).fill(255)],
      ['RSA-OAEP', new Uint8Array(length).fill(255)],
    ] as const) {
      assert.deepEqual(await engine.perform('decrypt', rsaOfA2, { algorithm, value }), notDecrypted, algorithm);
    }
  });

  it('does not accept a signature as a ciphertext', async () => {
    const key = privateKeyObject(rsaOfA2);
    const value = privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, publicBlock());
    const raw = privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoding(message));
    for (const text of [value, raw]) {
      assert.deepEqual(await engine.perform('decrypt', rsaOfA2, { algorithm: 'RSA1_5', value: text }), notDecrypted);
    }
  });
});

function rsaPublic() {
  const key = publicKeyOf(rsaOfA2);
  assert.ok(key.kty === 'RSA');
  return key;
}

function publicBlock(): Uint8Array {
  return Buffer.from('a digest');
}
