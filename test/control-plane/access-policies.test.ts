import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import { at, expectError, expectStatus, location, putVault, startWithGroup, storedVault, vaults } from './resources.ts';

const first = '10000000-0000-0000-0000-000000000001';
const second = '20000000-0000-0000-0000-000000000002';
const application = '30000000-0000-0000-0000-000000000003';

async function update(
  client: Client,
  kind: string,
  accessPolicies: readonly object[] | undefined,
  vault = 'kv-access',
) {
  return client.arm('PUT', `${vaults}/${vault}/accessPolicies/${kind}`, { properties: { accessPolicies } });
}

async function policiesOf(client: Client) {
  return at(expectStatus(await client.arm('GET', `${vaults}/kv-access`), 200).body, 'properties', 'accessPolicies');
}

/** A vault `kv-access` with one policy: `first` may get secrets. */
async function startWithPolicy() {
  const world = await startWithGroup();
  const { client } = world;
  const { tenantId } = client.identity;
  const policy = (objectId: string, permissions: object, others: object = {}) => ({
    tenantId,
    objectId,
    ...others,
    permissions,
  });
  expectStatus(await putVault(client, 'kv-access', { accessPolicies: [policy(first, { secrets: ['get'] })] }), 200);
  return { world, client, policy };
}

test('add gives more permissions, and answers with the whole list', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const { subscriptionId } = client.identity;
  const added = await update(client, 'add', [
    policy(first, { secrets: ['Get', 'list'], keys: ['sign'] }),
    policy(second, { certificates: ['all'] }),
  ]);
  const accessPolicies = [
    policy(first, { keys: ['sign'], secrets: ['get', 'list'] }),
    policy(second, { certificates: ['all'] }),
  ];
  assert.deepEqual(expectStatus(added, 200).body, {
    id: `/subscriptions/${subscriptionId}${vaults}/kv-access/accessPolicies/add/`,
    type: 'Microsoft.KeyVault/vaults/accessPolicies',
    location,
    properties: { accessPolicies },
  });
  assert.deepEqual(await policiesOf(client), accessPolicies);
});

test('replace replaces the policies that it names, and leaves those of other identities', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  expectStatus(await update(client, 'add', [policy(second, { secrets: ['list'] })]), 200);
  expectStatus(await update(client, 'Replace', [policy(first, { secrets: ['set'] })]), 200);
  assert.deepEqual(await policiesOf(client), [
    policy(first, { secrets: ['set'] }),
    policy(second, { secrets: ['list'] }),
  ]);
});

test('remove takes the named permissions away, and deletes a policy that becomes empty', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const empty = policy(second, {});
  expectStatus(await update(client, 'add', [policy(first, { secrets: ['list', 'set'], keys: ['get'] }), empty]), 200);
  expectStatus(await update(client, 'remove', [policy(first, { secrets: ['GET', 'set', 'purge'] })]), 200);
  assert.deepEqual(await policiesOf(client), [policy(first, { keys: ['get'], secrets: ['list'] }), empty]);
  expectStatus(await update(client, 'remove', [policy(first, { secrets: ['list'], keys: ['get'] })]), 200);
  assert.deepEqual(await policiesOf(client), [empty]);
  expectStatus(await update(client, 'remove', [policy(first, { secrets: ['get'] })]), 200);
  assert.deepEqual(await policiesOf(client), [empty]);
});

test('a compound identity is not the same as its object alone', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const compound = policy(first, { secrets: ['set'] }, { applicationId: application });
  expectStatus(await update(client, 'add', [compound]), 200);
  assert.deepEqual(await policiesOf(client), [policy(first, { secrets: ['get'] }), compound]);
  const upper = policy(first.toUpperCase(), { secrets: ['list'] }, { applicationId: application.toUpperCase() });
  expectStatus(await update(client, 'add', [upper]), 200);
  expectStatus(await update(client, 'remove', [policy(first, { secrets: ['get'] })]), 200);
  assert.deepEqual(await policiesOf(client), [{ ...compound, permissions: { secrets: ['set', 'list'] } }]);
});

test('a word other than add, replace or remove is refused, also the name of a member of Object.prototype', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const { version } = await storedVault(world, 'kv-access');
  for (const kind of ['append', 'constructor', '__proto__', 'toString']) {
    expectError(
      await update(client, kind, [policy(second, { secrets: ['get'] })]),
      400,
      'BadRequest',
      `'${kind}' is not an update of access policies; use add, replace, remove.`,
    );
  }
  assert.equal((await storedVault(world, 'kv-access')).version, version);
});

