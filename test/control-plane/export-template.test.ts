import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { assign } from '../world/assign.ts';
import type { Client, Json } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  json,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  subnetId,
  vaults,
} from './resources.ts';

const providers = `${group}/providers`;
const nsg = `${providers}/Microsoft.Network/networkSecurityGroups/web-nsg`;
const account = `${providers}/Microsoft.Storage/storageAccounts/seclogs`;
const hub = `${providers}/Microsoft.EventHub/namespaces/events`;

function exportOf(client: Client, body: object = { resources: ['*'] }) {
  return client.arm('POST', `${group}/exportTemplate`, body);
}

/** A group whose resources refer to each other, and a secret in its vault. */
async function furnish(client: Client): Promise<void> {
  const rule = { priority: 100, access: 'Allow', direction: 'Inbound', protocol: '*', description: '[not code]' };
  const ports = {
    sourcePortRange: '*',
    destinationPortRange: '*',
    sourceAddressPrefix: '*',
    destinationAddressPrefix: '*',
  };
  const securityRules = [{ name: 'all', properties: { ...rule, ...ports } }];
  expectStatus(await client.arm('PUT', nsg, { location, properties: { securityRules } }), 201);
  const id = `/subscriptions/${client.identity.subscriptionId}${nsg}`;
  const serviceEndpoints = [{ service: 'Microsoft.KeyVault' }];
  const members = { serviceEndpoints, networkSecurityGroup: { id } };
  expectStatus(await putNetwork(client, 'blue', ['apps'], members), 201);
  const { tenantId, objectId } = client.identity;
  const networkAcls = {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.1' }],
    virtualNetworkRules: [{ id: subnetId(client, 'blue', 'apps') }],
  };
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['get', 'set'] } }];
  const properties = { accessPolicies, networkAcls, enableRbacAuthorization: false };
  expectStatus(await putVault(client, 'kv-out', properties, { tags: { stage: 'test' } }), 200);
  const secret = { body: { value: 'never in a template' }, from: '127.0.0.1' };
  expectStatus(await client.vault('kv-out', 'PUT', '/secrets/hidden', secret), 200);
  expectStatus(await client.arm('PUT', account, { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } }), 200);
  expectStatus(await client.arm('PUT', hub, { location }), 201);
  expectStatus(await client.arm('PUT', `${hub}/eventhubs/vaults`, { properties: { partitionCount: 2 } }), 200);
}

/** The members of a resource that were requested, without those that differ in each incarnation of it. */
async function lasting(client: Client, path: string): Promise<Json> {
  const { body } = expectStatus(await client.arm('GET', path), 200);
  const other = new Set(['etag', 'resourceGuid', 'systemData', 'creationTime', 'keyCreationTime']);
  return json(JSON.parse(JSON.stringify(body, (member, value: unknown) => (other.has(member) ? undefined : value))));
}

test('a group is exported as a template that creates it again, without secrets and keys', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  await furnish(client);
  const { body } = expectStatus(await exportOf(client), 200);
  assert.equal(at(body, 'error'), undefined);
  const template = at(body, 'template');
  assert.deepEqual(at(template, 'parameters'), {
    namespaces_events_name: { type: 'String' },
    networkSecurityGroups_web_nsg_name: { type: 'String' },
    storageAccounts_seclogs_name: { type: 'String' },
    vaults_kv_out_name: { type: 'String' },
    virtualNetworks_blue_name: { type: 'String' },
  });
  const written = JSON.stringify(template);
  const keys = expectStatus(await client.arm('POST', `${account}/listKeys`), 200).body;
  for (const absent of [
    'never in a template',
    String(at(keys, 'keys', 0, 'value')),
    'vaultUri',
    'etag',
    'rg/providers',
  ]) {
    assert.equal(written.includes(absent), false, absent);
  }
  const resources = Object.values<Json>(at(template, 'resources'));
  const vault = resources.find((resource) => at(resource, 'type') === 'Microsoft.KeyVault/vaults');
  assert.equal(at(vault, 'name'), "[parameters('vaults_kv_out_name')]");
  const network = "'Microsoft.Network/virtualNetworks', parameters('virtualNetworks_blue_name')";
  assert.deepEqual(at(vault, 'dependsOn'), [`[resourceId(${network})]`]);
  const subnet = network.replace("virtualNetworks'", "virtualNetworks/subnets'");
  assert.equal(
    at(vault, 'properties', 'networkAcls', 'virtualNetworkRules', 0, 'id'),
    `[resourceId(${subnet}, 'apps')]`,
  );
  assert.match(written, /"description":"\[\[not code\]"/);
  assert.match(written, /"name":"\[concat\(parameters\('namespaces_events_name'\), '\/vaults'\)\]"/);

  const paths = [nsg, `${networks}/blue`, `${vaults}/kv-out`, account, hub, `${hub}/eventhubs/vaults`];
  const before = await Promise.all(paths.map((path) => lasting(client, path)));
  expectStatus(await followed(client, expectStatus(await client.arm('DELETE', group), 202)), 200);
  expectStatus(
    await client.arm('POST', `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-out/purge`),
    202,
  );
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const names = Object.fromEntries(
    Object.entries({
      namespaces_events_name: 'events',
      networkSecurityGroups_web_nsg_name: 'web-nsg',
      storageAccounts_seclogs_name: 'seclogs',
      vaults_kv_out_name: 'kv-out',
      virtualNetworks_blue_name: 'blue',
    }).map(([parameter, value]) => [parameter, { value }]),
  );
  const deployment = `${group}/providers/Microsoft.Resources/deployments/again`;
  const properties = { mode: 'Incremental', template, parameters: names };
  const made = await untilGone(client, () => client.arm('PUT', deployment, { properties }));
  assert.equal((await followed(client, expectStatus(made, 201))).body['status'], 'Succeeded');
  assert.deepEqual(await Promise.all(paths.map((path) => lasting(client, path))), before);
});

