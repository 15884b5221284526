import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answered } from '../world/client.ts';
import {
  armVersion,
  at,
  expectError,
  expectStatus,
  group,
  json,
  location,
  putVault,
  startWithGroup,
  storedVault,
  vaultBody,
  vaults,
} from './resources.ts';

const guid = '11111111-2222-3333-4444-555555555555';

test("a vault is created with 200, Azure's defaults and its creator, and its GET is the same", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, subscriptionId, clientId } = client.identity;
  const put = expectStatus(await client.arm('PUT', `${vaults}/Kv-New`, vaultBody(client)), 200);
  const made = String(at(put.body, 'systemData', 'createdAt'));
  assert.deepEqual(put.body, {
    id: `/subscriptions/${subscriptionId}${vaults}/Kv-New`,
    name: 'Kv-New',
    type: 'Microsoft.KeyVault/vaults',
    location,
    tags: {},
    systemData: {
      createdBy: clientId,
      createdByType: 'Application',
      createdAt: made,
      lastModifiedBy: clientId,
      lastModifiedByType: 'Application',
      lastModifiedAt: made,
    },
    properties: {
      enabledForDeployment: false,
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [],
      softDeleteRetentionInDays: 90,
      enableRbacAuthorization: false,
      publicNetworkAccess: 'Enabled',
      enableSoftDelete: true,
      vaultUri: `${client.vaultOrigin('Kv-New')}/`,
      provisioningState: 'Succeeded',
    },
  });
  assert.deepEqual((await client.arm('GET', `${vaults}/kv-new`)).body, put.body);
  assert.equal(put.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(put.headers['cache-control'], 'no-cache');
  assert.match(String(put.headers['x-ms-request-id']), /^[0-9a-f-]{36}$/);
});

test('only answers of the provider of vaults state its version', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const of = ({ headers }: Answered) => headers['x-ms-keyvault-service-version'];
  for (const answered of [
    expectStatus(await putVault(client, 'kv-new'), 200),
    expectStatus(await client.arm('GET', `${vaults}/kv-new`), 200),
    expectStatus(await client.arm('GET', vaults), 200),
    expectStatus(await client.arm('GET', `${vaults}/kv-none`), 404),
    expectStatus(await client.arm('DELETE', `${vaults}/kv-new`), 200),
  ]) {
    assert.equal(of(answered), '1.5.1292.0');
  }
  assert.equal(of(expectStatus(await client.arm('GET', group), 200)), undefined);
  assert.equal(of(expectStatus(await client.arm('GET', `${vaults}/kv-new`, undefined, { token: '' }), 401)), undefined);
});

test("a later change keeps the vault's creator, and shows who changed it and when", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const first = expectStatus(await putVault(client, 'kv-new'), 200);
  world.advance(60_000);
  const second = expectStatus(await client.arm('PATCH', `${vaults}/kv-new`, { tags: { a: 'b' } }), 200);
  assert.equal(at(second.body, 'systemData', 'createdAt'), at(first.body, 'systemData', 'createdAt'));
  const passed =
    Date.parse(String(at(second.body, 'systemData', 'lastModifiedAt'))) -
    Date.parse(String(at(first.body, 'systemData', 'lastModifiedAt')));
  assert.ok(passed >= 60_000, `${passed} ms`);
});

test('from api-version 2026-02-01 on, a new vault uses role assignments for its data plane unless it says otherwise', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const cases = [
    ['2026-02-01', {}, true],
    ['2026-04-01-preview', {}, true],
    ['2026-02-01', { enableRbacAuthorization: false }, false],
    ['2025-05-01', {}, false],
    ['2016-10-01', {}, false],
    ['2025-05-01', { enableRbacAuthorization: true }, true],
  ] as const;
  for (const [index, [version, properties, rbac]] of cases.entries()) {
    const path = `${vaults}/kv-${index}`;
    const put = await armVersion(client, { method: 'PUT', path, version, body: vaultBody(client, properties) });
    assert.equal(at(expectStatus(put, 200).body, 'properties', 'enableRbacAuthorization'), rbac, version);
  }
  // The default is for new vaults: an existing one keeps its setting.
  const again = { method: 'PUT', path: `${vaults}/kv-3`, version: '2026-02-01', body: vaultBody(client) };
  assert.equal(at((await armVersion(client, again)).body, 'properties', 'enableRbacAuthorization'), false);
});

test('every property that is set is returned, and a PATCH changes only that one', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const properties = {
    enabledForDeployment: true,
    enabledForDiskEncryption: true,
    enabledForTemplateDeployment: true,
    enableRbacAuthorization: true,
    softDeleteRetentionInDays: 7,
    publicNetworkAccess: 'Disabled',
    sku: { family: 'A', name: 'premium' },
  };
  const put = expectStatus(await putVault(client, 'kv-all', properties), 200);
  for (const [name, value] of Object.entries(properties)) assert.deepEqual(at(put.body, 'properties', name), value);
  const changes = [
    { enabledForDeployment: false },
    { enabledForDiskEncryption: false },
    { enabledForTemplateDeployment: false },
    { enableRbacAuthorization: false },
    { publicNetworkAccess: 'Enabled' },
    { sku: { family: 'A', name: 'standard' } },
    { enablePurgeProtection: true },
    { softDeleteRetentionInDays: 7 },
    { enabledForDeployment: null },
  ];
  const expected = new Map(Object.entries(at(put.body, 'properties')));
  for (const change of changes) {
    const patched = expectStatus(await client.arm('PATCH', `${vaults}/kv-all`, { properties: change }), 200);
    for (const [name, value] of Object.entries(change)) if (value !== null) expected.set(name, json(value));
    assert.deepEqual(at(patched.body, 'properties'), Object.fromEntries(expected));
  }
});

