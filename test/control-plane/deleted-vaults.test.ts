import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import {
  armVersion,
  at,
  expectError,
  expectStatus,
  followed,
  group,
  location,
  namesIn,
  putNetwork,
  putVault,
  startWithGroup,
  storedVault,
  vaultBody,
  vaults,
} from './resources.ts';

const provider = '/providers/Microsoft.KeyVault';
const deleted = `${provider}/locations/${location}/deletedVaults`;
const dayMs = 86_400_000;
const notFound = (name: string) =>
  `The Resource 'Microsoft.KeyVault/vaults/${name}' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
const inUse = (name: string) =>
  `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state.`;
const softDeleted =
  'A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.';

async function startWithDeleted(properties: object = {}) {
  const world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'Kv-Gone', properties, { tags: { a: 'b' } }), 200);
  const { vault } = await storedVault(world, 'Kv-Gone');
  const removed = expectStatus(await client.arm('DELETE', `${vaults}/kv-gone`), 200);
  assert.equal(removed.body, undefined);
  return { world, client, incarnation: vault.incarnation };
}

async function namesOf(client: Client, path: string): Promise<readonly string[]> {
  return namesIn(expectStatus(await client.arm('GET', path), 200).body);
}

async function keysUnder({ folder }: TestServer, prefix: string): Promise<readonly string[]> {
  return (await folder.store.list({ prefix, limit: 1000 })).map(({ key }) => key);
}

test('a soft-deleted vault is found only among the deleted vaults', async () => {
  const { world, client } = await startWithDeleted({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
  await using _ = world;
  const { subscriptionId } = client.identity;
  for (const [method, path, body] of [
    ['GET', `${vaults}/kv-gone`, undefined],
    ['PATCH', `${vaults}/kv-gone`, {}],
    ['POST', `${vaults}/kv-gone/explain`, { from: '203.0.113.7' }],
    ['PUT', `${vaults}/kv-gone/accessPolicies/add`, { properties: { accessPolicies: [] } }],
  ] as const) {
    expectError(await client.arm(method, path, body), 404, 'ResourceNotFound', notFound('kv-gone'));
  }
  expectStatus(await client.arm('DELETE', `${vaults}/kv-gone`), 204);
  assert.deepEqual(await namesOf(client, vaults), []);
  assert.deepEqual(await namesOf(client, `${provider}/deletedVaults`), ['Kv-Gone']);
  assert.equal((await client.vault('kv-gone', 'GET', '/secrets')).status, 404);
  const got = expectStatus(await client.arm('GET', `${deleted}/kv-gone`), 200);
  const deletionDate = String(at(got.body, 'properties', 'deletionDate'));
  const scheduledPurgeDate = String(at(got.body, 'properties', 'scheduledPurgeDate'));
  assert.match(deletionDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(Date.parse(scheduledPurgeDate) - Date.parse(deletionDate), 7 * dayMs);
  assert.deepEqual(got.body, {
    id: `/subscriptions/${subscriptionId}${deleted}/Kv-Gone`,
    name: 'Kv-Gone',
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: `/subscriptions/${subscriptionId}${vaults}/Kv-Gone`,
      location,
      tags: { a: 'b' },
      deletionDate,
      scheduledPurgeDate,
      purgeProtectionEnabled: true,
    },
  });
});

test('a live vault, one in another region and one that never existed are not deleted vaults', async () => {
  const { world, client } = await startWithDeleted();
  await using _ = world;
  expectStatus(await putVault(client, 'kv-alive'), 200);
  const missing = [
    ['kv-alive', location],
    ['kv-never', location],
    ['kv-gone', 'northeurope'],
    ['x', location],
  ] as const;
  for (const [name, where] of missing) {
    const path = `${provider}/locations/${where}/deletedVaults/${name}`;
    const message = `The specified deleted vault '${name}' does not exist in location '${where}'.`;
    expectError(await client.arm('GET', path), 404, 'DeletedVaultNotFound', message);
    expectError(await client.arm('POST', `${path}/purge`), 404, 'DeletedVaultNotFound', message);
  }
  assert.deepEqual(await namesOf(client, vaults), ['kv-alive']);
});

test('a soft-deleted name is taken, here and elsewhere, until it is recovered or purged', async () => {
  const { world, client } = await startWithDeleted();
  await using _ = world;
  expectError(await putVault(client, 'kv-gone'), 409, 'ConflictError', softDeleted);
  expectStatus(await client.arm('PUT', '/resourceGroups/other', { location }), 201);
  const elsewhere = `/resourceGroups/other${provider}/vaults/kv-gone`;
  expectError(await client.arm('PUT', elsewhere, vaultBody(client)), 409, 'VaultAlreadyExists', inUse('kv-gone'));
  const recover = vaultBody(client, { createMode: 'recover' });
  expectError(await client.arm('PUT', elsewhere, recover), 409, 'VaultAlreadyExists', inUse('kv-gone'));
});

test('a recovered vault is the same vault, with its secrets', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-back', { accessPolicies }, { tags: { a: 'b' } }), 200);
  expectStatus(await client.vault('kv-back', 'PUT', '/secrets/s', { body: { value: 'kept' } }), 200);
  const before = await client.arm('GET', `${vaults}/kv-back`);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-back`), 200);
  const recovered = expectStatus(await putVault(client, 'KV-BACK', { createMode: 'recover' }), 200);
  assert.equal(at(recovered.body, 'name'), 'kv-back');
  const after = expectStatus(await client.arm('GET', `${vaults}/kv-back`), 200);
  assert.deepEqual(at(after.body, 'properties'), at(before.body, 'properties'));
  assert.deepEqual(at(after.body, 'tags'), { a: 'b' });
  assert.equal(at(expectStatus(await client.vault('kv-back', 'GET', '/secrets/s'), 200).body, 'value'), 'kept');
  assert.deepEqual(await namesOf(client, `${provider}/deletedVaults`), []);
  assert.deepEqual(await namesOf(client, vaults), ['kv-back']);
});

