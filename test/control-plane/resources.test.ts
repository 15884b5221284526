import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import {
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
} from './resources.ts';

const sites = `${group}/providers/Microsoft.Web/sites`;
const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test('a resource of any type is created, changed, returned as it was sent, and deleted with its child resources', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const id = `/subscriptions/${client.identity.subscriptionId}${sites}/Files`;
  const sent = {
    location,
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS', tier: 'Standard' },
    tags: { a: 'b' },
    zones: ['1'],
    properties: { supportsHttpsTrafficOnly: true, networkAcls: { list: [1, 'two', null] } },
  };
  const shown = {
    id,
    name: 'Files',
    type: 'Microsoft.Web/sites',
    ...sent,
    properties: { ...sent.properties, provisioningState: 'Succeeded' },
  };
  assert.deepEqual(expectStatus(await client.arm('PUT', `${sites}/Files`, sent), 201).body, shown);
  assert.deepEqual(expectStatus(await client.arm('GET', `${sites}/files`), 200).body, shown);
  assert.deepEqual(expectStatus(await client.arm('PUT', `${sites}//FILES`, shown), 200).body, shown);
  expectStatus(await client.arm('HEAD', `${sites}/files`), 204);
  expectStatus(await client.arm('HEAD', `${sites}/other`), 404);
  const patch = { tags: { c: 'd' }, properties: { minimumTlsVersion: 'TLS1_2' } };
  const patched = expectStatus(await client.arm('PATCH', `${sites}/files`, patch), 200);
  assert.deepEqual(patched.body, {
    ...shown,
    tags: { c: 'd' },
    properties: { ...shown.properties, minimumTlsVersion: 'TLS1_2' },
  });
  const child = `${sites}/files/slots/default`;
  assert.equal(at(expectStatus(await client.arm('PUT', child, { properties: {} }), 201).body, 'name'), 'default');
  assert.deepEqual(namesIn((await client.arm('GET', sites)).body), ['Files']);
  assert.deepEqual(namesIn((await client.arm('GET', `${sites}/files/slots`)).body), ['default']);
  assert.deepEqual(namesIn((await client.arm('GET', '/providers/Microsoft.Web/sites')).body), ['Files']);
  expectStatus(await client.arm('DELETE', `${sites}/files`), 200);
  expectStatus(await client.arm('DELETE', `${sites}/files`), 204);
  expectStatus(await client.arm('GET', child), 404);
  expectError(
    await client.arm('PUT', child, { properties: {} }),
    404,
    'ParentResourceNotFound',
    "Can not perform requested operation on nested resource. Parent resource 'Microsoft.Web/sites/files' not found.",
  );
});

