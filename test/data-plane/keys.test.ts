import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import type { Answered, Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditText, errorBody, items, members, ok, putVault, recordsWhere, transitionMs } from './vaults.ts';

const vault = 'kv-keys';
const premium = 'kv-premium';
const day = 86_400;
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
  await putVault(world.client, premium, { sku: { family: 'A', name: 'premium' } });
});

after(() => world[Symbol.asyncDispose]());

function send(method: string, path: string, body?: unknown, name = vault): Promise<Answered> {
  return world.client.vault(name, method, path, body === undefined ? {} : { body });
}

function create(name: string, body: object, inVault = vault): Promise<Json> {
  return ok(send('POST', `/keys/${name}/create`, body, inVault));
}

function versionOf(key: Json): string {
  return String(key['key']?.['kid']).split('/').at(-1) ?? '';
}

function seconds(): number {
  return Math.floor(world.now() / 1000);
}

suite('a new key', () => {
  test('is returned with its public part and the default attributes', async () => {
    const key = await create('Rsa', { kty: 'RSA' });
    const created = Number(key['attributes']?.['created']);
    assert.ok(Math.abs(created - seconds()) < 60);
    const { n, ...jwk } = members(key['key']);
    assert.equal(Buffer.from(String(n), 'base64url').length, 256);
    assert.deepEqual(
      { ...members(key), key: jwk },
      {
        key: {
          kid: `${world.client.vaultOrigin(vault)}/keys/Rsa/${versionOf(key)}`,
          kty: 'RSA',
          key_ops: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
          e: 'AQAB',
        },
        attributes: {
          enabled: true,
          created,
          updated: created,
          recoveryLevel: 'Recoverable+Purgeable',
          recoverableDays: 90,
          exportable: false,
          hsmPlatform: '0',
        },
      },
    );
    assert.match(versionOf(key), /^[0-9a-f]{32}$/);
    assert.deepEqual(await ok(send('GET', '/keys/rsa')), key);
    assert.deepEqual(await ok(send('GET', `/keys/RSA/${versionOf(key).toUpperCase()}`)), key);
  });

  test('has the members that were sent', async () => {
    const asked = {
      kty: 'EC',
      crv: 'P-384',
      key_ops: ['verify'],
      attributes: { enabled: false, nbf: 100, exp: 4_000_000_000 },
      tags: { owner: 'me' },
    };
    const key = await create('asked', asked);
    assert.equal(key['key']?.['kty'], 'EC');
    assert.equal(key['key']?.['crv'], 'P-384');
    assert.deepEqual(key['key']?.['key_ops'], ['verify']);
    assert.equal(Buffer.from(String(key['key']?.['x']), 'base64url').length, 48);
    const { enabled, nbf, exp } = members(key['attributes']);
    assert.deepEqual({ enabled, nbf, exp }, asked.attributes);
    assert.deepEqual(key['tags'], { owner: 'me' });
  });

  type Size = readonly [
    asked: { readonly kty: string; readonly key_size?: number; readonly crv?: string },
    found: readonly [member: string, number | string],
  ];
  const sizes: Readonly<Record<string, Size>> = {
    'RSA 3072': [{ kty: 'RSA', key_size: 3072 }, ['n', 384]],
    'EC P-256': [{ kty: 'EC' }, ['crv', 'P-256']],
    'EC P-521': [{ kty: 'EC', crv: 'P-521' }, ['crv', 'P-521']],
    'EC P-256K': [{ kty: 'EC', crv: 'P-256K' }, ['crv', 'P-256K']],
    'EC without its crv': [{ kty: 'EC', crv: '' }, ['crv', 'P-256']],
    'EC secp256k1': [{ kty: 'EC', crv: 'secp256k1' }, ['crv', 'P-256K']],
    'EC SECP256K1': [{ kty: 'EC', crv: 'SECP256K1' }, ['crv', 'P-256K']],
    'RSA-HSM': [{ kty: 'RSA-HSM' }, ['n', 256]],
    'EC-HSM': [{ kty: 'EC-HSM', crv: 'P-384' }, ['crv', 'P-384']],
  };
  for (const [name, [asked, [member, expected]]] of Object.entries(sizes)) {
    test(`may be ${name}`, async () => {
      const key = await create(name.replaceAll(' ', '-'), asked, premium);
      const found = String(key['key']?.[member]);
      assert.equal(typeof expected === 'number' ? Buffer.from(found, 'base64url').length : found, expected);
      assert.equal(key['key']?.['kty'], asked.kty);
    });
  }

  for (const exponent of [1, 17, 65_537]) {
    test(`has the exponent 65537 if ${exponent} is requested, as on Azure`, async () => {
      const key = await create(`exponent-${exponent}`, { kty: 'RSA', public_exponent: exponent });
      assert.equal(key['key']?.['e'], 'AQAB');
    });
  }

  for (const kty of ['oct', 'oct-HSM']) {
    test(`of the type ${kty} does not show its material`, async () => {
      const key = await create(`symmetric-${kty}`, { kty, key_size: 128 }, premium);
      const kid = `${world.client.vaultOrigin(premium)}/keys/symmetric-${kty}/${versionOf(key)}`;
      const key_ops = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
      assert.deepEqual(key['key'], { kid, kty, key_ops });
    });
  }

  test('with an existing name is the next version, whatever its type', async () => {
    const first = await create('twice', { kty: 'EC', tags: { a: 'b' } });
    const second = await create('TWICE', { kty: 'oct' });
    assert.equal(second['tags'], undefined);
    assert.match(String(second['key']?.['kid']), /\/keys\/twice\//);
    assert.deepEqual(await ok(send('GET', '/keys/twice')), second);
    assert.deepEqual(await ok(send('GET', `/keys/twice/${versionOf(first)}`)), first);
    const list = await ok(send('GET', '/keys/twice/versions'));
    const expected = [first, second].map((key) => String(key['key']?.['kid'])).toSorted();
    assert.deepEqual(
      items(list).map(({ kid }) => kid),
      expected,
    );
  });

  test('is in the list, without a version and without its public part', async () => {
    const { key: _, ...facts } = members(await create('listed', { kty: 'EC', tags: { a: 'b' } }));
    const list = await ok(send('GET', '/keys'));
    const kid = `${world.client.vaultOrigin(vault)}/keys/listed`;
    assert.deepEqual(
      items(list).find((item) => item['kid'] === kid),
      { kid, ...facts },
    );
  });
});

suite('a key that does not exist', () => {
  const notFound = (id: string) =>
    errorBody(
      'KeyNotFound',
      `A key with (name/id) ${id} was not found in this key vault. If you recently deleted this key you may be able to recover it ` +
        'using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182',
    );
  const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['GET', '/keys/missing'],
    ['PATCH', '/keys/missing', {}],
    ['DELETE', '/keys/missing'],
    ['POST', '/keys/missing/rotate'],
    ['GET', '/keys/missing/rotationpolicy'],
    ['PUT', '/keys/missing/rotationpolicy', {}],
    ['POST', '/keys/missing/backup'],
    ['POST', '/keys/missing/sign', { alg: 'ES256', value: '' }],
    ['POST', '/keys/missing/release', { target: 't' }],
    ['GET', '/keys/missing/attestation'],
  ];
  for (const [method, path, body] of requests) {
    test(`is not found by ${method} ${path}`, async () => {
      const answer = await send(method, path, body);
      assert.equal(answer.status, 404);
      assert.deepEqual(answer.body, notFound('missing'));
    });
  }

  test('is not found by a version either, well formed or not', async () => {
    await create('versioned', { kty: 'EC' });
    for (const version of ['0'.repeat(32), 'latest']) {
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PATCH', '', {}],
        ['POST', '/sign', { alg: 'ES256', value: '' }],
      ] as const) {
        const answer = await send(method, `/keys/versioned/${version}${path}`, body);
        assert.equal(answer.status, 404, `${method} ${path}`);
        assert.deepEqual(answer.body, notFound(`versioned/${version}`));
      }
    }
  });

  test('has an empty list of versions', async () => {
    assert.deepEqual(await ok(send('GET', '/keys/missing/versions')), { value: [], nextLink: null });
  });
});