test('createMode recover creates nothing if there is no vault to recover', async () => {
  const { world, client } = await startWithDeleted();
  await using _ = world;
  expectStatus(await putVault(client, 'kv-alive'), 200);
  const { version } = await storedVault(world, 'kv-alive');
  for (const [name, where] of [
    ['kv-never', location],
    ['kv-alive', location],
    ['kv-gone', 'northeurope'],
  ] as const) {
    expectError(
      await putVault(client, name, { createMode: 'recover' }, { location: where }),
      404,
      'SoftDeletedVaultDoesNotExist',
      `There is no soft-deleted vault '${name}' in location '${where}' to recover. Leave createMode out to create a vault or to update an existing one.`,
    );
  }
  assert.equal((await storedVault(world, 'kv-alive')).version, version);
  expectStatus(await client.arm('GET', `${deleted}/kv-gone`), 200);
});

test('a purged vault does not exist, nor do its contents, and its name is free', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-gone', { accessPolicies }), 200);
  expectStatus(await putVault(client, 'kv-stays', { accessPolicies }), 200);
  for (const vault of ['kv-gone', 'kv-stays']) {
    for (const name of ['a', 'b', 'a']) {
      expectStatus(await client.vault(vault, 'PUT', `/secrets/${name}`, { body: { value: 'v' } }), 200);
    }
    expectStatus(await client.vault(vault, 'DELETE', '/secrets/b'), 200);
  }
  const { vault: gone } = await storedVault(world, 'kv-gone');
  const { vault: stays } = await storedVault(world, 'kv-stays');
  const kept = await keysUnder(world, `vault/${stays.incarnation}/`);
  assert.ok((await keysUnder(world, `vault/${gone.incarnation}/`)).length >= 3);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-gone`), 200);
  assert.ok((await keysUnder(world, `vault/${gone.incarnation}/`)).length >= 3);
  const purged = expectStatus(await client.arm('POST', `${deleted}/kv-gone/purge`), 202);
  assert.match(
    String(purged.headers.location),
    /\/locations\/westeurope\/operationResults\/[0-9a-f-]{36}\?api-version=2023-07-01$/,
  );
  expectStatus(await followed(client, purged), 200);
  assert.deepEqual(await keysUnder(world, `vault/${gone.incarnation}/`), []);
  assert.deepEqual(await keysUnder(world, 'purged/'), []);
  assert.deepEqual(await keysUnder(world, 'deleted-vault-in/'), []);
  assert.deepEqual(await keysUnder(world, `vault/${stays.incarnation}/`), kept);
  expectStatus(await client.arm('POST', `${deleted}/kv-gone/purge`), 404);
  expectStatus(await putVault(client, 'kv-gone', { accessPolicies }), 200);
  assert.notEqual((await storedVault(world, 'kv-gone')).vault.incarnation, gone.incarnation);
  assert.deepEqual(at((await client.vault('kv-gone', 'GET', '/secrets')).body, 'value'), []);
  assert.equal(at((await client.vault('kv-stays', 'GET', '/secrets/a')).body, 'value'), 'v');
});

test('nobody can purge a vault with purge protection, even if it was switched on later', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-held'), 200);
  const on = { properties: { enablePurgeProtection: true } };
  expectStatus(await client.arm('PATCH', `${vaults}/kv-held`, on), 200);
  // A PUT without it does not switch it off.
  const put = expectStatus(await putVault(client, 'kv-held'), 200);
  assert.equal(at(put.body, 'properties', 'enablePurgeProtection'), true);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-held`), 200);
  expectError(
    await client.arm('POST', `${deleted}/kv-held/purge`),
    400,
    'PurgeNotAllowed',
    "The vault 'kv-held' has purge protection: it cannot be purged. It is deleted for good when its retention period ends.",
  );
  expectStatus(await putVault(client, 'kv-held', { createMode: 'recover' }), 200);
});