test('a resource gets a system-assigned identity, keeps it, and can use user-assigned ones', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, subscriptionId } = client.identity;
  const made = expectStatus(await client.arm('PUT', `${identities}/shared`, { location }), 201);
  const { principalId, clientId } = {
    principalId: at(made.body, 'properties', 'principalId'),
    clientId: at(made.body, 'properties', 'clientId'),
  };
  assert.match(String(principalId), guid);
  assert.deepEqual(at(made.body, 'properties'), { principalId, clientId, tenantId });
  assert.deepEqual(
    at((await client.arm('PUT', `${identities}/shared`, { location })).body, 'properties'),
    at(made.body, 'properties'),
  );
  const put = (identity: unknown) => client.arm('PUT', `${sites}/files`, { location, identity });
  const system = at(expectStatus(await put({ type: 'SystemAssigned' }), 201).body, 'identity');
  assert.deepEqual(system, { type: 'SystemAssigned', principalId: at(system, 'principalId'), tenantId });
  const sharedId = `/subscriptions/${subscriptionId}${identities}/Shared`;
  const both = at(
    expectStatus(await put({ type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [sharedId]: {} } }), 200)
      .body,
    'identity',
  );
  assert.deepEqual(both, {
    principalId: at(system, 'principalId'),
    tenantId,
    type: 'SystemAssigned, UserAssigned',
    userAssignedIdentities: { [sharedId]: { principalId, clientId } },
  });
  expectStatus(await put({ type: 'None' }), 200);
  const renewed = at((await put({ type: 'systemassigned' })).body, 'identity', 'principalId');
  assert.notEqual(renewed, at(system, 'principalId'));
  expectError(
    await put({ type: 'UserAssigned', userAssignedIdentities: { [`${sharedId}x`]: {} } }),
    400,
    'InvalidResourceReference',
    `Resource ${sharedId}x referenced by resource /subscriptions/${subscriptionId}${sites}/files was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
  expectError(
    await put({ type: 'Both' }),
    400,
    'BadRequest',
    "identity.type must be 'None', 'SystemAssigned', 'UserAssigned' or 'SystemAssigned, UserAssigned'.",
  );
});

test('an unsupported type, an invalid name and another subscription are refused, and nothing is created', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const refused: readonly (readonly [string, unknown, number, string])[] = [
    [`${group}/providers/Microsoft.Network/loadBalancers/x`, { location }, 404, 'InvalidResourceType'],
    [`${group}/providers/Microsoft.KeyVault/managedHSMs/x`, { location }, 404, 'InvalidResourceType'],
    [`${group}/providers/Microsoft.KeyVault/vaults/kv-a/eventGridFilters/x`, {}, 404, 'InvalidResourceType'],
    [`${sites}/a%3Cb`, { location }, 400, 'BadRequest'],
    [`${sites}/${'%C3%A9'.repeat(260)}`, { location }, 400, 'BadRequest'],
    [`${sites}/x`, {}, 400, 'BadRequest'],
    [`${sites}/x`, { location, properties: [] }, 400, 'BadRequest'],
    [`/resourceGroups/none/providers/Microsoft.Web/sites/x`, { location }, 404, 'ResourceGroupNotFound'],
  ];
  for (const [path, body, status, code] of refused) {
    const answered = expectStatus(await client.arm('PUT', path, body), status);
    assert.equal(at(answered.body, 'error', 'code'), code, path);
  }
  assert.deepEqual((await client.arm('GET', '/resources')).body, { value: [] });
  expectStatus(await client.arm('PUT', `${sites}/x`, { location }), 201);
  expectError(
    await client.arm('PUT', `${sites}/x`, { location: 'northeurope' }),
    409,
    'InvalidResourceLocation',
    "The resource 'x' already exists in location 'westeurope'. A resource with the same name cannot be created in location 'northeurope'.",
  );
  for (const move of ['moveResources', 'validateMoveResources']) {
    const answered = expectStatus(await client.arm('POST', `${group}/${move}`, { resources: [] }), 400);
    assert.equal(at(answered.body, 'error', 'code'), 'ResourceMoveNotSupported');
  }
});

test('the generic list shows every kind, with filters and pages', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', '/resourceGroups/other', { location }), 201);
  expectStatus(await putVault(client, 'kv-a', {}, { tags: { env: 'prod', tier: 'dev' } }), 200);
  expectStatus(await putNetwork(client, 'net', []), 201);
  const web = '/resourceGroups/other/providers/Microsoft.Web/sites';
  for (const name of ['web-1', 'web-2', "o'neill"]) {
    expectStatus(await client.arm('PUT', `${web}/${name}`, { location, tags: { env: name } }), 201);
  }
  const all = ['kv-a', 'net', "o'neill", 'web-1', 'web-2'];
  const find = async (filter: string, path = '/resources') =>
    (await pages(client, `${path}?$filter=${encodeURIComponent(filter)}`)).flat();
  assert.deepEqual(await find(''), all);
  assert.deepEqual(await find('', '/resourceGroups/OTHER/resources'), all.slice(2));
  assert.deepEqual(await pages(client, '/resources?$top=2'), [all.slice(0, 2), all.slice(2, 4), all.slice(4)]);
  assert.deepEqual(
    await pages(client, '/resources?$top=1'),
    all.map((name) => [name]),
  );
  assert.deepEqual(await find("resourceType eq 'Microsoft.Network/virtualNetworks'"), ['net']);
  assert.deepEqual(await find("resourceType ne 'microsoft.web/sites'"), ['kv-a', 'net']);
  assert.deepEqual(await find("name eq 'O''Neill'"), ["o'neill"]);
  assert.deepEqual(await find("substringof('eb-', name) and resourceGroup eq 'other'"), ['web-1', 'web-2']);
  assert.deepEqual(await find("tagName eq 'env'"), ['kv-a', "o'neill", 'web-1', 'web-2']);
  assert.deepEqual(await find("tagName eq 'env' and tagValue eq 'prod'"), ['kv-a']);
  assert.deepEqual(await find("tagName eq 'env' and tagValue eq 'dev'"), []);
  assert.deepEqual(await find("startswith(tagName, 'ti')"), ['kv-a']);
  const expanded = await client.arm('GET', '/resources?$expand=createdTime,provisioningState&$top=1');
  assert.equal(at(expanded.body, 'value', 0, 'provisioningState'), 'Succeeded');
  assert.match(String(at(expanded.body, 'value', 0, 'createdTime')), /^\d{4}-/);
  expectStatus(await client.arm('GET', '/resources?$expand=secrets'), 400);
});

test('the resources of a group are deleted with it, and each can have locks and role assignments', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${sites}/files`, { location }), 201);
  const lock = `${sites}/files/providers/Microsoft.Authorization/locks/keep`;
  expectStatus(await client.arm('PUT', lock, { properties: { level: 'CanNotDelete' } }), 201);
  const locked = expectStatus(await client.arm('DELETE', `${sites}/files`), 409);
  assert.equal(at(locked.body, 'error', 'code'), 'ScopeLocked');
  expectStatus(await client.arm('PUT', lock.replace('files', 'none'), { properties: { level: 'ReadOnly' } }), 404);
  expectStatus(await client.arm('DELETE', lock), 200);
  const patched = expectStatus(await client.arm('PATCH', group, { tags: { x: 'y' } }), 200);
  assert.deepEqual(at(patched.body, 'tags'), { x: 'y' });
  const deleted = expectStatus(await client.arm('DELETE', group), 202);
  assert.equal((await followed(client, deleted)).status, 200);
  assert.deepEqual((await client.arm('GET', '/resources')).body, { value: [] });
});

