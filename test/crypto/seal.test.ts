import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { open, seal, sealOverhead, SealingKey } from '../../src/crypto/seal.ts';

const key = new SealingKey(Buffer.alloc(32, 7));
const other = new SealingKey(Buffer.alloc(32, 8));
const context = Buffer.from('context');

/** The test vectors of https://c2sp.org/XAES-256-GCM: in the first MSB(L) is 0, in the second it is 1. */
const vectors = [
  {
    key: '01'.repeat(32),
    context: '',
    ciphertext: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
  },
  {
    key: '03'.repeat(32),
    context: 'c2sp.org/XAES-256-GCM',
    ciphertext: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];

describe('XAES-256-GCM', () => {
  for (const vector of vectors) {
    it(`seals as the specification's vector with the key ${vector.key.slice(0, 2)}… says`, () => {
      const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
      const withNonce = new SealingKey(Buffer.from(vector.key, 'hex'), (target) => target.set(nonce));
      const sealed = seal(withNonce, Buffer.from('XAES-256-GCM'), Buffer.from(vector.context));
      assert.equal(Buffer.from(sealed).toString('hex'), nonce.toString('hex') + vector.ciphertext);
      const opened = open(withNonce, sealed, Buffer.from(vector.context));
      assert.equal(Buffer.from(opened ?? []).toString(), 'XAES-256-GCM');
    });
  }

  it('gives the hash that the specification states for 10,000 random messages', () => {
    // A SHAKE-128 stream of the empty input: a message takes at most 32 + 24 + 1 + 255 + 1 + 255 bytes of it.
    const stream = createHash('shake128', { outputLength: 10_000 * 568 }).digest();
    let at = 0;
    const take = (length: number): Buffer => stream.subarray(at, (at += length));
    const hash = createHash('shake128', { outputLength: 32 });
    for (let index = 0; index < 10_000; index += 1) {
      const bytes = take(32);
      const nonce = take(24);
      const plaintext = take(take(1)[0] ?? 0);
      const associated = take(take(1)[0] ?? 0);
      const sealed = seal(new SealingKey(bytes, (target) => target.set(nonce)), plaintext, associated);
      hash.update(sealed.subarray(24));
    }
    assert.equal(hash.digest('hex'), 'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });
});

describe('seal and open', () => {
  it('return any bytes of any length, which are longer by the stated overhead while sealed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.uint8Array(), (plaintext, associated) => {
        const sealed = seal(key, plaintext, associated);
        assert.equal(sealed.length, plaintext.length + sealOverhead);
        assert.deepEqual(Buffer.from(open(key, sealed, associated) ?? []), Buffer.from(plaintext));
      }),
    );
  });

  it('refuse bytes with any single bit changed', () => {
    const sealed = seal(key, Buffer.from('plaintext'), context);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Uint8Array.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(open(key, flipped, context), undefined, `bit ${bit}`);
    }
  });

  it('refuse bytes under another key, with other associated data, cut short or made longer', () => {
    const sealed = seal(key, Buffer.from('plaintext'), context);
    assert.equal(open(other, sealed, context), undefined);
    assert.equal(open(key, sealed, Buffer.from('contexu')), undefined);
    assert.equal(open(key, sealed, Buffer.alloc(0)), undefined);
    for (let length = 0; length < sealed.length; length += 1) {
      assert.equal(open(key, sealed.subarray(0, length), context), undefined, `${length} bytes`);
    }
    assert.equal(open(key, Buffer.concat([sealed, Buffer.alloc(1)]), context), undefined);
  });

  it('never use a nonce twice, even after the pool of nonces is used up', () => {
    const nonces = Array.from({ length: 1_000 }, () => Buffer.from(seal(key, context, context)).toString('hex', 0, 24));
    assert.equal(new Set(nonces).size, 1_000);
  });

  it('seal under one key while another is in use, because keys share no state', () => {
    const first = seal(key, Buffer.from('one'), context);
    const second = seal(other, Buffer.from('two'), context);
    assert.equal(Buffer.from(open(key, first, context) ?? []).toString(), 'one');
    assert.equal(Buffer.from(open(other, second, context) ?? []).toString(), 'two');
  });
});

describe('a sealing key', () => {
  for (const length of [0, 16, 31, 33]) {
    it(`is not made of ${length} bytes`, () => {
      assert.throws(() => new SealingKey(Buffer.alloc(length)), {
        name: 'TypeError',
        message: `a sealing key has 32 bytes, not ${length}`,
      });
    });
  }
});
