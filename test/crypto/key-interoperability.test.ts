import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importJWK } from 'jose';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import { privateKeyObject, publicKeyObject, publicKeyOf } from '../../src/crypto/key-material.ts';
import type { CryptoOperation, CryptoRequest, KeyMaterial, KeySpec } from '../../src/types/key.ts';
import { notRun } from '../not-run.ts';

const engine = openKeyEngine({ threads: 1 });
after(() => engine.close());

async function resultOf(operation: CryptoOperation, material: KeyMaterial, request: CryptoRequest) {
  const answer = await engine.perform(operation, material, request);
  assert.ok(answer.ok && 'result' in answer, JSON.stringify(answer));
  return { ...answer, result: Buffer.from(answer.result) };
}

async function verified(material: KeyMaterial, request: CryptoRequest) {
  const answer = await engine.perform('verify', material, request);
  assert.ok(answer.ok && 'verified' in answer, JSON.stringify(answer));
  return answer.verified;
}

async function generated(spec: KeySpec) {
  const material = await engine.generate(spec);
  assert.ok(material.kty !== 'oct');
  return material;
}

const rsa = await generated({ family: 'RSA', size: 2048 });
const [p256, p384, p521] = [
  await generated({ family: 'EC', curve: 'P-256' }),
  await generated({ family: 'EC', curve: 'P-384' }),
  await generated({ family: 'EC', curve: 'P-521' }),
];
const [oct128, oct192, oct256] = [
  await engine.generate({ family: 'oct', size: 128 }),
  await engine.generate({ family: 'oct', size: 192 }),
  await engine.generate({ family: 'oct', size: 256 }),
];
const hashOf = (algorithm: string) => `sha${algorithm.slice(2, 5)}`;
const digest = (algorithm: string, text: string | Uint8Array) => createHash(hashOf(algorithm)).update(text).digest();

describe('jose', () => {
  const signatures = [
    ['RS256', rsa],
    ['RS384', rsa],
    ['RS512', rsa],
    ['PS256', rsa],
    ['PS384', rsa],
    ['PS512', rsa],
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
  ] as const;
  for (const [algorithm, material] of signatures) {
    it(`verifies our ${algorithm}, and we verify its`, async () => {
      const header = Buffer.from(JSON.stringify({ alg: algorithm })).toString('base64url');
      const input = `${header}.${Buffer.from('a payload').toString('base64url')}`;
      const { result } = await resultOf('sign', material, { algorithm, value: digest(algorithm, input) });
      const publicKey = await importJWK({ ...publicKeyOf(material) }, algorithm);
      const ours = await compactVerify(`${input}.${result.toString('base64url')}`, publicKey);
      assert.equal(Buffer.from(ours.payload).toString(), 'a payload');

      const privateKey = await importJWK({ ...material }, algorithm);
      const theirs = await new CompactSign(Buffer.from('theirs'))
        .setProtectedHeader({ alg: algorithm })
        .sign(privateKey);
      const [head = '', payload = '', signature = ''] = theirs.split('.');
      const value = digest(algorithm, `${head}.${payload}`);
      const request = { algorithm, value, signature: Buffer.from(signature, 'base64url') };
      assert.equal(await verified(material, request), true);
    });
  }

  const wraps = [
    ['RSA-OAEP', rsa],
    ['RSA-OAEP-256', rsa],
    ['A128KW', oct128],
    ['A192KW', oct192],
    ['A256KW', oct256],
  ] as const;
  for (const [algorithm, material] of wraps) {
    it(`unwraps our ${algorithm} and decrypts our GCM, and we do the same with its`, async () => {
      const header = Buffer.from(JSON.stringify({ alg: algorithm, enc: 'A256GCM' })).toString('base64url');
      const contentKey = randomBytes(32);
      const content: KeyMaterial = { kty: 'oct', k: contentKey.toString('base64url') };
      const { result: wrapped } = await resultOf('wrapKey', material, { algorithm, value: contentKey });
      const closed = await resultOf('encrypt', content, {
        algorithm: 'A256GCM',
        value: Buffer.from('a text'),
        additionalData: Buffer.from(header),
      });
      const parts = [wrapped, Buffer.from(closed.iv ?? []), closed.result, Buffer.from(closed.tag ?? [])];
      const jwe = [header, ...parts.map((part) => part.toString('base64url'))].join('.');
      const key = await importJWK({ ...material }, algorithm);
      assert.equal(Buffer.from((await compactDecrypt(jwe, key)).plaintext).toString(), 'a text');

      const publicKey = material.kty === 'oct' ? key : await importJWK({ ...publicKeyOf(material) }, algorithm);
      const theirs = await new CompactEncrypt(Buffer.from('theirs'))
        .setProtectedHeader({ alg: algorithm, enc: 'A256GCM' })
        .encrypt(publicKey);
      const [head = '', value, iv, text, tag] = theirs.split('.').map((part) => Buffer.from(part, 'base64url'));
      assert.ok(value && iv && text && tag);
      const { result } = await resultOf('unwrapKey', material, { algorithm, value });
      const opened = await resultOf(
        'decrypt',
        { kty: 'oct', k: result.toString('base64url') },
        {
          algorithm: 'A256GCM',
          value: text,
          iv,
          tag,
          additionalData: Buffer.from(Buffer.from(head).toString('base64url')),
        },
      );
      assert.equal(opened.result.toString(), 'theirs');
    });
  }
});

