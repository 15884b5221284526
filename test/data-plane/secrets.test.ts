import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, errorBody, items, members, ok, putVault, transitionMs } from './vaults.ts';

const vault = 'kv-secrets';
const day = 86_400;
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
});

after(() => world[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: unknown) =>
  world.client.vault(vault, method, path, body === undefined ? {} : { body });

async function set(name: string, body: object): Promise<Json> {
  return ok(send('PUT', `/secrets/${name}`, body));
}

const seconds = () => Math.floor(world.now() / 1000);
const versionOf = (bundle: Json) => String(bundle['id']).split('/').at(-1) ?? '';
const notFound = (id: string) =>
  errorBody(
    'SecretNotFound',
    `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this secret you may be able ` +
      'to recover it using the correct recovery command. For help resolving this issue, please see ' +
      'https://go.microsoft.com/fwlink/?linkid=2125182',
  );

/** The `attributes` of a new secret that was never changed. */
function assertAttributes(found: Json | undefined, since: number, others: object = {}): void {
  const { created, updated, ...rest } = members(found);
  assert.ok(Number(created) >= since && Number(created) <= seconds(), `created ${String(created)}`);
  assert.ok(Number(updated) >= Number(created) && Number(updated) <= seconds(), `updated ${String(updated)}`);
  assert.deepEqual(rest, { enabled: true, recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90, ...others });
}

suite('set and get', () => {
  test('a secret with every member that a client may send is returned complete', async () => {
    const since = seconds();
    const given = { contentType: 'text/plain', tags: { a: '1', empty: '' } };
    const made = await set('Whole', { value: 'ü\u0000"', ...given, attributes: { enabled: true, nbf: 10, exp: 20 } });
    const id = `${world.client.vaultOrigin(vault)}/secrets/Whole/${versionOf(made)}`;
    assert.match(versionOf(made), /^[0-9a-f]{32}$/);
    const { attributes: _, ...rest } = members(made);
    assert.deepEqual(rest, { value: 'ü\u0000"', id, ...given });
    assertAttributes(made['attributes'], since, { nbf: 10, exp: 20 });
    assert.deepEqual(await ok(send('GET', '/secrets/Whole')), made);
  });

  test('a secret with only a value has no other members, and null counts as absent', async () => {
    const bare = ['value', 'id', 'attributes'];
    assert.deepEqual(Object.keys(await set('bare', { value: '' })), bare);
    const nulls = { value: 'v', contentType: null, tags: null, attributes: { enabled: null, nbf: null, exp: null } };
    assert.deepEqual(Object.keys(await set('bare', nulls)), bare);
  });

  test('nbf and exp only inform: a secret outside of them is returned', async () => {
    await set('times', { value: 'v', attributes: { nbf: seconds() + day, exp: seconds() + 2 * day } });
    assert.equal((await ok(send('GET', '/secrets/times')))['value'], 'v');
    await set('times', { value: 'w', attributes: { exp: 1 } });
    assert.equal((await ok(send('GET', '/secrets/times')))['value'], 'w');
  });

  test('is found by version, with a trailing slash and in any letter case, and keeps its first spelling', async () => {
    const first = await set('Spelt', { value: '1' });
    const second = await set('sPELT', { value: '2' });
    assert.notEqual(versionOf(first), versionOf(second));
    for (const [path, value] of [
      ['/secrets/Spelt', '2'],
      ['/secrets/spelt/', '2'],
      ['//Secrets//SPELT//', '2'],
      [`/secrets/spelt/${versionOf(second)}`, '2'],
      [`/secrets/spelt/${versionOf(first)}`, '1'],
      [`/SECRETS/SPELT/${versionOf(first).toUpperCase()}/`, '1'],
    ] as const) {
      const found = await ok(send('GET', path));
      assert.equal(found['value'], value, path);
      assert.match(String(found['id']), /\/secrets\/Spelt\/[0-9a-f]{32}$/, path);
    }
  });

  test('a version of another secret, or one that is not well formed, is not found', async () => {
    const other = versionOf(await set('other', { value: 'o' }));
    await set('mine', { value: 'm' });
    for (const [segment, shown] of [
      [other, other],
      ['0'.repeat(32), '0'.repeat(32)],
      ['x', 'x'],
      ['%C3%A9%20', 'é '],
      ['a'.repeat(1500), 'a'.repeat(64)],
    ] as const) {
      for (const [method, body] of [
        ['GET', undefined],
        ['PATCH', {}],
      ] as const) {
        const answer = await send(method, `/secrets/mine/${segment}`, body);
        assert.equal(answer.status, 404, segment);
        assert.deepEqual(answer.body, notFound(`mine/${shown}`));
      }
    }
  });

  test('a disabled secret is not returned, and every other operation works', async () => {
    const old = versionOf(await set('disabled', { value: 'old' }));
    await set('disabled', { value: 'v', attributes: { enabled: false } });
    const answer = await send('GET', '/secrets/disabled');
    assert.equal(answer.status, 403);
    assert.deepEqual(
      answer.body,
      errorBody('Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled'),
    );
    assert.equal((await ok(send('GET', `/secrets/disabled/${old}`)))['value'], 'old');
    const listed = await ok(send('GET', '/secrets/disabled/versions'));
    assert.equal(items(listed).length, 2);
    await ok(send('PATCH', '/secrets/disabled', { attributes: { enabled: true } }));
    assert.equal((await ok(send('GET', '/secrets/disabled')))['value'], 'v');
  });
});

suite('update', () => {
  test('changes the members that are sent, keeps the rest and the version, and never shows the value', async () => {
    const given = { value: 'v', contentType: 'a', tags: { t: '1' }, attributes: { nbf: 1, exp: 9 } };
    const made = await set('update', given);
    world.advance(5_000);
    const changed = await ok(
      send('PATCH', `/secrets/update/${versionOf(made)}`, { tags: {}, attributes: { exp: 10 } }),
    );
    assert.equal(changed['value'], undefined);
    assert.equal(changed['id'], made['id']);
    assert.equal(changed['contentType'], 'a');
    assert.deepEqual(changed['tags'], {});
    const { updated, ...rest } = members(changed['attributes']);
    assert.equal(rest['created'], made['attributes']?.['created']);
    assert.deepEqual([rest['nbf'], rest['exp'], rest['enabled']], [1, 10, true]);
    assert.ok(Number(updated) >= Number(rest['created']) + 5);
    assert.deepEqual(await ok(send('GET', '/secrets/update')), { value: 'v', ...members(changed) });
  });

  test('changes an older version, and only that', async () => {
    const old = versionOf(await set('older', { value: '1' }));
    const current = await set('older', { value: '2' });
    await ok(send('PATCH', `/secrets/older/${old.toUpperCase()}`, { contentType: 'old' }));
    assert.equal((await ok(send('GET', `/secrets/older/${old}`)))['contentType'], 'old');
    assert.deepEqual(await ok(send('GET', '/secrets/older')), current);
  });

  test('accepts the attributes that the server returned', async () => {
    const made = await set('echo', { value: 'v' });
    const { attributes } = made;
    assert.deepEqual((await ok(send('PATCH', '/secrets/echo', { attributes })))['attributes'], attributes);
  });
});

suite('delete, recover and purge', () => {
  test('a deleted secret is returned with its dates, can be read, and its name stays taken', async () => {
    const old = versionOf(await set('Gone', { value: '1' }));
    const made = await set('gone', { value: '2', tags: { t: '1' } });
    const { value: _, ...bundle } = members(made);
    const deleted = await ok(send('DELETE', '/secrets/GONE'));
    world.advance(transitionMs);
    const deletedDate = Number(deleted['deletedDate']);
    assert.ok(deletedDate <= seconds() && deletedDate >= Number(made['attributes']?.['created']));
    assert.deepEqual(deleted, {
      recoveryId: `${world.client.vaultOrigin(vault)}/deletedsecrets/Gone`,
      deletedDate,
      scheduledPurgeDate: deletedDate + 90 * day,
      ...bundle,
    });
    assert.deepEqual(await ok(send('GET', '/deletedsecrets/gone/')), deleted);
    for (const path of ['/secrets/gone', `/secrets/gone/${old}`]) {
      assert.deepEqual((await send('GET', path)).body, notFound(path.slice('/secrets/'.length)));
    }
    assert.deepEqual(await ok(send('GET', '/secrets/gone/versions')), { value: [], nextLink: null });
    const taken = await send('PUT', '/secrets/gone', { value: '3' });
    assert.equal(taken.status, 409);
    assert.deepEqual(
      taken.body,
      errorBody(
        'Conflict',
        'Secret gone is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ' +
          'secret can only be recovered or purged.',
        'ObjectIsDeletedButRecoverable',
      ),
    );

    const recovered = await ok(send('POST', '/deletedsecrets/gone/recover'));
    assert.deepEqual(recovered, bundle);
    world.advance(transitionMs);
    assert.equal((await ok(send('GET', '/secrets/gone')))['value'], '2');
    assert.equal((await ok(send('GET', `/secrets/gone/${old}`)))['value'], '1');
    assert.equal((await send('GET', '/deletedsecrets/gone')).status, 404);
  });

  test('a purged secret is gone with all its versions, and a new one with its name has none of them', async () => {
    const old = versionOf(await set('purged', { value: '1' }));
    await set('purged', { value: '2' });
    await ok(send('DELETE', '/secrets/purged'));
    world.advance(transitionMs);
    const answer = await send('DELETE', '/deletedsecrets/Purged');
    assert.equal(answer.status, 204);
    assert.equal(answer.body, undefined);
    for (const [method, path] of [
      ['GET', '/deletedsecrets/purged'],
      ['DELETE', '/deletedsecrets/purged'],
      ['POST', '/deletedsecrets/purged/recover'],
    ] as const) {
      const missing = await send(method, path);
      assert.equal(missing.status, 404);
      assert.deepEqual(missing.body, errorBody('SecretNotFound', 'Deleted Secret not found: purged'));
    }
    world.advance(transitionMs);
    await world.server.scheduler.runDue();
    const created = await set('purged', { value: '3' });
    assert.deepEqual((await send('GET', `/secrets/purged/${old}`)).body, notFound(`purged/${old}`));
    const versions = await ok(send('GET', '/secrets/purged/versions'));
    assert.deepEqual(
      items(versions).map(({ id }) => id),
      [created['id']],
    );
  });

  test('a secret that does not exist cannot be deleted or updated', async () => {
    for (const [method, body] of [
      ['DELETE', undefined],
      ['PATCH', { tags: {} }],
    ] as const) {
      const answer = await send(method, '/secrets/Missing', body);
      assert.equal(answer.status, 404);
      assert.deepEqual(answer.body, notFound('Missing'));
    }
  });

  interface Retention {
    readonly days: number;
    readonly protection: boolean;
    readonly level: string;
  }

  const retentions: readonly Retention[] = [
    { days: 90, protection: false, level: 'Recoverable+Purgeable' },
    { days: 89, protection: false, level: 'CustomizedRecoverable+Purgeable' },
    { days: 7, protection: false, level: 'CustomizedRecoverable+Purgeable' },
    { days: 90, protection: true, level: 'Recoverable' },
    { days: 7, protection: true, level: 'CustomizedRecoverable' },
  ];

  for (const [index, { days, protection, level }] of retentions.entries()) {
    test(`a vault that keeps for ${days} days${protection ? ', with purge protection,' : ''} says ${level}`, async () => {
      const kept = `kv-kept-${index}`;
      await putVault(world.client, kept, {
        networkAcls: acls.allow,
        softDeleteRetentionInDays: days,
        ...(protection && { enablePurgeProtection: true }),
      });
      const call = (method: string, path: string, body?: unknown) =>
        world.client.vault(kept, method, path, body === undefined ? {} : { body });
      await ok(call('PUT', '/secrets/s', { value: 'v' }));
      const deleted = await ok(call('DELETE', '/secrets/s'));
      world.advance(transitionMs);
      assert.equal(deleted['attributes']?.['recoveryLevel'], level);
      assert.equal(deleted['attributes']?.['recoverableDays'], days);
      assert.equal(Number(deleted['scheduledPurgeDate']) - Number(deleted['deletedDate']), days * day);
      const purge = await call('DELETE', '/deletedsecrets/s');
      if (!protection) {
        assert.equal(purge.status, 204);
        return;
      }
      assert.equal(purge.status, 403);
      assert.deepEqual(
        purge.body,
        errorBody(
          'Forbidden',
          'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will ' +
            `automatically purge it after the retention period has passed.\r\nVault: ${kept};location=westeurope`,
        ),
      );
      await ok(call('POST', '/deletedsecrets/s/recover'));
      world.advance(transitionMs);
      assert.equal((await ok(call('GET', '/secrets/s')))['value'], 'v');
    });
  }
});

suite('vaults', () => {
  test('keep secrets of the same name separate', async () => {
    await putVault(world.client, 'kv-other', { networkAcls: acls.allow });
    await set('apart', { value: 'here' });
    assert.equal((await world.client.vault('kv-other', 'GET', '/secrets/apart')).status, 404);
    await ok(world.client.vault('kv-other', 'PUT', '/secrets/apart', { body: { value: 'there' } }));
    assert.equal((await ok(send('GET', '/secrets/apart')))['value'], 'here');
  });

  test('are known by their name in any letter case, and ids have the host and port of the request', async () => {
    await set('cased', { value: 'v' });
    const token = await world.client.token('https://vault.azure.net');
    const url = `${world.client.vaultOrigin(vault)}/secrets/cased?api-version=7.4`;
    const { host } = new URL(url);
    const answer = await world.client.send(url, { token, headers: { host: host.toUpperCase() } });
    assert.match(String(answer.body['id']), new RegExp(`^https://${vault}\\.vault\\.localhost:${world.port}/`));
    const plain = await world.client.send(url, { token, headers: { host: `${vault}.vault.localhost` } });
    assert.match(String(plain.body['id']), new RegExp(`^https://${vault}\\.vault\\.localhost/`));
  });

  test('created again under the name of a purged one have none of its secrets', async () => {
    const name = 'kv-again';
    await putVault(world.client, name, { networkAcls: acls.allow });
    await ok(world.client.vault(name, 'PUT', '/secrets/s', { body: { value: 'v' } }));
    const path = `/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/${name}`;
    await world.client.arm('DELETE', path);
    assert.equal((await world.client.vault(name, 'GET', '/secrets/s')).status, 404);
    const purged = await world.client.arm(
      'POST',
      `/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/${name}/purge`,
    );
    assert.ok([200, 202].includes(purged.status), JSON.stringify(purged.body));
    await putVault(world.client, name, { networkAcls: acls.allow });
    const answer = await world.client.vault(name, 'GET', '/secrets/s');
    assert.deepEqual(answer.body, notFound('s'));
  });

  test('recovered from a deletion have all of theirs', async () => {
    const name = 'kv-back';
    const made = await putVault(world.client, name, { networkAcls: acls.allow });
    await ok(world.client.vault(name, 'PUT', '/secrets/s', { body: { value: 'v' } }));
    const path = `/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/${name}`;
    await world.client.arm('DELETE', path);
    const gone = await world.client.vault(name, 'GET', '/secrets/s');
    assert.equal(gone.body['error']?.['code'], 'VaultNotFound');
    const { tenantId, sku } = members(made.body['properties']);
    const properties = { tenantId, sku, createMode: 'recover' };
    const recovered = await world.client.arm('PUT', path, { location: 'westeurope', properties });
    assert.equal(recovered.status, 200, JSON.stringify(recovered.body));
    assert.equal((await ok(world.client.vault(name, 'GET', '/secrets/s')))['value'], 'v');
  });
});