suite('an update', () => {
  test('changes the members that are sent, and keeps the rest', async () => {
    const key = await create('changed', { kty: 'EC', tags: { a: 'b' }, attributes: { exp: 4_000_000_000 } });
    world.advance(5000);
    const path = `/keys/changed/${versionOf(key)}`;
    const updated = await ok(send('PATCH', path, { key_ops: ['sign'], attributes: { enabled: false } }));
    const attributes = members(key['attributes']);
    assert.deepEqual(members(updated), {
      key: { ...members(key['key']), key_ops: ['sign'] },
      attributes: { ...attributes, enabled: false, updated: Number(updated['attributes']?.['updated']) },
      tags: { a: 'b' },
    });
    assert.ok(Number(updated['attributes']?.['updated']) >= Number(attributes['created']) + 5);
    assert.deepEqual(await ok(send('GET', '/keys/changed')), updated);
  });

  test('of an older version does not change the current one, and without a version it changes that', async () => {
    const old = await create('older', { kty: 'EC' });
    const current = await create('older', { kty: 'EC' });
    await ok(send('PATCH', `/keys/older/${versionOf(old)}`, { tags: { which: 'old' } }));
    assert.deepEqual(await ok(send('GET', '/keys/older')), current);
    assert.equal((await ok(send('PATCH', '/keys/older', { tags: { which: 'new' } })))['tags']?.['which'], 'new');
    assert.equal((await ok(send('GET', `/keys/older/${versionOf(old)}`)))['tags']?.['which'], 'old');
  });

  test('cannot give a key an operation that its type does not have', async () => {
    await create('purpose', { kty: 'EC' });
    const answer = await send('PATCH', '/keys/purpose', { key_ops: ['wrapKey', 'sign', 'unwrapKey'] });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      answer.body,
      errorBody(
        'BadParameter',
        'Unsupported key operation(s): "wrapKey", "unwrapKey". Supported values are "sign", "verify".',
      ),
    );
  });
});

