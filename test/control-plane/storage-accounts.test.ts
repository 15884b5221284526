import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { assign } from '../world/assign.ts';
import { at, expectError, expectStatus, followed, group, json, location, startWithGroup } from './resources.ts';

const accounts = `${group}/providers/Microsoft.Storage/storageAccounts`;
const sent = { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
const rule =
  'Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.';

test('the name of a storage account is checked, belongs to one account, and is free once that is deleted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const check = async (name: unknown) => {
    const body = { name, type: 'Microsoft.Storage/storageAccounts' };
    const path = '/providers/Microsoft.Storage/checkNameAvailability';
    return expectStatus(await client.arm('POST', path, body), 200).body;
  };
  const free = { nameAvailable: true };
  const message = 'The storage account named seclogs is already taken.';
  assert.deepEqual(await check('seclogs'), free);
  expectStatus(await client.arm('PUT', `${accounts}/seclogs`, sent), 200);
  assert.deepEqual(await check('seclogs'), { nameAvailable: false, reason: 'AlreadyExists', message });
  // The account itself can be written again.
  expectStatus(await client.arm('PUT', `${accounts}/seclogs`, { ...sent, tags: { a: 'b' } }), 200);
  expectStatus(await client.arm('PUT', '/resourceGroups/other', { location }), 201);
  const other = accounts.replace('/rg/', '/other/');
  expectError(await client.arm('PUT', `${other}/seclogs`, sent), 409, 'StorageAccountAlreadyTaken', message);
  for (const name of ['', 'ab', 'SecLog', 'sec-logs', 'a'.repeat(25)]) {
    const invalid = `${name} is not a valid storage account name. ${rule}`;
    const expected = { nameAvailable: false, reason: 'AccountNameInvalid', message: invalid };
    assert.deepEqual(await check(name), expected);
    if (name === '') continue;
    expectError(await client.arm('PUT', `${accounts}/${name}`, sent), 400, 'AccountNameInvalid', invalid);
  }
  assert.equal(at(await check(['seclogs']), 'reason'), 'AccountNameInvalid');
  expectStatus(await client.arm('DELETE', `${accounts}/seclogs`), 200);
  assert.deepEqual(await check('seclogs'), free);
  expectStatus(await client.arm('PUT', `${other}/seclogs`, sent), 200);
  expectStatus(await followed(client, await client.arm('DELETE', '/resourceGroups/other')), 200);
  assert.deepEqual(await check('seclogs'), free);
});

test('an account has the members that clients read, with endpoints below our own domain that nothing serves', async () => {
  await using world = await startWithGroup();
  const { client, port } = world;
  const made = expectStatus(await client.arm('PUT', `${accounts}/seclogs`, sent), 200).body;
  assert.deepEqual(at(made, 'sku'), { name: 'Standard_LRS', tier: 'Standard' });
  const properties = at(made, 'properties');
  const endpoint = String(at(properties, 'primaryEndpoints', 'blob'));
  assert.equal(endpoint, `https://seclogs.blob.storage.localhost:${port}/`);
  assert.equal(at(properties, 'networkAcls', 'defaultAction'), 'Allow');
  const { host } = new URL(endpoint);
  expectStatus(await client.send(`${client.home}/?restype=service`, { headers: { host } }), 421);
  // The answer is sent back, as every client does that changes one member.
  const put = json(JSON.parse(JSON.stringify(made).replace('"Hot"', '"Cool"')));
  const changed = expectStatus(await client.arm('PUT', `${accounts}/seclogs`, put), 200).body;
  assert.deepEqual(changed, put);
  assert.deepEqual(expectStatus(await client.arm('GET', `${accounts}/seclogs`), 200).body, put);
});