test('providers, regions and the lists of managed HSMs answer the requests with which az begins', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  for (const [method, path] of [
    ['GET', '/providers/microsoft.keyvault'],
    ['POST', '/providers/Microsoft.KeyVault/register'],
  ] as const) {
    const provider = expectStatus(await client.arm(method, path), 200);
    assert.equal(at(provider.body, 'registrationState'), 'Registered');
    assert.equal(at(provider.body, 'resourceTypes', 0, 'resourceType'), 'vaults');
    assert.equal(at(provider.body, 'resourceTypes', 0, 'apiVersions', 0), '2026-02-01');
  }
  expectError(
    await client.arm('GET', '/providers/Contoso.No'),
    404,
    'InvalidResourceNamespace',
    "The resource namespace 'Contoso.No' is invalid.",
  );
  assert.ok(Number(at((await client.arm('GET', '/providers')).body, 'value', 'length')) > 10);
  const regions = (await client.arm('GET', '/locations')).body;
  assert.ok(namesIn(regions).includes('westeurope'));
  assert.equal(at(regions, 'value', 0, 'regionalDisplayName'), '(US) East US');
  const keyVault = '/providers/Microsoft.KeyVault';
  for (const path of [`${keyVault}/managedHSMs`, `${keyVault}/deletedManagedHSMs`, `${group}${keyVault}/managedHSMs`]) {
    assert.deepEqual(expectStatus(await client.arm('GET', path), 200).body, { value: [] });
  }
  const services = '/providers/Microsoft.Network/locations/westeurope/virtualNetworkAvailableEndpointServices';
  assert.ok(namesIn((await client.arm('GET', services)).body).includes('Microsoft.KeyVault'));
});

async function pages(client: Client, path: string): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  let page = await client.arm('GET', path);
  for (;;) {
    found.push(namesIn(expectStatus(page, 200).body));
    const next = at(page.body, 'nextLink');
    if (next === undefined) return found;
    page = await client.send(String(next), { token: await client.token('arm') });
  }
}
