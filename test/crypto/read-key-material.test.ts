import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import { keySizeOf, keySpecOf, publicKeyOf, toPkcs8Der } from '../../src/crypto/key-material.ts';
import { fromPkcs8Der, readKeyMaterial } from '../../src/crypto/read-key-material.ts';
import type { EcKeyMaterial, KeySpec } from '../../src/types/key.ts';
import { ecOfA3, ecOfA4, rsaOfA1, rsaOfA2, rsaOfA2OfJwe } from './keys/published-keys.ts';

const engine = openKeyEngine({ threads: 1 });
after(() => engine.close());

function messageOf(jwk: unknown): string {
  const read = readKeyMaterial(jwk);
  assert.ok(!read.ok, 'it was read');
  assert.equal(read.refusal.kind, 'keyNotValid');
  return read.refusal.message;
}

/** The integer of a member, changed, and encoded as base64url again. */
function changed(member: string, change: (integer: bigint) => bigint): string {
  const integer = change(BigInt(`0x${Buffer.from(member, 'base64url').toString('hex')}`)).toString(16);
  return Buffer.from(integer.padStart(integer.length + (integer.length % 2), '0'), 'hex').toString('base64url');
}

const withZeros = (member: string) =>
  Buffer.concat([Buffer.alloc(2), Buffer.from(member, 'base64url')]).toString('base64url');

describe('readKeyMaterial', () => {
  for (const [name, key] of Object.entries({ rsaOfA1, rsaOfA2, rsaOfA2OfJwe, ecOfA3, ecOfA4 })) {
    it(`reads the published key ${name}, and no other members`, () => {
      assert.deepEqual(readKeyMaterial({ ...key, kid: 'a', key_ops: ['sign'] }), { ok: true, material: key });
    });
  }

  it('reads every kind of key that the engine makes', async () => {
    const specs: readonly KeySpec[] = [
      { family: 'RSA', size: 2048 },
      { family: 'EC', curve: 'P-256' },
      { family: 'EC', curve: 'P-384' },
      { family: 'EC', curve: 'P-521' },
      { family: 'EC', curve: 'P-256K' },
      { family: 'oct', size: 128 },
      { family: 'oct', size: 192 },
      { family: 'oct', size: 256 },
    ];
    for (const spec of specs) {
      const material = await engine.generate(spec);
      assert.deepEqual(readKeyMaterial(material), { ok: true, material });
      assert.deepEqual(keySpecOf(material), spec);
    }
  });

  it('accepts -HSM, other spellings of P-256K, leading zeros and = at the end, and returns the canonical form', () => {
    assert.deepEqual(readKeyMaterial({ ...rsaOfA2, kty: 'RSA-HSM', d: withZeros(rsaOfA2.d), e: withZeros('AQAB') }), {
      ok: true,
      material: rsaOfA2,
    });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const jwk = privateKey.export({ format: 'jwk' });
    for (const crv of ['SECP256K1', 'secp256k1', 'P-256K']) {
      const read = readKeyMaterial({ ...jwk, crv, kty: 'EC-HSM', x: `${jwk.x}=`, y: withZeros(jwk.y ?? '') });
      assert.deepEqual(read, { ok: true, material: { kty: 'EC', crv: 'P-256K', x: jwk.x, y: jwk.y, d: jwk.d } });
    }
  });

  it('refuses what is not a key', () => {
    for (const jwk of [null, undefined, 'RSA', 7, [rsaOfA2]]) {
      assert.equal(messageOf(jwk), 'The key must be a JSON Web Key, an object.');
    }
    for (const kty of [undefined, 'rsa', 'OKP', 'RSA-HSM-HSM', 'constructor', 7]) {
      assert.equal(messageOf({ ...rsaOfA2, kty }), "The key's kty must be RSA, EC or oct, or one of them with -HSM.");
    }
  });

  it('names the member that is missing, or not base64url', () => {
    for (const name of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']) {
      const missing = `The key's member ${name} is missing: an RSA key needs n, e, d, p, q, dp, dq and qi.`;
      assert.equal(messageOf({ ...rsaOfA2, [name]: undefined }), missing);
      assert.equal(messageOf({ ...rsaOfA2, [name]: null }), missing);
      assert.equal(messageOf({ ...rsaOfA2, [name]: 'a+b/' }), `The key's member ${name} must be base64url.`);
      assert.equal(messageOf({ ...rsaOfA2, [name]: 7 }), `The key's member ${name} must be base64url.`);
      assert.equal(messageOf({ ...rsaOfA2, [name]: '' }), `The key's member ${name} must be base64url.`);
    }
    for (const name of ['x', 'y', 'd']) {
      assert.equal(
        messageOf({ ...ecOfA3, [name]: undefined }),
        `The key's member ${name} is missing: an EC key needs x, y and d.`,
      );
    }
    assert.equal(messageOf({ kty: 'oct' }), "The key's member k is missing: an oct key needs k.");
  });

  it('refuses other sizes and curves', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1536 });
    assert.equal(
      messageOf(privateKey.export({ format: 'jwk' })),
      'The RSA key has 1536 bits; use 1024, 2048, 3072, 4096.',
    );
    assert.equal(messageOf({ kty: 'oct', k: 'AAAA' }), 'The oct key has 24 bits; use 128, 192, 256.');
    assert.equal(
      messageOf({ ...ecOfA3, crv: 'P-224' }),
      "The EC key's crv must be a curve that is supported: use P-256, P-384, P-521 or P-256K.",
    );
    assert.equal(messageOf({ ...ecOfA4, crv: 'P-256' }), "The EC key's x is longer than the 32 bytes of P-256.");
  });

  it('refuses inconsistent RSA members', () => {
    const rows: readonly [Partial<Record<keyof typeof rsaOfA2, string>>, RegExp][] = [
      [{ n: changed(rsaOfA2.n, (n) => n + 2n) }, /n is not p times q/],
      [{ d: changed(rsaOfA2.d, (d) => d + 2n) }, /d is not the inverse of e/],
      [{ d: rsaOfA1.d }, /d is not the inverse of e/],
      [{ d: changed(rsaOfA2.n, (n) => n * 2n) }, /d is not smaller than n/],
      [{ dp: changed(rsaOfA2.dp, (dp) => dp + 1n) }, /dp is not d modulo p - 1/],
      [{ dq: rsaOfA2.dp }, /dq is not d modulo q - 1/],
      [{ qi: changed(rsaOfA2.qi, (qi) => qi ^ 1n) }, /qi is not the inverse of q modulo p/],
      [{ e: 'AQAA' }, /e must be odd, at least 3 and at most 64 bits long/],
      [{ e: 'AQ' }, /e must be odd/],
      [{ e: Buffer.alloc(9, 255).toString('base64url') }, /e must be odd, at least 3 and at most 64 bits long/],
      [{ p: rsaOfA2.q }, /p and q must be two primes of 1024 bits/],
      [{ p: 'Aw' }, /p and q must be two primes of 1024 bits/],
      [{ p: changed(rsaOfA2.p, (p) => p + 1n) }, /p and q must be two primes of 1024 bits/],
      [{ p: rsaOfA1.p }, /n is not p times q/],
    ];
    for (const [change, expected] of rows) assert.match(messageOf({ ...rsaOfA2, ...change }), expected);
  });

  it('refuses a point that is not that of d or not on the curve, and an invalid d', () => {
    const apart = "The EC key's members do not belong together: x and y are not the public key of d.";
    assert.equal(messageOf({ ...ecOfA3, y: changed(ecOfA3.y, (y) => y ^ 1n) }), apart);
    assert.equal(messageOf({ ...ecOfA3, x: ecOfA3.y, y: ecOfA3.x }), apart);
    assert.equal(messageOf({ ...ecOfA3, d: changed(ecOfA3.d, (d) => d + 1n) }), apart);
    const none = "The EC key's d is not a private key on P-256.";
    assert.equal(messageOf({ ...ecOfA3, d: 'AA' }), none);
    assert.equal(messageOf({ ...ecOfA3, d: Buffer.alloc(32, 255).toString('base64url') }), none);
  });

  it('shows nothing of a key in its messages', () => {
    const spoilt = { ...rsaOfA2, qi: rsaOfA2.dp };
    const message = messageOf(spoilt);
    const { n, d, p, q, dp, dq, qi } = rsaOfA2;
    for (const member of [n, d, p, q, dp, dq, qi]) assert.ok(!message.includes(member));
  });
});