test('keys are listed for a caller who may list them, and differ for an account that is created again', async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  const workspace = `${group}/providers/Microsoft.OperationalInsights/workspaces/logs`;
  const keysOf = async () => {
    expectStatus(await client.arm('PUT', `${accounts}/seclogs`, sent), 200);
    const listed = at(expectStatus(await client.arm('POST', `${accounts}/seclogs/listKeys`), 200).body, 'keys');
    return Object.values<typeof listed>(listed).map((key) => [
      at(key, 'keyName'),
      at(key, 'value'),
      at(key, 'permissions'),
    ]);
  };
  const keys = await keysOf();
  assert.deepEqual(
    keys.map(([name, value, permissions]) => [name, Buffer.from(String(value), 'base64').length, permissions]),
    [
      ['key1', 64, 'FULL'],
      ['key2', 64, 'FULL'],
    ],
  );
  assert.notEqual(keys[0]?.[1], keys[1]?.[1]);
  assert.deepEqual(await keysOf(), keys);
  expectStatus(await client.arm('PUT', workspace, { location }), 201);
  const shared = expectStatus(await client.arm('POST', `${workspace}/sharedKeys`), 200).body;
  assert.match(String(at(shared, 'primarySharedKey')), /^[\w+/]{86}==$/);

  const reader = { clientId: randomUUID(), clientSecret: 'a secret of the reader' };
  const principalId = randomUUID();
  const { tenantId } = client.identity;
  const registration = { clientId: reader.clientId, objectId: principalId, tenantId, displayName: 'reader' };
  await registerClient(folder.store, { ...registration, secrets: [reader.clientSecret] });
  await assign(client, { role: 'Reader', principalId });
  const token = await client.token('arm', reader);
  expectStatus(await client.arm('GET', `${accounts}/seclogs`, undefined, { token }), 200);
  for (const path of [`${accounts}/seclogs/listKeys`, `${workspace}/sharedKeys`]) {
    const refused = expectStatus(await client.arm('POST', path, undefined, { token }), 403);
    assert.equal(at(refused.body, 'error', 'code'), 'AuthorizationFailed');
  }
  expectStatus(await client.arm('DELETE', `${accounts}/seclogs`), 200);
  expectStatus(await client.arm('POST', `${accounts}/seclogs/listKeys`), 404);
  assert.notDeepEqual(await keysOf(), keys);
});

test('the services of an account have default properties, and keep the ones that are set', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const blob = `${accounts}/seclogs/blobServices/default`;
  expectStatus(await client.arm('GET', blob), 404);
  expectStatus(await client.arm('PUT', blob, { properties: {} }), 404);
  expectStatus(await client.arm('PUT', `${accounts}/seclogs`, sent), 200);
  const shown = {
    id: `/subscriptions/${client.identity.subscriptionId}${blob}`,
    name: 'default',
    type: 'Microsoft.Storage/storageAccounts/blobServices',
    properties: { cors: { corsRules: [] }, deleteRetentionPolicy: { enabled: false } },
  };
  const sku = { name: 'Standard_LRS', tier: 'Standard' };
  assert.deepEqual(expectStatus(await client.arm('GET', blob), 200).body, { sku, ...shown });
  const properties = { cors: { corsRules: [] }, deleteRetentionPolicy: { enabled: true, days: 9 } };
  assert.deepEqual(expectStatus(await client.arm('PUT', blob, { properties }), 200).body, { ...shown, properties });
  assert.deepEqual(expectStatus(await client.arm('GET', blob), 200).body, { sku, ...shown, properties });
  for (const service of ['fileServices', 'queueServices', 'tableServices']) {
    expectStatus(await client.arm('GET', `${accounts}/seclogs/${service}/default`), 200);
  }
  // A new account begins with the defaults.
  expectStatus(await client.arm('DELETE', `${accounts}/seclogs`), 200);
  expectStatus(await client.arm('PUT', `${accounts}/seclogs`, sent), 200);
  assert.deepEqual(expectStatus(await client.arm('GET', blob), 200).body, { sku, ...shown });
});

test('an event hub is created with 200 and its namespace with 201, as on Azure', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const namespace = `${group}/providers/Microsoft.EventHub/namespaces/audit`;
  expectStatus(await client.arm('PUT', namespace, { location }), 201);
  expectStatus(await client.arm('PUT', `${namespace}/eventhubs/vaults`, {}), 200);
  expectStatus(
    await client.arm('PUT', `${namespace}/authorizationRules/send`, { properties: { rights: ['Send'] } }),
    200,
  );
});