if (spawnSync('openssl', ['version']).status === 0) describe('openssl', openssl);
else notRun('keys beside openssl', 'there is no openssl on PATH (Debian: apt-get install openssl)');

function openssl() {
  const folder = mkdtempSync(join(tmpdir(), 'postern-keys-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, contents: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, contents);
    return path;
  };
  const run = (args: readonly string[], input: Uint8Array) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { input, timeout: 30_000 });
    return { ok: status === 0, stdout, text: `${stdout.toString()}${stderr.toString()}` };
  };
  const output = (args: readonly string[], input: Uint8Array) => {
    const { ok, stdout, text } = run(args, input);
    assert.ok(ok, text);
    return stdout;
  };
  const privatePem = (material: Awaited<ReturnType<typeof generated>>) =>
    file('private.pem', privateKeyObject(material).export({ format: 'pem', type: 'pkcs8' }));
  const publicPem = (material: Awaited<ReturnType<typeof generated>>) => {
    const key = publicKeyOf(material);
    assert.ok(key.kty !== 'oct');
    return file('public.pem', publicKeyObject(key).export({ format: 'pem', type: 'spki' }));
  };
  const options = (pairs: readonly string[]) => pairs.flatMap((pair) => ['-pkeyopt', pair]);
  const pss = (saltLength: string) => ['rsa_padding_mode:pss', `rsa_pss_saltlen:${saltLength}`];

  for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
    it(`verifies our ${algorithm}, and we verify its`, async () => {
      const value = digest(algorithm, 'a text');
      const settings = options([...(algorithm.startsWith('PS') ? pss('digest') : []), `digest:${hashOf(algorithm)}`]);
      const ours = await resultOf('sign', rsa, { algorithm, value });
      const verify = (signature: Uint8Array) =>
        run(
          [
            'pkeyutl',
            '-verify',
            '-pubin',
            '-inkey',
            publicPem(rsa),
            '-sigfile',
            file('signature', signature),
            ...settings,
          ],
          value,
        );
      assert.equal(verify(ours.result).ok, true);
      ours.result.writeUInt8(ours.result.readUInt8(99) ^ 1, 99);
      assert.equal(verify(ours.result).ok, false);
      const signature = output(['pkeyutl', '-sign', '-inkey', privatePem(rsa), ...settings], value);
      assert.equal(await verified(rsa, { algorithm, value, signature }), true);
    });
  }

  for (const size of [2048, 3072, 4096]) {
    it(`verifies our RSNULL with ${size} bits, of a DigestInfo and of any value, and we verify its`, async () => {
      const key = size === 2048 ? rsa : await generated({ family: 'RSA', size });
      // SHA-1's DigestInfo (RFC 8017 section 9.2, note 1), for which there is no algorithm.
      const sha1 = createHash('sha1').update('a text').digest();
      const digestInfo = Buffer.concat([Buffer.from('3021300906052b0e03021a05000414', 'hex'), sha1]);
      for (const [value, signed, settings] of [
        [digestInfo, sha1, options(['digest:sha1'])],
        [randomBytes(64), undefined, []],
      ] as const) {
        const input = signed ?? value;
        const { result } = await resultOf('sign', key, { algorithm: 'RSNULL', value });
        const files = ['-pubin', '-inkey', publicPem(key), '-sigfile', file('signature', result)];
        assert.equal(run(['pkeyutl', '-verify', ...files, ...settings], input).ok, true);
        assert.equal(run(['pkeyutl', '-verify', ...files, ...settings], randomBytes(input.length)).ok, false);
        const signature = output(['pkeyutl', '-sign', '-inkey', privatePem(key), ...settings], input);
        assert.equal(await verified(key, { algorithm: 'RSNULL', value, signature }), true);
      }
      // openssl does not verify longer ones, but recovers them from a signature.
      const longest = randomBytes(size / 8 - 11);
      const { result } = await resultOf('sign', key, { algorithm: 'RSNULL', value: longest });
      assert.deepEqual(output(['pkeyutl', '-verifyrecover', '-pubin', '-inkey', publicPem(key)], result), longest);
    });
  }

  it('is RS256 when RSNULL is given the DigestInfo of SHA-256, and not its digest alone', async () => {
    const value = digest('RS256', 'a text');
    const digestInfo = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), value]);
    const { result: signature } = await resultOf('sign', rsa, { algorithm: 'RS256', value });
    assert.equal(await verified(rsa, { algorithm: 'RSNULL', value: digestInfo, signature }), true);
    assert.equal(await verified(rsa, { algorithm: 'RSNULL', value, signature }), false);
  });

  it('makes PSS signatures with another salt, which RFC 7518 section 3.5 does not have', async () => {
    const value = digest('PS256', 'a text');
    for (const saltLength of ['0', '20', 'max']) {
      const settings = options([...pss(saltLength), 'digest:sha256']);
      const signature = output(['pkeyutl', '-sign', '-inkey', privatePem(rsa), ...settings], value);
      assert.equal(await verified(rsa, { algorithm: 'PS256', value, signature }), false, saltLength);
    }
  });

  for (const [algorithm, curve] of [
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['ES512', 'P-521'],
    ['ES256K', 'P-256K'],
  ] as const) {
    it(`verifies our ${algorithm}, and we verify its`, async () => {
      const material = await generated({ family: 'EC', curve });
      // A digest of zeros is a digest too.
      for (const value of [digest(algorithm, 'a text'), Buffer.alloc(digest(algorithm, '').length)]) {
        const { result } = await resultOf('sign', material, { algorithm, value });
        const signature = file('signature', toDer(result));
        const verify = ['pkeyutl', '-verify', '-pubin', '-inkey', publicPem(material), '-sigfile', signature];
        assert.equal(run(verify, value).ok, true);
        const theirs = output(['pkeyutl', '-sign', '-inkey', privatePem(material)], value);
        assert.equal(await verified(material, { algorithm, value, signature: fromDer(theirs, result.length) }), true);
      }
    });
  }

  for (const [algorithm, settings] of [
    ['RSA1_5', ['rsa_padding_mode:pkcs1']],
    ['RSA-OAEP', ['rsa_padding_mode:oaep']],
    ['RSA-OAEP-256', ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256']],
  ] as const) {
    it(`decrypts our ${algorithm}, and we decrypt its`, async () => {
      const value = randomBytes(100);
      const ours = await resultOf('encrypt', rsa, { algorithm, value });
      const decrypt = ['pkeyutl', '-decrypt', '-inkey', privatePem(rsa), ...options(settings)];
      assert.deepEqual(output(decrypt, ours.result), value);
      const encrypt = ['pkeyutl', '-encrypt', '-pubin', '-inkey', publicPem(rsa), ...options(settings)];
      const opened = await resultOf('decrypt', rsa, { algorithm, value: output(encrypt, value) });
      assert.deepEqual(opened.result, value);
    });
  }

  for (const size of [128, 192, 256] as const) {
    it(`has the same AES of ${size} bits: CBC with and without padding`, async () => {
      const key = randomBytes(size / 8);
      const material: KeyMaterial = { kty: 'oct', k: key.toString('base64url') };
      const iv = randomBytes(16);
      const value = randomBytes(48);
      const enc = ['enc', `-aes-${size}-cbc`, '-K', key.toString('hex'), '-iv', iv.toString('hex')];
      for (const [algorithm, flags] of [
        [`A${size}CBC`, ['-nopad']],
        [`A${size}CBCPAD`, []],
      ] as const) {
        const { result } = await resultOf('encrypt', material, { algorithm, value, iv });
        assert.deepEqual(output([...enc, ...flags], value), result);
        const theirs = output([...enc, ...flags], value);
        assert.deepEqual((await resultOf('decrypt', material, { algorithm, value: theirs, iv })).result, value);
      }
    });
  }

  for (const algorithm of ['HS256', 'HS384', 'HS512']) {
    it(`has the same ${algorithm}`, async () => {
      const key = randomBytes(32);
      const value = randomBytes(200);
      const mac = [
        'dgst',
        `-${hashOf(algorithm)}`,
        '-mac',
        'HMAC',
        '-macopt',
        `hexkey:${key.toString('hex')}`,
        '-binary',
      ];
      const { result } = await resultOf('sign', { kty: 'oct', k: key.toString('base64url') }, { algorithm, value });
      assert.deepEqual(output(mac, value), result);
    });
  }
}

/** r and s side by side, as the SEQUENCE of two INTEGERs of RFC 3279 section 2.2.3. */
function toDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const integers = [signature.subarray(0, half), signature.subarray(half)].map((part) => {
    const first = part.findIndex((octet) => octet !== 0);
    const digits = part.subarray(first);
    const positive = digits.readUInt8(0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
    return Buffer.concat([Buffer.of(2, positive.length), positive]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([body.length < 128 ? Buffer.of(0x30, body.length) : Buffer.of(0x30, 0x81, body.length), body]);
}

function fromDer(signature: Buffer, length: number): Buffer {
  const half = length / 2;
  const numbers = Buffer.alloc(length);
  let at = signature.readUInt8(1) < 128 ? 2 : 3;
  for (const end of [half, length]) {
    const size = signature.readUInt8(at + 1);
    const octets = signature.subarray(at + 2, at + 2 + size);
    const digits = octets.subarray(Math.max(0, octets.length - half));
    digits.copy(numbers, end - digits.length);
    at += 2 + size;
  }
  return numbers;
}
