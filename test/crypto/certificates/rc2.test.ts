import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decryptRc2 } from '../../../src/crypto/certificates/rc2.ts';

/** RFC 2268 section 5, the vectors whose effective length is the key's. */
const vectors = [
  { key: 'ffffffffffffffff', plaintext: 'ffffffffffffffff', ciphertext: '278b27e42e2f0d49' },
  { key: '3000000000000000', plaintext: '1000000000000001', ciphertext: '30649edf9be7d2c2' },
  { key: '88bca90e90875a7f0f79c384627bafb2', plaintext: '0000000000000000', ciphertext: '2269552ab0f85ca6' },
] as const;

/** The IV with which a block decrypts to seven times `A` and one byte of padding. */
function ivFor(plaintext: string): Buffer {
  const wanted = Buffer.from('AAAAAAA\u0001');
  return Buffer.from(Buffer.from(plaintext, 'hex').map((byte, at) => byte ^ (wanted[at] ?? 0)));
}

describe('RC2', () => {
  for (const { key, plaintext, ciphertext } of vectors) {
    it(`decrypts as RFC 2268 says with the key ${key}`, () => {
      const iv = ivFor(plaintext);
      const found = decryptRc2(Buffer.from(key, 'hex'), iv, Buffer.from(ciphertext, 'hex'));
      assert.equal(found?.toString(), 'AAAAAAA');
    });
  }

  it('returns nothing if the padding is wrong, or the length is not a whole number of blocks', () => {
    const [{ key, plaintext, ciphertext }] = vectors;
    const bytes = Buffer.from(ciphertext, 'hex');
    for (const last of [0, 9, 0xff]) {
      const iv = ivFor(plaintext);
      iv.writeUInt8(iv.readUInt8(7) ^ 1 ^ last, 7);
      assert.equal(decryptRc2(Buffer.from(key, 'hex'), iv, bytes), undefined, `padding ${last}`);
    }
    for (const wrong of [bytes.subarray(1), Buffer.alloc(0), Buffer.concat([bytes, bytes.subarray(1)])]) {
      assert.equal(decryptRc2(Buffer.from(key, 'hex'), ivFor(plaintext), wrong), undefined);
    }
  });
});
