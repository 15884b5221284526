import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { CompactEncrypt, compactVerify } from 'jose';
import { parseAddress } from '../../src/address/address.ts';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import type { KeyEngine } from '../../src/types/key.ts';
import { compositeKey } from '../crypto/keys/composite-key.ts';
import { rsaOfA2 } from '../crypto/keys/published-keys.ts';
import type { Answered, Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { startOtherNode } from './other-node.ts';
import { auditRecords, auditText, errorBody, members, ok, putVault, register } from './vaults.ts';

const vault = 'kv-use';
let world: TestServer;
let folder: string;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault);
  folder = await mkdtemp(join(tmpdir(), 'postern-keys-'));
});

after(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function send(method: string, path: string, body?: unknown): Promise<Answered> {
  return world.client.vault(vault, method, path, body === undefined ? {} : { body });
}

const create = (name: string, body: object) => ok(send('POST', `/keys/${name}/create`, body));

function use(name: string, operation: string, body: object): Promise<Answered> {
  return send('POST', `/keys/${name}/${operation}`, body);
}

const b64 = (octets: Uint8Array) => Buffer.from(octets).toString('base64url');
const octets = (text: unknown) => Buffer.from(String(text), 'base64url');

/** The public key in an answer, as other libraries import it. */
function publicKey(key: Json): KeyObject {
  const { kid: _, key_ops: __, crv, ...jwk } = members(key['key']);
  return createPublicKey({
    key: { ...jwk, ...(typeof crv === 'string' && { crv: crv.replace('P-256K', 'secp256k1') }) },
    format: 'jwk',
  });
}

const message = Buffer.from('to be signed');
const hashes: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512', '56K': 'sha256' };
const digestFor = (alg: string, of: Uint8Array = message) =>
  createHash(hashes[alg.slice(-3)] ?? '')
    .update(of)
    .digest();

suite('a signature of a key', () => {
  const algorithms: Readonly<Record<string, object>> = {
    RS256: { kty: 'RSA' },
    RS384: { kty: 'RSA' },
    RS512: { kty: 'RSA' },
    PS256: { kty: 'RSA' },
    PS384: { kty: 'RSA' },
    PS512: { kty: 'RSA' },
    ES256: { kty: 'EC' },
    ES384: { kty: 'EC', crv: 'P-384' },
    ES512: { kty: 'EC', crv: 'P-521' },
  };
  for (const [alg, spec] of Object.entries(algorithms)) {
    test(`jose verifies: ${alg}`, async () => {
      const key = await create(`jose-${alg}`, spec);
      const input = `${b64(Buffer.from(JSON.stringify({ alg })))}.${b64(message)}`;
      const digest = digestFor(alg, Buffer.from(input));
      const signed = await ok(use(`jose-${alg}`, 'sign', { alg, value: b64(digest) }));
      assert.equal(signed['kid'], key['key']?.['kid']);
      const jws = `${input}.${String(signed['value'])}`;
      const verified = await compactVerify(jws, publicKey(key));
      assert.deepEqual(Buffer.from(verified.payload), message);
    });
  }

  const options: Readonly<Record<string, readonly string[]>> = {
    RS256: [],
    PS384: ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', 'rsa_pss_saltlen:digest'],
  };
  for (const [alg, more] of Object.entries(options)) {
    test(`openssl verifies: ${alg}`, async () => {
      const made = await create(`openssl-${alg}`, { kty: 'RSA' });
      const digest = digestFor(alg);
      const { value } = members(await ok(use(`openssl-${alg}`, 'sign', { alg, value: b64(digest) })));
      const file = async (name: string, content: string | Uint8Array) => {
        await writeFile(join(folder, name), content);
        return join(folder, name);
      };
      const key = await file('key.pem', publicKey(made).export({ type: 'spki', format: 'pem' }));
      const signature = await file('signature', octets(value));
      const verify = async (of: Uint8Array) => {
        const files = ['-in', await file('digest', of), '-inkey', key, '-sigfile', signature];
        const digestOption = `digest:${hashes[alg.slice(-3)]}`;
        return promisify(execFile)('openssl', [
          'pkeyutl',
          '-verify',
          '-pubin',
          ...files,
          '-pkeyopt',
          digestOption,
          ...more,
        ]);
      };
      assert.match((await verify(digest)).stdout, /Signature Verified Successfully/);
      await assert.rejects(verify(digestFor(alg, randomBytes(9))), { stdout: /Signature Verification Failure/ });
    });
  }

  test('is verified by the key, and any other is not', async () => {
    await create('verifier', { kty: 'EC', crv: 'P-256K' });
    const digest = digestFor('ES256K');
    const { value } = members(await ok(use('verifier', 'sign', { alg: 'ES256K', value: b64(digest) })));
    const verify = (body: object) => ok(use('verifier', 'verify', { alg: 'ES256K', ...body }));
    assert.deepEqual(await verify({ digest: b64(digest), value }), { value: true });
    assert.deepEqual(await verify({ digest: b64(randomBytes(32)), value }), { value: false });
    assert.deepEqual(await verify({ digest: b64(digest), value: b64(randomBytes(64)) }), { value: false });
  });
});

suite('data that is encrypted for a key', () => {
  for (const alg of ['RSA-OAEP', 'RSA-OAEP-256'] as const) {
    test(`is unwrapped: the content key of jose's ${alg}`, async () => {
      const key = await create(`for-${alg}`, { kty: 'RSA' });
      const jwe = await new CompactEncrypt(message).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(publicKey(key));
      const [, encryptedKey = ''] = jwe.split('.');
      const unwrapped = await ok(use(`for-${alg}`, 'unwrapkey', { alg, value: encryptedKey }));
      assert.equal(octets(unwrapped['value']).length, 32);
      assert.equal(unwrapped['kid'], key['key']?.['kid']);
      const decrypted = await ok(use(`for-${alg}`, 'decrypt', { alg, value: encryptedKey }));
      assert.equal(decrypted['value'], unwrapped['value']);
    });
  }

  test('is decrypted, also with an older version if the path names it', async () => {
    const old = await create('kept', { kty: 'RSA' });
    await create('kept', { kty: 'RSA' });
    const sealed = publicEncrypt({ key: publicKey(old), oaepHash: 'sha256' }, message);
    const body = { alg: 'RSA-OAEP-256', value: b64(sealed) };
    const version = String(old['key']?.['kid']).split('/').at(-1);
    const opened = await ok(use(`kept/${version}`, 'decrypt', body));
    assert.deepEqual(octets(opened['value']), message);
    assert.equal(opened['kid'], old['key']?.['kid']);
    const answer = await use('kept', 'decrypt', body);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, errorBody('BadParameter', 'The parameter is incorrect.\r\n'));
  });

  test('is decrypted with the iv and the tag that the vault made', async () => {
    await create('gcm', { kty: 'oct', key_size: 128 });
    const aad = b64(Buffer.from('seen'));
    const sealed = await ok(use('gcm', 'encrypt', { alg: 'A128GCM', value: b64(message), aad }));
    assert.deepEqual(Object.keys(sealed).toSorted(), ['aad', 'iv', 'kid', 'tag', 'value']);
    const { value, iv, tag } = members(sealed);
    const opened = await ok(use('gcm', 'decrypt', { alg: 'A128GCM', value, iv, tag, aad }));
    assert.deepEqual(octets(opened['value']), message);
    const tampered = await use('gcm', 'decrypt', { alg: 'A128GCM', value, iv, tag });
    assert.equal(tampered.status, 400);
  });

  test('is taken in base64 with its padding too, and given in base64url', async () => {
    await create('padded', { kty: 'RSA' });
    const value = Buffer.from('++//+w==', 'base64');
    const alg = 'RSA-OAEP';
    const padded = (answered: Json) => octets(answered['value']).toString('base64');
    for (const [close, open] of [
      ['wrapkey', 'unwrapkey'],
      ['encrypt', 'decrypt'],
    ] as const) {
      const sealed = await ok(use('padded', close, { alg, value: value.toString('base64') }));
      const opened = await ok(use('padded', open, { alg, value: padded(sealed) }));
      assert.equal(opened['value'], '--__-w');
    }
    const digest = Buffer.alloc(32, 0xfb).toString('base64');
    const signed = await ok(use('padded', 'sign', { alg: 'RS256', value: digest }));
    const verified = await ok(use('padded', 'verify', { alg: 'RS256', digest, value: padded(signed) }));
    assert.equal(verified['value'], true);
  });

  test('is not decrypted by encrypting with its iv', async () => {
    await create('counter', { kty: 'oct', key_size: 256 });
    const { value, iv } = members(await ok(use('counter', 'encrypt', { alg: 'A256GCM', value: b64(message) })));
    const writer = await register(world);
    const { objectId } = world.client.identity;
    await putVault(world.client, vault, {
      policies: [
        { objectId, keys: ['all'] },
        { objectId: writer.objectId, keys: ['encrypt'] },
      ],
    });
    const token = await world.client.token('vault', writer);
    const encrypt = (body: object) => world.client.vault(vault, 'POST', '/keys/counter/encrypt', { token, body });
    const chosen = await encrypt({ alg: 'A256GCM', value, iv });
    assert.equal(chosen.status, 400);
    const rule = "Invalid length of 'iv': 12 bytes. A256GCM takes none to encrypt: the vault makes it.";
    assert.deepEqual(chosen.body, errorBody('BadParameter', rule));
    const drawn = await ok(encrypt({ alg: 'A256GCM', value }));
    assert.notEqual(drawn['iv'], iv);
    assert.notDeepEqual(octets(drawn['value']), message);
  });
});

