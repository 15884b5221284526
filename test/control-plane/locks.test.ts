import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { register } from '../data-plane/vaults.ts';
import { assign, roleDefinitionId } from '../world/assign.ts';
import type { Answered, Client } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  group,
  namesIn,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  vaultBody,
  vaults,
} from './resources.ts';

const locks = '/providers/Microsoft.Authorization/locks';
const kv = `${vaults}/kv-one`;

async function lock(client: Client, scope: string, level: string, name = 'keep'): Promise<Answered> {
  return expectStatus(await client.arm('PUT', `${scope}${locks}/${name}`, { properties: { level } }), 201);
}

function expectLocked(
  client: Client,
  answered: Answered,
  operation: 'write' | 'delete',
  of: readonly [string, string],
) {
  const [path, ...scopes] = of.map((below) => `/subscriptions/${client.identity.subscriptionId}${below}`);
  expectError(
    answered,
    409,
    'ScopeLocked',
    `The scope '${path}' cannot perform ${operation} operation because following scope(s) are locked: '${scopes.join("','")}'. Please remove the lock and try again.`,
  );
}

async function startWithVault() {
  const world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-one'), 200);
  return world;
}

test('a lock is created, changed, read, listed and deleted', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const path = `${kv}${locks}/keep`;
  const id = `/subscriptions/${client.identity.subscriptionId}${path}`;
  const made = await client.arm('PUT', path, { properties: { level: 'cannotdelete', notes: 'n' } });
  const expected = {
    properties: { level: 'CanNotDelete', notes: 'n' },
    id,
    type: 'Microsoft.Authorization/locks',
    name: 'keep',
  };
  assert.deepEqual(expectStatus(made, 201).body, expected);
  assert.deepEqual((await client.arm('GET', path.replace('/keep', '/KEEP'))).body, expected);
  expectStatus(await client.arm('PUT', path, { properties: { level: 'ReadOnly' } }), 200);
  assert.equal(at((await client.arm('GET', path)).body, 'properties', 'level'), 'ReadOnly');
  await lock(client, group, 'CanNotDelete', 'of-the-group');
  const list = async (scope: string) => namesIn(expectStatus(await client.arm('GET', `${scope}${locks}`), 200).body);
  assert.deepEqual((await list('')).toSorted(), ['keep', 'of-the-group']);
  assert.deepEqual(await list(kv), ['keep']);
  const filter = `?$filter=${encodeURIComponent('atScope()')}`;
  assert.deepEqual(namesIn((await client.arm('GET', `${group}${locks}${filter}`)).body), ['of-the-group']);
  expectStatus(await client.arm('DELETE', path), 200);
  expectStatus(await client.arm('DELETE', path), 204);
  expectError(await client.arm('GET', path), 404, 'LockNotFound', "The lock 'keep' could not be found.");
});

test('an invalid lock is refused', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const put = (path: string, properties: unknown) => client.arm('PUT', path, { properties });
  const path = `${kv}${locks}/keep`;
  const invalid = 'Invalid value found at properties';
  const level = 'CanNotDelete';
  const rule = '1 to 90 letters, digits, underscores, hyphens, brackets and full stops, no full stop last';
  expectError(
    await put(path, { level: 'NotSpecified' }),
    400,
    'BadRequest',
    `${invalid}.level: "NotSpecified" is not a choice; use CanNotDelete or ReadOnly.`,
  );
  expectError(
    await put(path, {}),
    400,
    'BadRequest',
    `${invalid}: the member "level" is missing; every rule needs one.`,
  );
  expectError(
    await put(path, { level, owners: [{ applicationId: 'a' }] }),
    400,
    'BadRequest',
    `${invalid}.owners: this is an array; it must be null, because this is not supported here.`,
  );
  expectError(await put(`${path}.`, { level }), 400, 'BadRequest', `The lock name 'keep.' is invalid: ${rule}.`);
  expectStatus(await put(`${vaults}/kv-none${locks}/keep`, { level }), 404);
  expectStatus(await put(`${vaults}${locks}/keep`, { level }), 400);
  for (let count = 0; count < 20; count += 1) await lock(client, kv, level, `keep-${count}`);
  expectError(
    await put(path, { level }),
    400,
    'BadRequest',
    `The scope '/subscriptions/${client.identity.subscriptionId}${kv}' has 20 locks, the maximum for a scope.`,
  );
});