suite('a key that may be released', () => {
  const data = Buffer.from('{"version":"1.0.0","anyOf":[]}').toString('base64url');
  const exportable = { kty: 'RSA-HSM', attributes: { exportable: true } };
  const message = async (method: string, path: string, body: unknown) => {
    const answer = await send(method, path, body, premium);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    return answer.body['error']?.['message'];
  };

  test('is in the HSM of a premium vault and has a policy, which is returned', async () => {
    const key = await create('released', { ...exportable, release_policy: { data } }, premium);
    assert.equal(key['attributes']?.['exportable'], true);
    const policy = { contentType: 'application/json; charset=utf-8', data, immutable: false };
    assert.deepEqual(key['release_policy'], policy);
    const changed = { contentType: 'application/json', data, immutable: true };
    const updated = await ok(send('PATCH', '/keys/released', { release_policy: changed }, premium));
    assert.deepEqual(updated['release_policy'], changed);
    await ok(send('PATCH', '/keys/released', { release_policy: changed, tags: {} }, premium));
    assert.equal(
      await message('PATCH', '/keys/released', { release_policy: { ...changed, immutable: false } }),
      'AKV.SKR.1020: Immutable Key Release Policy cannot be modified.',
    );
  });

  test("is refused otherwise, with Azure's numbers", async () => {
    assert.equal(
      await message('POST', '/keys/refused/create', exportable),
      'AKV.SKR.1004: Exportable keys must have release policy.',
    );
    assert.equal(
      await message('POST', '/keys/refused/create', { ...exportable, kty: 'RSA', release_policy: { data } }),
      'AKV.SKR.1006: Exportable keys must be HSM-backed; ask for the key type RSA-HSM.',
    );
  });

  test('is not released, and not attested', async () => {
    await create('kept', { ...exportable, release_policy: { data } }, premium);
    for (const [operation, method, body] of [
      ['release', 'POST', { target: 'token', enc: 'RSA_AES_KEY_WRAP_256' }],
      ['attestation', 'GET', undefined],
    ] as const) {
      const answer = await send(method, `/keys/kept/${operation}`, body, premium);
      assert.equal(answer.status, 501);
      assert.deepEqual(
        answer.body,
        errorBody(
          'NotImplemented',
          `Operation ${operation} is not supported: no attestation is configured here, neither of keys nor of the callers that request them.`,
        ),
      );
    }
  });
});