test('a property that breaks a rule is refused, and nothing is changed', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-old', { softDeleteRetentionInDays: 30, enablePurgeProtection: true }), 200);
  const { version } = await storedVault(world, 'kv-old');
  const place = 'Invalid value found at properties';
  const purge =
    'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.';
  const softDelete =
    'The property "enableSoftDelete" can be set to false only for creating new vault. Enabling the \'soft delete\' functionality is an irreversible action.';
  const days = (found: string) => `this is ${found}; it must be a whole number of days from 7 to 90.`;
  const known =
    'vaultUri, provisioningState, hsmPoolResourceId, privateEndpointConnections, tenantId, sku, accessPolicies, enabledForDeployment, enabledForDiskEncryption, enabledForTemplateDeployment, enableSoftDelete, softDeleteRetentionInDays, enableRbacAuthorization, enablePurgeProtection, createMode, publicNetworkAccess, networkAcls';
  const refusals: readonly (readonly [object, string])[] = [
    [{ enablePurgeProtection: false }, purge],
    [{ enableSoftDelete: false }, softDelete],
    [
      { softDeleteRetentionInDays: 31 },
      'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    ],
    [{ softDeleteRetentionInDays: 6 }, `${place}.softDeleteRetentionInDays: ${days('6')}`],
    [{ softDeleteRetentionInDays: 91 }, `${place}.softDeleteRetentionInDays: ${days('91')}`],
    [{ softDeleteRetentionInDays: 7.5 }, `${place}.softDeleteRetentionInDays: ${days('7.5')}`],
    [{ softDeleteRetentionInDays: '30' }, `${place}.softDeleteRetentionInDays: ${days('"30"')}`],
    [{ tenantId: 'mine' }, `${place}.tenantId: this is "mine"; it must be a GUID.`],
    [{ sku: { family: 'B', name: 'standard' } }, `${place}.sku.family: "B" is not a choice; use A.`],
    [{ sku: { family: 'A', name: 'basic' } }, `${place}.sku.name: "basic" is not a choice; use standard or premium.`],
    [
      { publicNetworkAccess: 'SecuredByPerimeter' },
      `${place}.publicNetworkAccess: "SecuredByPerimeter" is not a choice; use Enabled or Disabled.`,
    ],
    [{ enabledForDeployment: 'true' }, `${place}.enabledForDeployment: this is a string; it must be true or false.`],
    [{ createMode: 'again' }, `${place}.createMode: "again" is not a choice; use default or recover.`],
    [{ enableHsm: true }, `${place}: the member "enableHsm" is not supported; remove it, the members are ${known}.`],
    [
      { enabledForDiskEncryption: true, networkAcls: { bypass: 'None' } },
      'When enabledForDiskEncryption is true, networkAcls.bypass must include "AzureServices".',
    ],
    [{ accessPolicies: {} }, `${place}.accessPolicies: this is an object; it must be an array.`],
  ];
  for (const [properties, message] of refusals) {
    expectError(await putVault(client, 'kv-old', properties), 400, 'BadRequest', message);
    expectError(await client.arm('PATCH', `${vaults}/kv-old`, { properties }), 400, 'BadRequest', message);
  }
  assert.equal((await storedVault(world, 'kv-old')).version, version);
});

test('a new vault cannot be without soft delete, without tenant or SKU, or with purge protection set to false', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const sku = { family: 'A', name: 'standard' };
  const { tenantId } = client.identity;
  const refusals: readonly (readonly [unknown, string])[] = [
    [
      { tenantId, sku, enableSoftDelete: false },
      'The property "enableSoftDelete" cannot be set to false: every vault has soft delete. Leave it out or set it to true.',
    ],
    [
      { tenantId, sku, enablePurgeProtection: false },
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    ],
    [{ sku }, 'The property "tenantId" is missing: give the tenant whose tokens the vault accepts.'],
    [{ tenantId }, 'The property "sku" is missing: give {"family":"A","name":"standard"}.'],
    [
      { tenantId, sku: {} },
      'Invalid value found at properties.sku: the member "name" is missing; every rule needs one.',
    ],
    [undefined, 'Invalid value found at properties: this is missing; it must be an object.'],
    [[], 'Invalid value found at properties: this is an array; it must be an object.'],
  ];
  for (const [properties, message] of refusals) {
    const put = await client.arm('PUT', `${vaults}/kv-new`, { location, properties });
    expectError(put, 400, 'BadRequest', message);
  }
  expectStatus(await client.arm('GET', `${vaults}/kv-new`), 404);
});