test('a lock at or above a vault keeps it from being deleted, and forbids nothing else', async () => {
  await using world = await startWithVault();
  const { client } = world;
  for (const scope of [kv, group, '']) {
    await lock(client, scope, 'CanNotDelete');
    expectLocked(client, await client.arm('DELETE', kv), 'delete', [kv, scope]);
    expectStatus(await client.arm('PATCH', kv, { tags: { a: scope } }), 200);
    expectStatus(await client.arm('DELETE', `${scope}${locks}/keep`), 200);
  }
  await lock(client, kv, 'CanNotDelete');
  expectStatus(await putVault(client, 'kv-two'), 200);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-two`), 200);
  // Deleting the group would delete a locked resource.
  expectLocked(client, await client.arm('DELETE', group), 'delete', [group, kv]);
  expectStatus(await client.arm('DELETE', `${kv}${locks}/keep`), 200);
  expectStatus(await client.arm('DELETE', kv), 200);
});

test('a read-only lock forbids every write, also of access, and does not apply to the contents of a vault', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const { objectId } = client.identity;
  expectStatus(await client.arm('PUT', `${kv}/accessPolicies/add`, policies(client)), 200);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  await lock(client, group, 'ReadOnly');
  const assignment = `${kv}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const given = { roleDefinitionId: roleDefinitionId('Reader'), principalId: objectId };
  const writes: readonly (readonly [string, string, unknown])[] = [
    ['PUT', kv, vaultBody(client)],
    ['PATCH', kv, { tags: {} }],
    ['PUT', `${kv}/accessPolicies/add`, policies(client)],
    ['PUT', `${vaults}/kv-new`, vaultBody(client)],
    ['PUT', `${networks}/net/subnets/apps`, { properties: { addressPrefix: '10.0.0.0/24' } }],
    ['PUT', assignment, { properties: given }],
    ['PUT', group, { location: 'westeurope' }],
  ];
  for (const [method, path, body] of writes) {
    expectLocked(client, await client.arm(method, path, body), 'write', [path, group]);
  }
  expectLocked(client, await client.arm('DELETE', kv), 'delete', [kv, group]);
  expectStatus(await client.arm('GET', kv), 200);
  expectStatus(await client.arm('POST', `${kv}/explain`, { from: '203.0.113.7' }), 200);
  expectStatus(await client.arm('POST', '/providers/Microsoft.KeyVault/checkNameAvailability', { name: 'kv-x' }), 200);
  expectStatus(await client.vault('kv-one', 'PUT', '/secrets/a', { body: { value: 'v' } }), 200);
  expectStatus(await client.arm('DELETE', `${group}${locks}/keep`), 200);
  expectStatus(await client.arm('PUT', kv, vaultBody(client)), 200);
});

function policies({ identity }: Client) {
  const { tenantId, objectId } = identity;
  return { properties: { accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['all'] } }] } };
}

test('a caller without the permission is refused for that, not for the lock', async () => {
  await using world = await startWithVault();
  const { client } = world;
  await lock(client, kv, 'ReadOnly');
  const caller = await register(world);
  await assign(client, { role: 'Reader', principalId: caller.objectId });
  const token = await client.token('arm', caller);
  const refused = await client.arm('DELETE', kv, undefined, { token });
  assert.equal(at(expectStatus(refused, 403).body, 'error', 'code'), 'AuthorizationFailed');
  const unlocking = await client.arm('DELETE', `${kv}${locks}/keep`, undefined, { token });
  assert.equal(at(expectStatus(unlocking, 403).body, 'error', 'code'), 'AuthorizationFailed');
});

test('no deletion that runs concurrently with a new lock commits after it', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const names = Array.from({ length: 8 }, (_, index) => `kv-race-${index}`);
  for (const name of names) expectStatus(await putVault(client, name), 200);
  const deletions = names.map((name) => client.arm('DELETE', `${vaults}/${name}`));
  const locking = client.arm('PUT', `${group}${locks}/keep`, { properties: { level: 'CanNotDelete' } });
  const answers = await Promise.all([...deletions, locking]);
  assert.equal(answers.at(-1)?.status, 201);
  const left = namesIn((await client.arm('GET', vaults)).body);
  const refused = answers.slice(0, -1).filter(({ status }) => status !== 200);
  assert.equal(left.length, refused.length);
  for (const { status } of refused) assert.equal(status, 409);
  for (const name of left) expectStatus(await client.arm('DELETE', `${vaults}/${name}`), 409);
});