suite('an imported key', () => {
  for (const [name, { privateKey, publicKey: shown }] of Object.entries({
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    'P-256K': generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  })) {
    test(`is the one that was sent: ${name}`, async () => {
      const jwk = privateKey.export({ format: 'jwk' });
      const key = { ...jwk, ...(name === 'P-256K' && { crv: 'SECP256K1' }) };
      const imported = await ok(send('PUT', `/keys/imported-${name}`, { key, tags: { a: 'b' } }));
      assert.ok(publicKey(imported).equals(shown));
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in members(imported['key'])));
      assert.deepEqual(imported['tags'], { a: 'b' });
      if (name === 'P-256K') assert.equal(imported['key']?.['crv'], 'P-256K');
    });
  }

  test('is refused if its q is not prime, although its parts match', async () => {
    const answer = await send('PUT', '/keys/composite', { key: compositeKey(rsaOfA2) });
    assert.equal(answer.status, 400);
    const rule = "The RSA key's p and q must be two primes of 1024 bits.";
    assert.deepEqual(answer.body, errorBody('BadParameter', rule));
    assert.equal((await send('GET', '/keys/composite')).status, 404);
    await ok(send('PUT', '/keys/composite', { key: rsaOfA2 }));
  });

  test('is refused if its parts do not match, and the answer repeats none of them', async () => {
    const [one, two] = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ];
    const { d } = two.privateKey.export({ format: 'jwk' });
    const key = { ...one.privateKey.export({ format: 'jwk' }), d };
    const answer = await send('PUT', '/keys/mixed', { key });
    assert.equal(answer.status, 400);
    assert.match(String(answer.body['error']?.['message']), /^The EC key's members do not belong together/);
    assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(String(d)));
    assert.doesNotMatch(auditText(world.folder.path), new RegExp(String(d)));
    assert.equal((await send('GET', '/keys/mixed')).status, 404);
  });
});

