/** Reads and writes the files of the pages, and compares with Node's own cryptography. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readDer, writeDer } from '../../src/portal/objects/der.ts';
import {
  base64Of,
  base64urlOf,
  bytesOf,
  bytesOfBase64url,
  hexOf,
  pemOf,
  secretOfFile,
} from '../../src/portal/objects/encoding.ts';
import { publicPem, readPrivateKey } from '../../src/portal/objects/key-pem.ts';

const curves = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1', 'P-256K': 'secp256k1' } as const;

function jwkOf(key: KeyObject, crv?: string): Record<string, unknown> {
  // JOSE's name of the curve is secp256k1, and Key Vault's is P-256K.
  return { ...key.export({ format: 'jwk' }), ...(crv !== undefined && { crv }) };
}

describe('a private key in PEM', () => {
  it('is read in RSA, in each form that OpenSSL writes', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const pem = privateKey.export({ format: 'pem', type });
      assert.deepEqual(readPrivateKey(`# a comment\n${pem}`), { ok: true, jwk: jwkOf(privateKey) }, type);
    }
    const pem = publicPem(jwkOf(publicKey));
    assert.ok(createPublicKey(pem ?? '').equals(publicKey));
  });

  for (const [crv, namedCurve] of Object.entries(curves)) {
    it(`is read on ${crv}, in each form that OpenSSL writes`, () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
      for (const type of ['pkcs8', 'sec1'] as const) {
        const pem = privateKey.export({ format: 'pem', type });
        assert.deepEqual(readPrivateKey(pem), { ok: true, jwk: jwkOf(privateKey, crv) }, type);
      }
      assert.ok(createPublicKey(publicPem(jwkOf(publicKey, crv)) ?? '').equals(publicKey));
    });
  }

  it('is refused where it is encrypted, public, of another kind or broken', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const encrypted = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
    const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
    const broken = privateKey.export({ format: 'pem', type: 'pkcs8' }).replace(/\n[^\n]{60}/, '\n');
    const fault = (pem: string | Buffer) => {
      const read = readPrivateKey(pem.toString());
      return read.ok ? undefined : read.fault;
    };
    assert.match(fault(encrypted) ?? '', /is encrypted/);
    assert.match(fault(publicKey.export({ format: 'pem', type: 'spki' })) ?? '', /no private key/);
    assert.match(fault('') ?? '', /no private key/);
    assert.match(fault(other) ?? '', /not one that a vault can have/);
    assert.match(fault(broken) ?? '', /not one that a vault can have/);
  });

  it('has no public part in PEM where it is symmetric', () => {
    assert.equal(publicPem({ kty: 'oct' }), undefined);
    assert.equal(publicPem({ kty: 'EC', crv: 'P-1', x: 'AA', y: 'AA' }), undefined);
  });

  it('never breaks the reader, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readPrivateKey(pemOf('PRIVATE KEY', base64Of(bytes)));
        assert.equal(read.ok, false);
      }),
    );
  });
});

describe('DER', () => {
  it('is read as it was written, of any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 1, max: 254 }), (length, tag) => {
        const contents = new Uint8Array(length).fill(7);
        const [value, ...more] = readDer(writeDer(tag, contents)) ?? [];
        assert.ok(value !== undefined && more.length === 0 && value.tag === tag);
        assert.equal(Buffer.compare(value.contents, contents), 0);
      }),
      { numRuns: 40 },
    );
  });

  it('is not read where it ends too early', () => {
    assert.equal(readDer(Uint8Array.of(0x30, 0x05, 1)), undefined);
    assert.equal(readDer(Uint8Array.of(0x30, 0x84, 1, 1, 1, 1)), undefined);
    assert.deepEqual(readDer(new Uint8Array()), []);
  });
});

describe('encodings', () => {
  it('are those of Node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        const node = Buffer.from(bytes);
        assert.equal(base64Of(bytes), node.toString('base64'));
        assert.equal(base64urlOf(bytes), node.toString('base64url'));
        assert.equal(Buffer.compare(bytesOf(base64Of(bytes)), bytes), 0);
        assert.equal(Buffer.compare(bytesOfBase64url(base64urlOf(bytes)), bytes), 0);
      }),
      { numRuns: 50 },
    );
    assert.equal(hexOf('AAr_'), '000AFF');
    assert.equal(pemOf('X', 'a'.repeat(65)), `-----BEGIN X-----\n${'a'.repeat(64)}\na\n-----END X-----\n`);
  });

  it('of a file keep text as it is, and anything else in base64', () => {
    assert.deepEqual(secretOfFile(Buffer.from('\uFEFFpäss\n')), { value: '\uFEFFpäss\n', encoding: 'utf-8' });
    assert.deepEqual(secretOfFile(Uint8Array.of(0xff, 0x00)), { value: '/wA=', encoding: 'base64' });
  });
});