suite('a deleted key', () => {
  test('is returned, listed, recovered with its versions and purged', async () => {
    const old = await create('Gone', { kty: 'EC' });
    const key = await create('gone', { kty: 'EC', tags: { a: 'b' } });
    const deleted = await ok(send('DELETE', '/keys/gone'));
    world.advance(transitionMs);
    const deletedDate = Number(deleted['deletedDate']);
    const facts = {
      recoveryId: `${world.client.vaultOrigin(vault)}/deletedkeys/Gone`,
      deletedDate,
      scheduledPurgeDate: deletedDate + 90 * day,
    };
    assert.deepEqual(members(deleted), { ...facts, ...members(key) });
    assert.deepEqual(await ok(send('GET', '/deletedkeys/GONE')), deleted);
    const kid = `${world.client.vaultOrigin(vault)}/keys/Gone`;
    const { key: _, ...rest } = members(key);
    assert.deepEqual(items(await ok(send('GET', '/deletedkeys'))), [{ ...facts, kid, ...rest }]);
    assert.equal((await send('GET', '/keys/gone')).status, 404);
    const taken = await send('POST', '/keys/gone/create', { kty: 'RSA', key_size: 4096 });
    assert.equal(taken.status, 409);
    assert.deepEqual(
      taken.body,
      errorBody(
        'Conflict',
        'Key gone is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can ' +
          'only be recovered or purged.',
        'ObjectIsDeletedButRecoverable',
      ),
    );
    assert.deepEqual(await ok(send('POST', '/deletedkeys/gone/recover')), key);
    world.advance(transitionMs);
    assert.deepEqual(await ok(send('GET', `/keys/gone/${versionOf(old)}`)), old);

    await ok(send('DELETE', '/keys/gone'));
    world.advance(transitionMs);
    assert.equal((await send('DELETE', '/deletedkeys/gone')).status, 204);
    const missing = await send('GET', '/deletedkeys/gone');
    assert.equal(missing.status, 404);
    assert.deepEqual(missing.body, errorBody('KeyNotFound', 'Deleted Key not found: gone'));
  });
});

test('a backup restores a key with its versions, but not into a vault that does not support the type of one', async () => {
  for (const [name, types, status] of [
    ['once-in-hsm', ['EC-HSM', 'EC'], 400],
    ['never-in-hsm', ['EC', 'EC'], 200],
  ] as const) {
    for (const kty of types) await create(name, { kty }, premium);
    const { value } = members(await ok(send('POST', `/keys/${name}/backup`, undefined, premium)));
    const answer = await send('POST', '/keys/restore', { value });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (status === 200) continue;
    const message = 'Hardware key operation not allowed on standard vault';
    assert.deepEqual(answer.body, errorBody('BadParameter', message));
    for (const path of [`/keys/${name}`, `/deletedkeys/${name}`]) assert.equal((await send('GET', path)).status, 404);
  }
  await create('moved', { kty: 'EC-HSM' }, premium);
  const key = await create('moved', { kty: 'EC-HSM', tags: { a: 'b' } }, premium);
  const { value } = members(await ok(send('POST', '/keys/moved/backup', undefined, premium)));
  const refused = await send('POST', '/keys/restore', { value });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body, errorBody('BadParameter', 'Hardware key operation not allowed on standard vault'));
  await putVault(world.client, 'kv-restored', { sku: { family: 'A', name: 'premium' } });
  const restored = await ok(send('POST', '/keys/restore', { value }, 'kv-restored'));
  const kid = String(key['key']?.['kid']).replace(premium, 'kv-restored');
  assert.deepEqual(members(restored), { ...members(key), key: { ...members(key['key']), kid } });
  assert.equal(items(await ok(send('GET', '/keys/moved/versions', undefined, 'kv-restored'))).length, 2);
});

test('random bytes have the requested length, and differ each time', async () => {
  const bytes = async (count: number) =>
    Buffer.from(String((await ok(send('POST', '/rng', { count })))['value']), 'base64url');
  for (const count of [1, 16, 128]) assert.equal((await bytes(count)).length, count);
  assert.notDeepEqual(await bytes(32), await bytes(32));
});

test('the audit log has the properties of a key, but not its material', async () => {
  const key = await create('audited', { kty: 'oct', attributes: { exp: 4_000_000_000 } });
  await ok(send('GET', '/keys/audited'));
  const isAudited = ({ properties }: AuditRecord) => String(properties.id).includes('/keys/audited');
  const records = await recordsWhere(world, isAudited, 2);
  assert.deepEqual(
    records.map(({ operationName, properties }) => [operationName, properties['keyProperties']]),
    ['KeyCreate', 'KeyGet'].map((name) => [
      name,
      {
        type: 'oct',
        operations: key['key']?.['key_ops'],
        size: 256,
        attributes: { enabled: true, exp: 4_000_000_000, hsmPlatform: '0' },
      },
    ]),
  );
  assert.doesNotMatch(auditText(world.folder.path), /"(?:d|p|q|dp|dq|qi|k|material)":/);
});