suite('a use is refused', () => {
  const forbidden = async (name: string, operation: string, body: object) => {
    const answer = await use(name, operation, body);
    assert.equal(answer.status, 403, JSON.stringify(answer.body));
    return answer.body;
  };
  const toSign = { alg: 'ES256', value: b64(digestFor('ES256')) };

  test('when key_ops do not have it', async () => {
    await create('purposeful', { kty: 'EC', key_ops: ['verify'] });
    assert.deepEqual(
      await forbidden('purposeful', 'sign', toSign),
      errorBody('Forbidden', 'Operation sign is not permitted on this key.', 'KeyOperationForbidden'),
    );
    await ok(send('PATCH', '/keys/purposeful', { key_ops: ['sign'] }));
    await ok(use('purposeful', 'sign', toSign));
  });

  test('while the key is disabled', async () => {
    await create('disabled', { kty: 'EC', attributes: { enabled: false } });
    assert.deepEqual(
      await forbidden('disabled', 'sign', toSign),
      errorBody('Forbidden', 'Operation sign is not allowed on a disabled key.', 'KeyDisabled'),
    );
    await ok(send('GET', '/keys/disabled'));
    await ok(send('PATCH', '/keys/disabled', { attributes: { enabled: true } }));
    await ok(use('disabled', 'sign', toSign));
  });

  test('before its nbf and after its exp, but not to verify', async () => {
    const now = Math.floor(world.now() / 1000);
    const [nbf, exp] = [now + 60, now + 120];
    await create('timed', { kty: 'EC' });
    const { value } = members(await ok(use('timed', 'sign', toSign)));
    await ok(send('PATCH', '/keys/timed', { attributes: { nbf, exp } }));
    const verify = () => ok(use('timed', 'verify', { alg: 'ES256', digest: toSign.value, value }));
    const at = (seconds: number) => new Date(seconds * 1000).toISOString();
    assert.deepEqual(
      await forbidden('timed', 'sign', toSign),
      errorBody(
        'Forbidden',
        `Operation sign is not allowed on a key before its attributes.nbf, ${at(nbf)}.`,
        'KeyNotYetValid',
      ),
    );
    assert.deepEqual(await verify(), { value: true });
    world.advance(60_000);
    await ok(use('timed', 'sign', toSign));
    world.advance(60_000);
    assert.deepEqual(
      await forbidden('timed', 'sign', toSign),
      errorBody(
        'Forbidden',
        `Operation sign is not allowed on a key after its attributes.exp, ${at(exp)}.`,
        'KeyExpired',
      ),
    );
    assert.deepEqual(await verify(), { value: true });
  });

  test('with the algorithm of another curve, and the message names that curve', async () => {
    const { key } = await create('curved', { kty: 'EC', crv: 'P-256K' });
    const asked = { alg: 'ES256', value: toSign.value };
    for (const [operation, body] of [
      ['sign', asked],
      ['verify', { alg: 'ES256', digest: asked.value, value: b64(Buffer.alloc(64)) }],
    ] as const) {
      const answer = await use('curved', operation, body);
      assert.equal(answer.status, 400);
      const text =
        `Key and signing algorithm are incompatible. Key ${String(key?.['kid'])} uses curve 'P-256K', and algorithm ` +
        "'ES256' can only be used with curve 'P-256'.";
      assert.deepEqual(answer.body, errorBody('BadParameter', text));
    }
    await ok(use('curved', 'sign', { ...asked, alg: 'ES256K' }));
  });

  test('with an algorithm that does not fit this key, and the message names those that do', async () => {
    await create('choosy', { kty: 'EC' });
    const answer = await use('choosy', 'sign', { ...toSign, alg: 'RS256' });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      answer.body,
      errorBody('BadParameter', "The algorithm 'RS256' is not supported for this key; allowed: ES256."),
    );
  });
});

