/** Run by `sdk-keys.test.ts`: every method of the official clients of keys, with their challenge verification on. */
import assert from 'node:assert/strict';
import { createHash, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import type { JsonWebKey, KeyVaultKey } from '@azure/keyvault-keys';
import { agent, collect, credential, perform, vaultUrl, whenFree, wrongly } from './connection.ts';

const client = new KeyClient(vaultUrl, credential, { agent });
const quick = { intervalInMs: 50 };
const text = Buffer.from('a text of no secrecy');

function cryptographyOf(key: KeyVaultKey): CryptographyClient {
  return new CryptographyClient(key, credential, { agent });
}

/** A client that uses this key locally, without a vault. */
function local(key: KeyVaultKey): CryptographyClient {
  assert.ok(key.key !== undefined);
  return new CryptographyClient(key.key);
}

/** A client that must send every operation to the vault, because it does not know the public key. */
function remote({ key: _, ...unknown }: KeyVaultKey): CryptographyClient {
  return cryptographyOf(unknown);
}

/** A JSON Web Key as the client has it: its numbers are octets, not base64url. */
function octets(jwk: object): JsonWebKey {
  const members: readonly (readonly [name: string, value: unknown])[] = Object.entries(jwk);
  const named = new Map(members.map(([name, value]) => [name, String(value)]));
  const kty = named.get('kty');
  const crv = named.get('crv');
  const numbers = [...named].filter(([name]) => name !== 'kty' && name !== 'crv');
  return {
    ...Object.fromEntries(numbers.map(([name, value]) => [name, Buffer.from(value, 'base64url')])),
    ...(kty !== undefined && { kty }),
    ...(crv !== undefined && { crv }),
  };
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async creates() {
    const options = {
      tags: { a: 'b' },
      expiresOn: new Date(2_000_000_000_000),
      notBefore: new Date(1_000_000_000_000),
    };
    const rsa = await client.createRsaKey('rsa', { ...options, keySize: 2048, keyOps: ['sign', 'verify'] });
    assert.equal(rsa.keyType, 'RSA');
    assert.deepEqual(rsa.keyOperations, ['sign', 'verify']);
    assert.equal(rsa.key?.n?.length, 256);
    const { vaultUrl: url, name, version, expiresOn, notBefore, tags, enabled } = rsa.properties;
    assert.deepEqual({ url, name, tags, enabled }, { url: vaultUrl, name: 'rsa', tags: { a: 'b' }, enabled: true });
    assert.deepEqual({ expiresOn, notBefore, tags }, options);
    assert.equal(rsa.properties.hsmPlatform, '0');
    assert.equal(rsa.properties.exportable, false);
    assert.equal((await client.createEcKey('ec', { curve: 'P-521', hsm: true })).keyType, 'EC-HSM');
    assert.equal((await client.createOctKey('oct', { keySize: 192, hsm: true })).keyType, 'oct-HSM');
    const disabled = await client.createKey('any', 'EC', { curve: 'P-256K', enabled: false });
    assert.equal(disabled.key?.crv, 'P-256K');
    assert.equal(disabled.properties.enabled, false);

    assert.deepEqual(await client.getKey('rsa'), rsa);
    const next = await client.createRsaKey('rsa');
    assert.deepEqual(await client.getKey('rsa', { version: version ?? '' }), rsa);
    assert.equal((await client.getKey('rsa')).id, next.id);
    await client.updateKeyProperties('rsa', version ?? '', { enabled: false, keyOps: ['sign'] });
    const changed = await client.updateKeyProperties('rsa', { tags: { c: 'd' } });
    assert.deepEqual([changed.id, changed.properties.tags], [next.id, { c: 'd' }]);
    const versions = await collect(client.listPropertiesOfKeyVersions('rsa'));
    assert.deepEqual(
      new Map(versions.map((one) => [one.id, one.enabled])),
      new Map([
        [rsa.id, false],
        [next.id, true],
      ]),
    );
    assert.deepEqual(await collect(client.listPropertiesOfKeyVersions('missing')), []);

    const imported = await client.importKey(
      'imported',
      octets(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })),
      { hardwareProtected: true, tags: { from: 'elsewhere' } },
    );
    assert.equal(imported.keyType, 'EC-HSM');
    await Promise.all(Array.from({ length: 30 }, (_, n) => client.createEcKey(`page-${n}`)));
    const names = (await collect(client.listPropertiesOfKeys())).map((one) => one.name);
    assert.equal(new Set(names).size, 35);
    const pages = [];
    for await (const page of client.listPropertiesOfKeys().byPage({ maxPageSize: 20 })) pages.push(page.length);
    assert.deepEqual(pages, [20, 15]);
  },

  async deletes() {
    const key = await client.createEcKey('doomed');
    const started = await client.beginDeleteKey('doomed', quick);
    assert.equal(started.isDone(), false, 'a deletion takes its time');
    const resumed = await client.beginDeleteKey('doomed', { ...quick, resumeFrom: started.toString() });
    const deleted = await resumed.pollUntilDone();
    assert.equal(deleted.properties.recoveryId, `${vaultUrl}/deletedkeys/doomed`);
    assert.ok(deleted.properties.scheduledPurgeDate !== undefined && deleted.properties.deletedOn !== undefined);
    assert.equal(deleted.id, key.id);
    assert.deepEqual(
      (await collect(client.listDeletedKeys())).map((one) => [one.name, one.properties.recoveryId]),
      [['doomed', deleted.properties.recoveryId]],
    );
    const {
      recoveryId: _r,
      scheduledPurgeDate: _s,
      deletedOn: _d,
      ...kept
    } = (await client.getDeletedKey('doomed')).properties;
    assert.deepEqual(kept, key.properties);
    const recovery = await client.beginRecoverDeletedKey('doomed', quick);
    assert.equal(recovery.isDone(), false, 'a recovery takes its time');
    const again = await client.beginRecoverDeletedKey('doomed', { ...quick, resumeFrom: recovery.toString() });
    assert.equal((await again.pollUntilDone()).id, key.id);
    assert.deepEqual(await client.getKey('doomed'), key);

    const blob = await client.backupKey('doomed');
    assert.ok(blob !== undefined);
    await (await client.beginDeleteKey('doomed', quick)).pollUntilDone();
    await client.purgeDeletedKey('doomed');
    await assert.rejects(client.getDeletedKey('doomed'), { code: 'KeyNotFound', statusCode: 404 });
    await assert.rejects(client.getKey('doomed'), { code: 'KeyNotFound', statusCode: 404 });
    assert.deepEqual(await whenFree(() => client.restoreKeyBackup(blob)), key);
  },

  async rotates() {
    const key = await client.createEcKey('turning', { curve: 'P-384' });
    const usual = await client.getKeyRotationPolicy('turning');
    const notify = { action: 'Notify', timeAfterCreate: undefined, timeBeforeExpiry: 'P30D' };
    assert.deepEqual(usual.lifetimeActions, [notify]);
    assert.equal(usual.createdOn, undefined);
    const rotate = { action: 'Rotate', timeAfterCreate: 'P60D' } as const;
    const policy = await client.updateKeyRotationPolicy('turning', { lifetimeActions: [rotate], expiresIn: 'P90D' });
    assert.deepEqual(policy.lifetimeActions, [{ ...rotate, timeBeforeExpiry: undefined }, notify]);
    assert.equal(policy.expiresIn, 'P90D');
    assert.equal(policy.id, `${vaultUrl}/keys/turning/rotationpolicy`);
    assert.ok(policy.createdOn !== undefined && policy.updatedOn !== undefined);
    assert.deepEqual(await client.getKeyRotationPolicy('turning'), policy);
    assert.deepEqual((await client.updateKeyRotationPolicy('turning', policy)).lifetimeActions, policy.lifetimeActions);
    const rotated = await client.rotateKey('turning');
    assert.notEqual(rotated.id, key.id);
    assert.equal(rotated.key?.crv, 'P-384');
    const { createdOn, expiresOn } = rotated.properties;
    assert.equal(Number(expiresOn) - Number(createdOn), 90 * 86_400_000);
  },

  async rsa() {
    const key = await client.createRsaKey('rsa-use');
    const [here, there] = [local(key), remote(key)];
    for (const algorithm of ['RSA1_5', 'RSA-OAEP'] as const) {
      const sealed = await here.encrypt({ algorithm, plaintext: text });
      assert.deepEqual(Buffer.from((await there.decrypt({ algorithm, ciphertext: sealed.result })).result), text);
      const wrapped = await here.wrapKey(algorithm, text);
      assert.deepEqual(Buffer.from((await there.unwrapKey(algorithm, wrapped.result)).result), text);
    }
    for (const algorithm of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'] as const) {
      const sealed = await there.encrypt({ algorithm, plaintext: text });
      assert.equal(sealed.keyID, key.id);
      assert.deepEqual(Buffer.from((await there.decrypt({ algorithm, ciphertext: sealed.result })).result), text);
      const wrapped = await there.wrapKey(algorithm, text);
      assert.deepEqual(Buffer.from((await there.unwrapKey(algorithm, wrapped.result)).result), text);
    }
    for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const) {
      const digest = createHash(algorithm.replace(/^../, 'sha')).update(text).digest();
      const { result } = await there.sign(algorithm, digest);
      assert.equal((await there.verify(algorithm, digest, result)).result, true);
      assert.equal((await there.verifyData(algorithm, text, result)).result, true);
      assert.equal((await there.verifyData(algorithm, randomBytes(9), result)).result, false);
      if (algorithm.startsWith('RS')) assert.equal((await here.verifyData(algorithm, text, result)).result, true);
      const data = await there.signData(algorithm, text);
      assert.equal((await there.verify(algorithm, digest, data.result)).result, true);
    }
    const named = client.getCryptographyClient('rsa-use');
    assert.equal(named.keyID, `${vaultUrl}/keys/rsa-use`);
    const { result } = await named.signData('RS256', text);
    assert.equal((await named.verifyData('RS256', text, result)).result, true);
  },

  async ec() {
    const algorithms = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', ES256K: 'P-256K' } as const;
    for (const algorithm of ['ES256', 'ES384', 'ES512', 'ES256K'] as const) {
      const key = await client.createEcKey(`ec-${algorithm}`, { curve: algorithms[algorithm] });
      const cryptography = cryptographyOf(key);
      const digest = createHash(algorithm.replace(/^ES(...).?$/, 'sha$1'))
        .update(text)
        .digest();
      const { result } = await cryptography.sign(algorithm, digest);
      assert.equal((await cryptography.verify(algorithm, digest, result)).result, true);
      assert.equal((await cryptography.verifyData(algorithm, text, result)).result, true);
      const data = await cryptography.signData(algorithm, text);
      const [last = 0] = data.result.subarray(-1);
      assert.equal((await cryptography.verify(algorithm, digest, data.result)).result, true);
      data.result[data.result.length - 1] = last ^ 1;
      assert.equal((await cryptography.verify(algorithm, digest, data.result)).result, false);
    }
  },

  async oct() {
    for (const size of [128, 192, 256] as const) {
      const secret = randomBytes(size / 8);
      const jwk = octets(createSecretKey(secret).export({ format: 'jwk' }));
      const keyOps = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
      const key = await client.importKey(`oct-${size}`, { ...jwk, keyOps });
      assert.equal(key.key?.k, undefined);
      const there = cryptographyOf(key);
      const here = new CryptographyClient({ ...jwk, keyOps });
      const iv = randomBytes(16);
      const padded = `A${size}CBCPAD` as const;
      const sealed = await here.encrypt({ algorithm: padded, plaintext: text, iv });
      const opened = await there.decrypt({ algorithm: padded, ciphertext: sealed.result, iv });
      assert.deepEqual(Buffer.from(opened.result), text);
      const back = await there.encrypt({ algorithm: padded, plaintext: text, iv });
      assert.deepEqual(Buffer.from(back.result), Buffer.from(sealed.result));

      const block = randomBytes(32);
      const bare = await there.encrypt({ algorithm: `A${size}CBC`, plaintext: block, iv });
      const plain = await there.decrypt({ algorithm: `A${size}CBC`, ciphertext: bare.result, iv });
      assert.deepEqual(Buffer.from(plain.result), block);

      const additionalAuthenticatedData = Buffer.from('seen by all');
      const gcm = { algorithm: `A${size}GCM`, additionalAuthenticatedData } as const;
      const authentic = await there.encrypt({ ...gcm, plaintext: text });
      const { iv: nonce, authenticationTag, result: ciphertext } = authentic;
      assert.ok(nonce !== undefined && authenticationTag !== undefined);
      const read = await there.decrypt({ ...gcm, ciphertext, iv: nonce, authenticationTag });
      assert.deepEqual(Buffer.from(read.result), text);
      const other = { ...gcm, additionalAuthenticatedData: Buffer.from('seen by some') };
      await wrongly(
        there.decrypt({ ...other, ciphertext, iv: nonce, authenticationTag }),
        400,
        /^The parameter is incorrect/,
      );

      const wrapped = await there.wrapKey(`A${size}KW`, block);
      assert.deepEqual(Buffer.from((await there.unwrapKey(`A${size}KW`, wrapped.result)).result), block);
    }
  },

  async refusals() {
    assert.equal((await client.getRandomBytes(64)).length, 64);
    await wrongly(client.getRandomBytes(129), 400, /count is 129; it must be a whole number from 1 to 128\./);
    const key = await client.createRsaKey('refused', { keyOps: ['encrypt', 'decrypt'] });
    await wrongly(client.releaseKey('refused', 'token'), 501, /no attestation is configured here/);
    await wrongly(client.getKeyAttestation('refused'), 501, /no attestation is configured here/);
    const able = remote({ ...key, keyOperations: ['sign', 'decrypt'] });
    await wrongly(able.sign('RS256', Buffer.alloc(32)), 403, /^Operation sign is not permitted on this key\.$/);
    await client.updateKeyProperties('refused', { enabled: false });
    await wrongly(
      able.decrypt({ algorithm: 'RSA-OAEP', ciphertext: Buffer.alloc(256) }),
      403,
      /^Operation decrypt is not allowed on a disabled key\.$/,
    );
    await wrongly(client.createRsaKey('refused', { keySize: 1024 }), 400, /2048, 3072, 4096; 1024 is not supported/);
  },

  async firewall() {
    await wrongly(client.getKey('rsa'), 403, /^Client address is not authorized and caller is not a trusted service\./);
  },
};

await perform(scenarios);