test('read-only members are accepted and ignored when a client sends them back', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const made = {
    vaultUri: 'https://elsewhere.example/',
    provisioningState: 'RegisteringDns',
    hsmPoolResourceId: 'x',
    privateEndpointConnections: [],
    enableSoftDelete: true,
    createMode: 'default',
  };
  const put = expectStatus(await putVault(client, 'kv-new', made), 200);
  assert.equal(at(put.body, 'properties', 'vaultUri'), `${client.vaultOrigin('kv-new')}/`);
  assert.equal(at(put.body, 'properties', 'provisioningState'), 'Succeeded');
  assert.equal(at(put.body, 'properties', 'hsmPoolResourceId'), undefined);
  assert.equal(at(put.body, 'properties', 'createMode'), undefined);
});

test('another tenantId moves the vault to that tenant, and the change must give it access policies of that tenant', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['get'] } }];
  expectStatus(await putVault(client, 'kv-home', { accessPolicies }), 200);
  expectError(
    await client.arm('PATCH', `${vaults}/kv-home`, { properties: { tenantId: guid } }),
    400,
    'BadRequest',
    `Invalid value found at properties.accessPolicies[0].tenantId: ${tenantId} is not the vault's tenant ${guid}; all access policies of a vault must have its tenant.`,
  );
  const moved = [{ tenantId: guid, objectId, permissions: { secrets: ['get'] } }];
  const put = expectStatus(await putVault(client, 'kv-home', { tenantId: guid, accessPolicies: moved }), 200);
  assert.equal(at(put.body, 'properties', 'tenantId'), guid);
  assert.deepEqual(at(put.body, 'properties', 'accessPolicies'), moved);
});

test('a tenantId in upper case is the same tenant, for the vault, its policies and its callers', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const upper = tenantId.toUpperCase();
  const accessPolicies = [{ tenantId: upper, objectId: objectId.toUpperCase(), permissions: { secrets: ['List'] } }];
  const put = expectStatus(await putVault(client, 'kv-upper', { tenantId: upper, accessPolicies }), 200);
  assert.equal(at(put.body, 'properties', 'tenantId'), tenantId);
  expectStatus(await client.vault('kv-upper', 'GET', '/secrets'), 200);
});

test('a body that is not a JSON object, or has no location, is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const notJson = 'The request content was invalid and could not be deserialized: it is not a JSON object.';
  for (const body of ['{', '[]', '"a"', 'null ']) {
    expectError(await client.arm('PUT', `${vaults}/kv-new`, body), 400, 'InvalidRequestContent', notJson);
  }
  expectError(
    await client.arm('PUT', `${vaults}/kv-new`, { properties: {} }),
    400,
    'BadRequest',
    'The \'location\' property is required: give the region, for example "westeurope".',
  );
});

test('a location that a header cannot have is refused, and any that looks like a region is accepted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  for (const bad of ['西欧', 'west\r\nx: y', ' westeurope', 'w'.repeat(91), 7]) {
    const rule = 'give at most 90 letters, digits and spaces, for example "westeurope"';
    const message = `The location ${JSON.stringify(bad).slice(0, 100)} is not a region: ${rule}.`;
    expectError(await putVault(client, 'kv-new', {}, { location: bad }), 400, 'BadRequest', message);
    expectError(await client.arm('PUT', '/resourceGroups/other', { location: bad }), 400, 'BadRequest', message);
  }
  expectStatus(await client.arm('GET', `${vaults}/kv-new`), 404);
  expectStatus(await putVault(client, 'kv-new', {}, { location: 'Here (Stage) 2' }), 200);
  const { headers } = await client.vault('kv-new', 'GET', '/secrets');
  assert.equal(headers['x-ms-keyvault-region'], 'Here (Stage) 2');
});

test('a vault in a group that does not exist is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const long = 'g'.repeat(2000);
  for (const name of ['other', long, '%F0%9D%92%9C'.repeat(90)]) {
    const path = `/resourceGroups/${name}/providers/Microsoft.KeyVault/vaults/kv-new`;
    const shown = decodeURIComponent(name);
    const message = `Resource group '${shown}' could not be found.`;
    expectError(await client.arm('PUT', path, vaultBody(client)), 404, 'ResourceGroupNotFound', message);
    expectError(await client.arm('GET', `/resourceGroups/${name}`), 404, 'ResourceGroupNotFound', message);
  }
});

test('a vault cannot be moved to another region, and the case of its region does not matter', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-new'), 200);
  expectError(
    await putVault(client, 'kv-new', {}, { location: 'northeurope' }),
    409,
    'InvalidResourceLocation',
    "The resource 'kv-new' already exists in location 'westeurope'. A resource with the same name cannot be created in location 'northeurope'.",
  );
  const put = expectStatus(await putVault(client, 'kv-new', {}, { location: 'WestEurope' }), 200);
  assert.equal(at(put.body, 'location'), location);
  expectStatus(await client.arm('GET', `${group}/providers/microsoft.keyvault//VAULTS/KV-NEW/`), 200);
});