describe('PKCS #8', () => {
  it('is written and read back', () => {
    for (const material of [rsaOfA1, rsaOfA2, ecOfA3, ecOfA4]) {
      assert.deepEqual(fromPkcs8Der(toPkcs8Der(material)), { ok: true, material });
    }
  });

  it('of P-256K too', async () => {
    const material = await engine.generate({ family: 'EC', curve: 'P-256K' });
    assert.ok(isEc(material));
    assert.deepEqual(fromPkcs8Der(toPkcs8Der(material)), { ok: true, material });
  });

  it('of other kinds is refused by name', () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    const p224 = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey;
    const small = generateKeyPairSync('rsa', { modulusLength: 1536 }).privateKey;
    const der = { format: 'der', type: 'pkcs8' } as const;
    for (const [octets, expected] of [
      [ed25519, 'The key is of type ed25519; use RSA or EC.'],
      [p224.export(der), 'The key is on the curve secp224r1; use P-256, P-384, P-521 or P-256K.'],
      [small.export(der), 'The RSA key has 1536 bits; use 1024, 2048, 3072, 4096.'],
      [small.export({ format: 'der', type: 'pkcs1' }), 'The key is not an unencrypted private key in PKCS #8 (DER).'],
      [Buffer.from('no DER'), 'The key is not an unencrypted private key in PKCS #8 (DER).'],
    ] as const) {
      const read = fromPkcs8Der(octets);
      assert.deepEqual(read, { ok: false, refusal: { kind: 'keyNotValid', message: expected } });
    }
  });
});

it('the public part has no private members, and the size is in bits', () => {
  assert.deepEqual(publicKeyOf(rsaOfA2), { kty: 'RSA', n: rsaOfA2.n, e: 'AQAB' });
  assert.deepEqual(publicKeyOf(ecOfA3), { kty: 'EC', crv: 'P-256', x: ecOfA3.x, y: ecOfA3.y });
  assert.deepEqual(publicKeyOf({ kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg' }), { kty: 'oct' });
  assert.equal(keySizeOf(rsaOfA2), 2048);
  assert.equal(keySizeOf(ecOfA4), 521);
  assert.equal(keySizeOf({ kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg' }), 128);
});

function isEc(material: { readonly kty: string }): material is EcKeyMaterial {
  return material.kty === 'EC';
}
