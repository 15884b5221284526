import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { errorBody, items, members, putVault, register } from './vaults.ts';

let world: TestServer;
let other: TestServer;

before(async () => {
  // One after the other, because each start uses a folder of its own.
  world = await startServer();
  other = await startServer();
  for (const name of ['kv-from', 'kv-to']) await putVault(world.client, name);
  await putVault(other.client, 'kv-other');
});

after(async () => {
  await world[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const notValid = errorBody('BadParameter', 'Backup blob contains invalid or corrupt version.');
const notOpened = errorBody('BadParameter', 'Cannot decrypt backup blob.');

async function backup(name: string): Promise<string> {
  const { status, body } = await world.client.vault('kv-from', 'POST', `/secrets/${name}/backup`);
  assert.equal(status, 200, JSON.stringify(body));
  return String(body['value']);
}

function restore(value: string, vault = 'kv-to', { client }: Pick<TestServer, 'client'> = world) {
  return client.vault(vault, 'POST', '/secrets/restore', { body: { value } });
}

suite('a backup', () => {
  test('restores the whole secret: its name, every version, tags, times and content type', async () => {
    const { client } = world;
    await client.vault('kv-from', 'PUT', '/secrets/Whole', { body: { value: 'first', tags: { a: 'b' } } });
    const latest = { value: 'second', contentType: 'text/plain', attributes: { enabled: true, nbf: 1, exp: 4e9 } };
    await client.vault('kv-from', 'PUT', '/secrets/whole', { body: latest });
    const restored = await restore(await backup('whole'));
    assert.equal(restored.status, 200);
    assert.equal(restored.body['value'], undefined);
    const there = await client.vault('kv-from', 'GET', '/secrets/whole');
    const here = await client.vault('kv-to', 'GET', '/secrets/whole');
    const atHome = (text: unknown) => String(text).replace('kv-from', 'kv-to');
    assert.deepEqual(members(here.body), { ...members(there.body), id: atHome(there.body['id']) });
    assert.match(String(here.body['id']), /\/secrets\/Whole\//);
    const versions = async (vault: string) =>
      items((await client.vault(vault, 'GET', '/secrets/whole/versions')).body).map((item) => members(item));
    assert.deepEqual(
      await versions('kv-to'),
      (await versions('kv-from')).map((item) => ({ ...item, id: atHome(item['id']) })),
    );
    assert.equal((await versions('kv-to')).length, 2);
  });

  test('of a key has its rotation policy, and the rotation continues', async () => {
    const { client } = world;
    await client.vault('kv-from', 'POST', '/keys/turning/create', { body: { kty: 'EC' } });
    const lifetimeActions = [{ trigger: { timeAfterCreate: 'P30D' }, action: { type: 'Rotate' } }];
    const policy = { lifetimeActions, attributes: { expiryTime: 'P90D' } };
    await client.vault('kv-from', 'PUT', '/keys/turning/rotationpolicy', { body: policy });
    const { body } = await client.vault('kv-from', 'POST', '/keys/turning/backup');
    const { status } = await client.vault('kv-to', 'POST', '/keys/restore', { body: { value: body['value'] } });
    assert.equal(status, 200);
    const { body: there } = await client.vault('kv-to', 'GET', '/keys/turning/rotationpolicy');
    assert.equal(there['attributes']?.['expiryTime'], 'P90D');
    const due = (await world.folder.store.list({ prefix: 'due/', limit: 1000 })).filter(({ key }) =>
      key.includes('turning'),
    );
    assert.equal(due.length, 2, 'one in each vault');
  });

  test('of a certificate has its policy, and every version with its key and its secret', async () => {
    const { client } = world;
    const create = { policy: { x509_props: { subject: 'CN=a' }, key_props: { kty: 'EC' }, issuer: { name: 'Self' } } };
    for (const subject of ['CN=first', 'CN=second']) {
      const body = { policy: { ...create.policy, x509_props: { subject } } };
      assert.equal((await client.vault('kv-from', 'POST', '/certificates/Whole-one/create', { body })).status, 202);
      world.advance(1000);
      await world.server.scheduler.runDue();
    }
    const { body: blob } = await client.vault('kv-from', 'POST', '/certificates/whole-one/backup');
    const into = (vault: string) =>
      client.vault(vault, 'POST', '/certificates/restore', { body: { value: blob['value'] } });
    assert.equal((await restore(String(blob['value']))).status, 400, 'it is not a backup of a secret');

    const inTheWay = await client.vault('kv-to', 'PUT', '/secrets/whole-one', { body: { value: 'v' } });
    assert.equal(inTheWay.status, 200);
    const refusal = await into('kv-to');
    assert.equal(refusal.status, 409);
    assert.match(String(refusal.body['error']?.['message']), /^A secret named Whole-one exists or is soft-deleted, /);
    assert.equal((await client.vault('kv-to', 'GET', '/keys/whole-one')).status, 404);

    await putVault(client, 'kv-third');
    assert.equal((await into('kv-third')).status, 200);
    const again = await into('kv-third');
    assert.equal(again.status, 409);
    assert.match(String(again.body['error']?.['message']), /^There was a conflict restoring the certificate /);
    const seen = async (vault: string) => {
      const found: unknown[] = [];
      const lists = ['certificates', 'keys', 'secrets'].map((collection) => `/${collection}/whole-one`);
      for (const path of [...lists, ...lists.map((list) => `${list}/versions`), '/certificates/whole-one/policy']) {
        const { body } = await client.vault(vault, 'GET', path);
        const { pending: _, ...kept } = members(body);
        found.push(kept);
        if (!path.endsWith('versions')) continue;
        for (const item of items(body)) {
          const id = String(item['id'] ?? item['kid']);
          const one = await client.vault(vault, 'GET', id.slice(client.vaultOrigin(vault).length));
          assert.equal(one.status, 200);
          found.push({ ...members(one.body), pending: undefined });
        }
      }
      assert.equal(found.length, 13);
      return JSON.stringify(found).replaceAll(vault, 'kv');
    };
    assert.equal(await seen('kv-third'), await seen('kv-from'));
  });

  test('of a certificate with a key in an HSM is not restored into a vault without an HSM', async () => {
    const { client } = world;
    await putVault(client, 'kv-hsm', { sku: { family: 'A', name: 'premium' } });
    for (const kty of ['EC-HSM', 'EC']) {
      const policy = { x509_props: { subject: 'CN=a' }, key_props: { kty }, issuer: { name: 'Self' } };
      await client.vault('kv-hsm', 'POST', '/certificates/once/create', { body: { policy } });
      world.advance(1000);
      await world.server.scheduler.runDue();
    }
    const { body } = await client.vault('kv-hsm', 'POST', '/certificates/once/backup');
    const into = (vault: string) => client.vault(vault, 'POST', '/certificates/restore', { body });
    const refusal = await into('kv-to');
    const message = 'Hardware key operation not allowed on standard vault';
    assert.deepEqual([refusal.status, refusal.body], [400, errorBody('BadParameter', message)]);
    assert.equal((await client.vault('kv-to', 'GET', '/keys/once')).status, 404);
    await putVault(client, 'kv-hsm-2', { sku: { family: 'A', name: 'premium' } });
    assert.equal((await into('kv-hsm-2')).status, 200);
  });

  test('of a key is not restored under the name of a certificate that is not issued yet', async () => {
    const { client } = world;
    await client.vault('kv-from', 'POST', '/keys/awaited/create', { body: { kty: 'EC' } });
    const { body } = await client.vault('kv-from', 'POST', '/keys/awaited/backup');
    const waiting = {
      policy: { x509_props: { subject: 'CN=a' }, key_props: { kty: 'EC' }, issuer: { name: 'Unknown' } },
    };
    await client.vault('kv-to', 'POST', '/certificates/awaited/create', { body: waiting });
    const refusal = await client.vault('kv-to', 'POST', '/keys/restore', { body: { value: body['value'] } });
    assert.equal(refusal.status, 409);
    assert.match(String(refusal.body['error']?.['message']), /^There was a conflict restoring the key /);
  });

  test('does not contain the name or the value, in any encoding', async () => {
    await world.client.vault('kv-from', 'PUT', '/secrets/hidden-name', { body: { value: 'hidden-value' } });
    const bytes = Buffer.from(await backup('hidden-name'), 'base64url').toString('latin1');
    assert.doesNotMatch(bytes, /hidden|secrets/);
  });

  test('can be restored when its vault was purged', async () => {
    const { client } = world;
    await putVault(client, 'kv-doomed');
    await client.vault('kv-doomed', 'PUT', '/secrets/survivor', { body: { value: 'v' } });
    const { body } = await client.vault('kv-doomed', 'POST', '/secrets/survivor/backup');
    const path = '/providers/Microsoft.KeyVault';
    await client.arm('DELETE', `/resourceGroups/rg${path}/vaults/kv-doomed`);
    await client.arm('POST', `${path}/locations/westeurope/deletedVaults/kv-doomed/purge`);
    assert.equal((await restore(String(body['value']))).status, 200);
    assert.equal((await client.vault('kv-to', 'GET', '/secrets/survivor')).body['value'], 'v');
  });

  test('is refused if an object has its name, live or soft-deleted', async () => {
    const { client } = world;
    const set = await client.vault('kv-from', 'PUT', '/secrets/taken', { body: { value: 'v' } });
    const blob = await backup('taken');
    const conflict = errorBody(
      'Conflict',
      `There was a conflict restoring the secret '${String(set.body['id'])}'. This can happen if either: a second secret with ` +
        'the same name was created after the first secret was deleted; thus trying to restore a secret whose name is ' +
        'already in use. To fix this, rename the second secret to something else so that the restore works. The second ' +
        'probable cause of this exception is when multiple operations are performed in parallel against the secret. To ' +
        'avoid this error, perform operations against a secret in a sequential manner.',
    );
    for (const _ of ['live', 'deleted']) {
      const { status, body } = await restore(blob, 'kv-from');
      assert.equal(status, 409);
      assert.deepEqual(body, conflict);
      await client.vault('kv-from', 'DELETE', '/secrets/taken');
    }
  });

  test('of another server, or with one bit flipped, is refused', async () => {
    await world.client.vault('kv-from', 'PUT', '/secrets/foreign', { body: { value: 'v' } });
    const blob = await backup('foreign');
    await other.client.vault('kv-other', 'PUT', '/secrets/x', { body: { value: 'v' } });
    // The other server then has a key for backups, too.
    await other.client.vault('kv-other', 'POST', '/secrets/x/backup');
    const abroad = await restore(blob, 'kv-other', other);
    assert.deepEqual([abroad.status, abroad.body], [400, notOpened]);
    const bytes = Buffer.from(blob, 'base64url');
    for (const [at, refusal] of [
      [0, notValid],
      [16, notValid],
      [17, notOpened],
      [60, notOpened],
      [bytes.length - 1, notOpened],
    ] as const) {
      const turned = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
      const answer = await restore(Buffer.from(turned).toString('base64url'));
      assert.deepEqual([answer.status, answer.body], [400, refusal], `bit at ${at}`);
    }
    assert.equal((await restore(blob)).status, 200);
  });

  test('is restored in another region of its geography, but not in another geography', async () => {
    const { client } = world;
    await client.vault('kv-from', 'PUT', '/secrets/traveller', { body: { value: 'v' } });
    const blob = await backup('traveller');
    await putVault(client, 'kv-abroad', { region: 'eastus' });
    await putVault(client, 'kv-near', { region: 'North Europe' });
    const abroad = await restore(blob, 'kv-abroad');
    assert.deepEqual([abroad.status, abroad.body], [400, notOpened]);
    assert.equal((await restore(blob, 'kv-near')).status, 200);
  });

  test('with 501 past versions is refused, and one with 500 is made', async () => {
    const { client } = world;
    for (let count = 0; count < 501; count += 1) {
      await client.vault('kv-from', 'PUT', '/secrets/many', { body: { value: String(count) } });
    }
    await backup('many');
    await client.vault('kv-from', 'PUT', '/secrets/many', { body: { value: 'one more' } });
    const { status, body } = await client.vault('kv-from', 'POST', '/secrets/many/backup');
    assert.equal(status, 400);
    const message = "There are more than 500 past versions of 'many', and more cannot be backed up.";
    assert.deepEqual(body, errorBody('BadParameter', message));
  });

  test('is refused to a caller that only has the permission to get', async () => {
    const { client } = world;
    const reader = await register(world);
    await putVault(client, 'kv-read', {
      policies: [{ objectId: reader.objectId, secrets: ['get', 'list', 'restore'] }],
    });
    const token = await client.token('vault', reader);
    assert.equal((await client.vault('kv-read', 'POST', '/secrets/none/backup', { token })).status, 403);
  });
});