test('uses of one key do not wait for each other, and change nothing', async () => {
  const key = await create('busy', { kty: 'EC' });
  const { store } = world.folder;
  const engine = openKeyEngine();
  let together = () => {};
  const all = new Promise<void>((resolve) => {
    together = resolve;
  });
  let waiting = 0;
  const meeting: KeyEngine = {
    ...engine,
    async perform(...asked) {
      waiting += 1;
      if (waiting === 5) together();
      await all;
      return engine.perform(...asked);
    },
  };
  const address = parseAddress('127.0.0.1');
  assert.ok(address !== undefined);
  await using node = await startOtherNode(world, { source: { kind: 'public', address }, engine: meeting });
  const { cursor } = await store.changes(undefined, 1);
  const body = { alg: 'ES256', value: b64(digestFor('ES256')) };
  const uses = Array.from({ length: 5 }, () => ok(node.vault(vault, 'POST', '/keys/busy/sign', { body })));
  for (const answer of await Promise.all(uses)) assert.equal(answer['kid'], key['key']?.['kid']);
  const changes = await store.changes(cursor, 100);
  assert.ok(!changes.expired);
  assert.deepEqual(
    changes.keys.filter((name) => !name.startsWith('outbox/')),
    [],
  );
  assert.deepEqual(await ok(send('GET', '/keys/busy')), key);
});

test('the audit log has the algorithm of a use, but not its input or output', async () => {
  await create('audited', { kty: 'oct' });
  const value = b64(randomBytes(32));
  const wrapped = await ok(use('audited', 'wrapkey', { alg: 'A256KW', value }));
  await use('audited', 'unwrapkey', { alg: 'A256KW', value: `${value}AAAA` });
  const records = auditRecords(world).filter(({ operationName }) => /^Key(?:Unw|W)rap$/.test(operationName));
  const record = records.findLast(({ operationName }) => operationName === 'KeyWrap');
  assert.ok(record !== undefined);
  assert.equal(record.properties['algorithm'], 'A256KW');
  assert.deepEqual(record.properties['keyProperties'], {
    type: 'oct',
    operations: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
    size: 256,
    attributes: { enabled: true, hsmPlatform: '0' },
  });
  assert.equal(records.findLast(({ operationName }) => operationName === 'KeyUnwrap')?.properties.httpStatusCode, 400);
  const log = auditText(world.folder.path);
  for (const secret of [value, String(wrapped['value'])]) assert.ok(!log.includes(secret));
});