/** A purge takes a moment, and the vault's name is taken until then. */
async function untilGone<T>(client: Client, then: () => Promise<T>): Promise<T> {
  const deleted = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-out`;
  for (let tries = 0; tries < 500 && (await client.arm('GET', deleted)).status !== 404; tries += 1);
  return then();
}

test("an export accepts Azure's options, and resources of the group only", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', nsg, { location, properties: {} }), 201);
  expectStatus(await client.arm('PUT', hub, { location }), 201);
  const id = `/subscriptions/${client.identity.subscriptionId}${nsg}`;
  const resources = [id.toUpperCase()];
  const options = 'IncludeParameterDefaultValue,IncludeComments';
  const one = at(expectStatus(await exportOf(client, { resources, options }), 200).body, 'template');
  assert.deepEqual(at(one, 'parameters'), {
    networkSecurityGroups_web_nsg_name: { defaultValue: 'web-nsg', type: 'String' },
  });
  assert.equal(at(one, 'resources', 'length'), 1);
  assert.equal(at(one, 'resources', 0, 'comments'), `Generalized from resource: '${id}'.`);
  for (const skip of ['SkipResourceNameParameterization', 'skipAllParameterization']) {
    const plain = at(expectStatus(await exportOf(client, { resources: ['*'], options: skip }), 200).body, 'template');
    assert.deepEqual(at(plain, 'parameters'), {});
    assert.equal(at(plain, 'resources', 1, 'name'), 'web-nsg');
  }
  const none = `/subscriptions/${client.identity.subscriptionId}${nsg}x`;
  for (const body of [{ resources: [none] }, { resources: [] }, { options: 'All' }, { outputFormat: 'Bicep' }]) {
    expectStatus(await exportOf(client, { resources: ['*'], ...body }), 400);
  }
  const long = { location, properties: { text: 'x'.repeat(600_000) } };
  for (const name of ['one', 'two']) {
    expectStatus(await client.arm('PUT', `${providers}/Microsoft.Web/sites/${name}`, long), 201);
  }
  const large = expectStatus(await exportOf(client), 400);
  assert.match(String(at(large.body, 'error', 'message')), /^The resources are larger than the 1048576 characters/);
  const missing = await client.arm('POST', '/resourceGroups/none/exportTemplate', {});
  expectError(missing, 404, 'ResourceGroupNotFound', "Resource group 'none' could not be found.");
});

test('a resource that the caller may not read is not exported, and the answer says so', async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  expectStatus(await client.arm('PUT', nsg, { location, properties: {} }), 201);
  expectStatus(await putVault(client, 'kv-out'), 200);
  const robot = { clientId: randomUUID(), clientSecret: 'a secret of the robot' };
  const principalId = randomUUID();
  const registration = { clientId: robot.clientId, objectId: principalId, tenantId: client.identity.tenantId };
  await registerClient(folder.store, { ...registration, displayName: 'robot', secrets: [robot.clientSecret] });
  const token = await client.token('arm', robot);
  const ask = () => client.arm('POST', `${group}/exportTemplate`, { resources: ['*'] }, { token });
  expectStatus(await ask(), 403);
  const role = randomUUID();
  const actions = [
    'Microsoft.Resources/subscriptions/resourceGroups/exportTemplate/action',
    'Microsoft.KeyVault/*/read',
  ];
  const scope = `/subscriptions/${client.identity.subscriptionId}`;
  const definition = { roleName: 'exporter', permissions: [{ actions }], assignableScopes: [scope] };
  const path = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  expectStatus(await client.arm('PUT', path, { properties: definition }), 201);
  await assign(client, { role, principalId });
  const { body } = expectStatus(await ask(), 200);
  const exported = Object.values<Json>(at(body, 'template', 'resources')).map((resource) => at(resource, 'type'));
  assert.deepEqual(exported, ['Microsoft.KeyVault/vaults']);
  assert.equal(at(body, 'error', 'code'), 'ExportTemplateCompletedWithErrors');
  assert.deepEqual([at(body, 'error', 'details', 0, 'code')], json(['AuthorizationFailed']));
  assert.equal(at(body, 'error', 'details', 0, 'target'), `${scope}${nsg}`);
});

test('a group keeps its managedBy', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const managedBy = `/subscriptions/${client.identity.subscriptionId}${hub}`;
  const path = '/resourceGroups/managed';
  assert.equal(
    at(expectStatus(await client.arm('PUT', path, { location, managedBy }), 201).body, 'managedBy'),
    managedBy,
  );
  assert.equal(at(expectStatus(await client.arm('PATCH', path, { tags: {} }), 200).body, 'managedBy'), managedBy);
  assert.equal(at(expectStatus(await client.arm('GET', path), 200).body, 'managedBy'), managedBy);
  const patched = await client.arm('PATCH', path, { managedBy: `${managedBy}2` });
  assert.equal(at(expectStatus(patched, 200).body, 'managedBy'), `${managedBy}2`);
  assert.equal(at((await client.arm('GET', '/resourceGroups')).body, 'value', 0, 'managedBy'), `${managedBy}2`);
  expectStatus(await client.arm('PUT', path, { location, managedBy: 7 }), 400);
  assert.equal(at(expectStatus(await client.arm('PUT', path, { location }), 200).body, 'managedBy'), undefined);
});