test('a policy that breaks a rule is refused in every operation, and nothing is changed', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const { tenantId } = client.identity;
  const { version } = await storedVault(world, 'kv-access');
  const place = 'Invalid value found at properties.accessPolicies[1]';
  const refusals: readonly (readonly [object, string])[] = [
    [policy('me', {}), `${place}.objectId: 'me' is not a GUID.`],
    [policy(second, {}, { applicationId: 'app' }), `${place}.applicationId: 'app' is not a GUID.`],
    [policy(second, {}, { tenantId: 'mine' }), `${place}.tenantId: 'mine' is not a GUID.`],
    [
      policy(second, {}, { tenantId: first }),
      `${place}.tenantId: ${first} is not the vault's tenant ${tenantId}; all access policies of a vault must have its tenant.`,
    ],
    [{ tenantId, permissions: {} }, `${place}: the member "objectId" is missing; every rule needs one.`],
    [{ tenantId, objectId: second }, `${place}: the member "permissions" is missing; every rule needs one.`],
    [
      policy(second, { secrets: ['read'] }),
      `${place}.permissions.secrets[0]: "read" is not a choice; use all or get or list or set or delete or recover or backup or restore or purge.`,
    ],
    [
      policy(second, { tokens: [] }),
      `${place}.permissions: the member "tokens" is not supported; remove it, the members are secrets, keys, certificates, storage.`,
    ],
  ];
  for (const [wrong, message] of refusals) {
    const accessPolicies = [policy(first, { secrets: ['get'] }), wrong];
    for (const kind of ['add', 'replace', 'remove']) {
      expectError(await update(client, kind, accessPolicies), 400, 'BadRequest', message);
    }
    expectError(await putVault(client, 'kv-access', { accessPolicies }), 400, 'BadRequest', message);
  }
  expectError(
    await update(client, 'add', undefined),
    400,
    'BadRequest',
    'Invalid value found at properties.accessPolicies: this is missing; it must be an array.',
  );
  assert.equal((await storedVault(world, 'kv-access')).version, version);
});

test('a vault accepts 1024 policies, and the 1025th is refused, also by add', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const others = Array.from({ length: 1023 }, () => policy(randomUUID(), { secrets: ['get'] }));
  expectStatus(await update(client, 'add', others), 200);
  expectError(
    await update(client, 'add', [policy(randomUUID(), {})]),
    400,
    'BadRequest',
    'properties.accessPolicies has 1025 entries; at most 1024 are allowed.',
  );
  assert.equal(at(await policiesOf(client), 'length'), 1024);
});

test('a PUT of the vault replaces the list, and one without it deletes the policies as Azure does', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const { tenantId } = client.identity;
  const sku = { family: 'A', name: 'standard' };
  expectStatus(await putVault(client, 'kv-access', { accessPolicies: [policy(second, { keys: ['get'] })] }), 200);
  assert.deepEqual(await policiesOf(client), [policy(second, { keys: ['get'] })]);
  expectStatus(await client.arm('PATCH', `${vaults}/kv-access`, { properties: {} }), 200);
  assert.deepEqual(await policiesOf(client), [policy(second, { keys: ['get'] })]);
  expectStatus(await client.arm('PUT', `${vaults}/kv-access`, { location, properties: { tenantId, sku } }), 200);
  assert.deepEqual(await policiesOf(client), []);
});

test('a vault that does not exist has no policies to change', async () => {
  const { world, client } = await startWithPolicy();
  await using _ = world;
  expectError(
    await update(client, 'add', [], 'kv-none'),
    404,
    'ResourceNotFound',
    "The Resource 'Microsoft.KeyVault/vaults/kv-none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  );
});

test('twenty policies that are added at the same time are all stored', async () => {
  const { world, client, policy } = await startWithPolicy();
  await using _ = world;
  const ids = Array.from({ length: 20 }, () => randomUUID());
  const answers = await Promise.all(ids.map((id) => update(client, 'add', [policy(id, { secrets: ['get'] })])));
  for (const answer of answers) expectStatus(answer, 200);
  const { vault } = await storedVault(world, 'kv-access');
  assert.deepEqual(
    vault.properties.accessPolicies.map(({ objectId }) => objectId).toSorted(),
    [first, ...ids].toSorted(),
  );
});

test('twenty changes of tags at the same time are each answered whole, and the result is one of them', async () => {
  const { world, client } = await startWithPolicy();
  await using _ = world;
  const numbers = Array.from({ length: 20 }, (_item, index) => String(index));
  const answers = await Promise.all(
    numbers.map((n) => client.arm('PATCH', `${vaults}/kv-access`, { tags: { one: n, other: n } })),
  );
  for (const [index, answer] of answers.entries()) {
    assert.deepEqual(at(expectStatus(answer, 200).body, 'tags'), { one: String(index), other: String(index) });
  }
  const { vault } = await storedVault(world, 'kv-access');
  assert.equal(vault.tags['one'], vault.tags['other']);
  assert.ok(numbers.includes(vault.tags['one'] ?? ''));
});