test('a vault can be deleted, listed, recovered and purged with the subscription in upper case', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const send = async (method: string, path: string, body?: unknown) =>
    client.send(`${client.home}/SUBSCRIPTIONS/${subscriptionId.toUpperCase()}${path}?api-version=2023-07-01`, {
      method,
      body,
      token: await client.token('arm'),
    });
  const put = expectStatus(await send('PUT', `${vaults}/kv-upper`, vaultBody(client)), 200);
  assert.equal(at(put.body, 'id'), `/subscriptions/${subscriptionId}${vaults}/kv-upper`);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-upper`), 200);
  expectStatus(await client.arm('GET', `${deleted}/kv-upper`), 200);
  assert.deepEqual(await namesOf(client, `${provider}/deletedVaults`), ['kv-upper']);
  expectStatus(await followed(client, expectStatus(await client.arm('POST', `${deleted}/kv-upper/purge`), 202)), 200);
});

test('checkNameAvailability tells whether a name is valid and free', async () => {
  const { world, client } = await startWithDeleted();
  await using _ = world;
  expectStatus(await putVault(client, 'kv-alive'), 200);
  const check = async (name: unknown) => {
    const body = { name, type: 'Microsoft.KeyVault/vaults' };
    return expectStatus(await client.arm('POST', `${provider}/checkNameAvailability`, body), 200).body;
  };
  assert.deepEqual(await check('kv-free'), { nameAvailable: true });
  for (const name of ['KV-alive', 'kv-gone']) {
    assert.deepEqual(await check(name), { nameAvailable: false, reason: 'AlreadyExists', message: inUse(name) });
  }
  for (const name of ['kv', '1kv', 'kv--x', 'kv-', 'kv_x', 'k'.repeat(25), 'kv.x', '']) {
    const message = `The vault name '${name}' is invalid.`;
    assert.deepEqual(await check(name), { nameAvailable: false, reason: 'AccountNameInvalid', message });
    if (name === '') continue;
    expectError(
      await putVault(client, name),
      400,
      'VaultNameNotValid',
      `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.`,
    );
  }
  for (const name of ['abc', 'k-v', 'k'.repeat(24), 'A1b2']) {
    assert.deepEqual(await check(name), { nameAvailable: true });
  }
});

test('the name of a vault in another group is in use, in any case and for any api-version', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', '/resourceGroups/other', { location }), 201);
  expectStatus(await putVault(client, 'kv-one'), 200);
  const path = `/resourceGroups/other${provider}/vaults/KV-ONE`;
  const put = await armVersion(client, { method: 'PUT', path, version: '2026-02-01', body: vaultBody(client) });
  expectError(put, 409, 'VaultAlreadyExists', inUse('KV-ONE'));
  expectStatus(await client.arm('GET', path), 404);
  expectStatus(await client.arm('DELETE', path), 204);
  expectStatus(await client.arm('GET', `${vaults}/kv-one`), 200);
});

test('a group is deleted with its resources, and its soft-deleted vaults can be recovered once it exists again', async () => {
  const { world, client } = await startWithDeleted();
  await using _ = world;
  expectStatus(await putVault(client, 'kv-alive'), 200);
  expectStatus(await putNetwork(client, 'net', ['s']), 201);
  const accepted = expectStatus(await client.arm('DELETE', group), 202);
  expectStatus(await followed(client, accepted), 200);
  expectStatus(await client.arm('GET', group), 404);
  assert.deepEqual(namesIn((await client.arm('GET', `${provider}/deletedVaults`)).body), ['kv-alive', 'Kv-Gone']);
  const recover = () => putVault(client, 'kv-gone', { createMode: 'recover' });
  expectError(await recover(), 404, 'ResourceGroupNotFound', "Resource group 'rg' could not be found.");
  expectStatus(await client.arm('PUT', group, { location }), 201);
  expectStatus(await recover(), 200);
});

test('a deleted vault is purged automatically at the end of its retention, also with purge protection, and not before', async () => {
  const properties = { enablePurgeProtection: true, softDeleteRetentionInDays: 7 };
  const { world, client, incarnation } = await startWithDeleted(properties);
  await using _ = world;
  expectStatus(await putVault(client, 'kv-alive'), 200);
  const got = expectStatus(await client.arm('GET', `${deleted}/kv-gone`), 200);
  const until = Date.parse(String(at(got.body, 'properties', 'scheduledPurgeDate'))) - world.now();
  world.advance(until - 60_000);
  await world.server.scheduler.runDue();
  assert.deepEqual(await keysUnder(world, 'vault-resource/'), ['vault-resource/kv-alive', 'vault-resource/kv-gone']);
  world.advance(60_000);
  await world.server.scheduler.runDue();
  assert.deepEqual(await keysUnder(world, 'vault-resource/'), ['vault-resource/kv-alive']);
  for (const prefix of [`vault/${incarnation}/`, 'purged/', 'deleted-vault-in/', 'due/']) {
    assert.deepEqual(await keysUnder(world, prefix), []);
  }
});

test('a recovered vault is not purged at the old time, and one that is deleted again is purged at the new time', async () => {
  const { world, client } = await startWithDeleted({ softDeleteRetentionInDays: 7 });
  await using _ = world;
  expectStatus(await putVault(client, 'kv-gone', { createMode: 'recover' }), 200);
  assert.deepEqual(await keysUnder(world, 'due/'), []);
  world.advance(600_000);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-gone`), 200);
  world.advance(7 * dayMs - 60_000);
  await world.server.scheduler.runDue();
  assert.deepEqual(await keysUnder(world, 'vault-resource/'), ['vault-resource/kv-gone']);
  world.advance(60_000);
  await world.server.scheduler.runDue();
  assert.deepEqual(await keysUnder(world, 'vault-resource/'), []);
});
