import assert from 'node:assert/strict';
import { constants, createHash, createPublicKey, generateKeyPairSync, publicEncrypt, verify } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { errorBody, members, ok, putVault } from './vaults.ts';

const vault = 'kv-small';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const message = Buffer.from('to be signed');
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault);
  const { n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
  const imported = await ok(send('PUT', '/keys/small', { key: { kty: 'RSA', n, e, d, p, q, dp, dq, qi } }));
  assert.deepEqual(createPublicKey({ key: jwkOf(imported), format: 'jwk' }).export({ format: 'jwk' }), {
    kty: 'RSA',
    n,
    e,
  });
});

after(() => world[Symbol.asyncDispose]());

function send(method: string, path: string, body?: object) {
  return world.client.vault(vault, method, path, body === undefined ? {} : { body });
}

function jwkOf(bundle: Json) {
  const { kty, n, e } = members(bundle?.['key']);
  return { kty: String(kty), n: String(n), e: String(e) };
}

const digest = (hash: string) => createHash(hash).update(message).digest();
const octets = (text: unknown) => Buffer.from(String(text), 'base64url');

suite('an RSA key of 1,024 bits that is imported', () => {
  for (const [alg, hash] of [
    ['RS256', 'sha256'],
    ['RS384', 'sha384'],
    ['RS512', 'sha512'],
    ['PS256', 'sha256'],
    ['PS384', 'sha384'],
  ] as const) {
    test(`signs with ${alg}`, async () => {
      const value = digest(hash).toString('base64url');
      const signed = await ok(send('POST', '/keys/small/sign', { alg, value }));
      const signature = octets(signed['value']);
      const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      assert.ok(verify(hash, message, { key: publicKey, padding, saltLength }, signature));
      const checked = await ok(send('POST', '/keys/small/verify', { alg, digest: value, value: signed['value'] }));
      assert.equal(checked['value'], true);
    });
  }

  test('is too short for PS512, and says so', async () => {
    const value = digest('sha512').toString('base64url');
    const long = Buffer.alloc(128).toString('base64url');
    for (const [operation, body] of [
      ['sign', { alg: 'PS512', value }],
      ['verify', { alg: 'PS512', digest: value, value: long }],
    ] as const) {
      const { status, body: answered } = await send('POST', `/keys/small/${operation}`, body);
      assert.equal(status, 400);
      assert.match(String(answered['error']?.['message']), /PS512 requires a key of at least 1040 bits/);
    }
  });

  test('decrypts, and encrypts data up to its length', async () => {
    for (const [alg, oaepHash, most] of [
      ['RSA-OAEP', 'sha1', 86],
      ['RSA-OAEP-256', 'sha256', 62],
    ] as const) {
      const text = Buffer.alloc(most, 7);
      const encrypted = publicEncrypt({ key: publicKey, oaepHash }, text);
      const opened = await ok(send('POST', '/keys/small/decrypt', { alg, value: encrypted.toString('base64url') }));
      assert.deepEqual(octets(opened['value']), text);
      const value = Buffer.alloc(most + 1).toString('base64url');
      const refused = await send('POST', '/keys/small/encrypt', { alg, value });
      assert.equal(refused.status, 400);
      assert.match(String(refused.body['error']?.['message']), new RegExp(`at most ${most} bytes with this key`));
    }
  });

  test('cannot be created: a create is refused, and a rotation makes a longer key', async () => {
    const refused = await send('POST', '/keys/made/create', { kty: 'RSA', key_size: 1024 });
    const message400 = 'An RSA key has key_size 2048, 3072, 4096; 1024 is not supported.';
    assert.deepEqual([refused.status, refused.body], [400, errorBody('BadParameter', message400)]);
    const rotated = await ok(send('POST', '/keys/small/rotate'));
    assert.equal(octets(jwkOf(rotated).n).length, 256);
  });

  test('has a near miss of 1,016 bits, which is refused', async () => {
    const { n, e, d, p, q, dp, dq, qi } = generateKeyPairSync('rsa', { modulusLength: 1016 }).privateKey.export({
      format: 'jwk',
    });
    const key = { kty: 'RSA', n, e, d, p, q, dp, dq, qi };
    const { status, body } = await send('PUT', '/keys/other', { key });
    assert.equal(status, 400);
    assert.match(String(body['error']?.['message']), /The RSA key has 1016 bits; use 1024, 2048, 3072, 4096\./);
  });
});
