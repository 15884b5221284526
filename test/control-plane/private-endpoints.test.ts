import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import { recordsWhere, register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  location,
  namesIn,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  subnetId,
  succeeded,
  vaultBody,
  vaults,
} from './resources.ts';

const endpoints = `${group}/providers/Microsoft.Network/privateEndpoints`;
const approval = 'Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action';
const join = 'Microsoft.Network/virtualNetworks/subnets/join/action';
const approved = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };

async function startWithVault(): Promise<TestServer> {
  const world = await startWithGroup();
  expectStatus(await putNetwork(world.client, 'net', ['apps', 'more']), 201);
  expectStatus(await putVault(world.client, 'kv-pe'), 200);
  return world;
}

function idOf({ identity }: Client, path: string): string {
  return `/subscriptions/${identity.subscriptionId}${path}`;
}

interface EndpointSetting {
  readonly manual?: boolean;
  readonly subnet?: string;
  readonly connection?: object;
  readonly properties?: object;
}

/** The body of a PUT of a private endpoint. */
function endpointBody(client: Client, { manual = false, subnet = 'apps', ...others }: EndpointSetting = {}) {
  const properties = {
    privateLinkServiceId: idOf(client, `${vaults}/kv-pe`),
    groupIds: ['vault'],
    ...(manual && { requestMessage: 'please' }),
    ...others.connection,
  };
  const list = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
  return {
    location,
    properties: {
      subnet: { id: subnetId(client, 'net', subnet) },
      [list]: [{ name: 'kv', properties }],
      ...others.properties,
    },
  };
}

function connectionsOf(body: Json | undefined): Json {
  return at(body, 'properties', 'privateEndpointConnections');
}

/** The state of the endpoint's connection, as the endpoint shows it. */
async function stateOf(client: Client, name: string): Promise<Json> {
  const { body } = expectStatus(await client.arm('GET', `${endpoints}/${name}`), 200);
  const { privateLinkServiceConnections: own, manualPrivateLinkServiceConnections: manual } = at(body, 'properties');
  return at(at(own, 'length') === 1 ? own : manual, 0, 'properties', 'privateLinkServiceConnectionState');
}

/** The path of the one connection of the vault. */
async function connectionPath(client: Client): Promise<string> {
  const { body } = expectStatus(await client.arm('GET', `${vaults}/kv-pe/privateEndpointConnections`), 200);
  assert.equal(at(body, 'value', 'length'), 1);
  return `${vaults}/kv-pe/privateEndpointConnections/${String(at(body, 'value', 0, 'name'))}`;
}

function decide(client: Client, path: string, state: object, headers: Record<string, string> = {}): Promise<Answered> {
  return client.arm('PUT', path, { properties: { privateLinkServiceConnectionState: state } }, { headers });
}

test('a private endpoint creates a connection that both it and the vault show, and that is deleted with it', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const made = expectStatus(await client.arm('PUT', `${endpoints}/pe`, endpointBody(client)), 201);
  assert.equal(at((await followed(client, made)).body, 'status'), 'Succeeded');
  const id = idOf(client, `${endpoints}/pe`);
  const etag = at(made.body, 'etag');
  const guid = String(at(made.body, 'properties', 'resourceGuid'));
  assert.deepEqual(succeeded(made.body), {
    id,
    name: 'pe',
    type: 'Microsoft.Network/privateEndpoints',
    location,
    tags: {},
    etag,
    properties: {
      subnet: { id: subnetId(client, 'net', 'apps') },
      privateLinkServiceConnections: [
        {
          name: 'kv',
          id: `${id}/privateLinkServiceConnections/kv`,
          etag,
          type: 'Microsoft.Network/privateEndpoints/privateLinkServiceConnections',
          properties: {
            provisioningState: 'Succeeded',
            privateLinkServiceId: idOf(client, `${vaults}/kv-pe`),
            groupIds: ['vault'],
            privateLinkServiceConnectionState: approved,
          },
        },
      ],
      manualPrivateLinkServiceConnections: [],
      provisioningState: 'Succeeded',
      resourceGuid: guid,
      networkInterfaces: [],
      customDnsConfigs: [],
    },
  });
  assert.deepEqual((await client.arm('GET', `${endpoints}/pe/privateDnsZoneGroups`)).body, { value: [] });
  expectStatus(await client.arm('GET', `${endpoints}/none/privateDnsZoneGroups`), 404);
  const path = await connectionPath(client);
  const connection = expectStatus(await client.arm('GET', path), 200);
  const properties = {
    privateEndpoint: { id },
    privateLinkServiceConnectionState: approved,
    provisioningState: 'Succeeded',
  };
  assert.deepEqual(connection.body, {
    id: idOf(client, path),
    name: `pe.${guid}`,
    type: 'Microsoft.KeyVault/vaults/privateEndpointConnections',
    location,
    etag: at(connection.body, 'etag'),
    properties,
  });
  const vault = expectStatus(await client.arm('GET', `${vaults}/kv-pe`), 200);
  const shown = [{ id: idOf(client, path), etag: at(connection.body, 'etag'), properties }];
  assert.deepEqual(connectionsOf(vault.body), shown);
  assert.deepEqual(connectionsOf(at((await client.arm('GET', vaults)).body, 'value', 0)), shown);
  // A client sends back what it read; a body without the connections keeps them.
  assert.deepEqual(connectionsOf((await client.arm('PUT', `${vaults}/kv-pe`, vault.body)).body), shown);
  assert.deepEqual(connectionsOf((await putVault(client, 'kv-pe', {}, { tags: { a: 'b' } })).body), shown);
  assert.deepEqual(
    at((await client.arm('GET', `${networks}/net/subnets/apps`)).body, 'properties', 'privateEndpoints'),
    [{ id }],
  );
  assert.deepEqual(namesIn((await client.arm('GET', endpoints)).body), ['pe']);
  assert.deepEqual(namesIn((await client.arm('GET', '/providers/Microsoft.Network/privateEndpoints')).body), ['pe']);

  expectStatus(await client.arm('DELETE', `${endpoints}/pe`), 202);
  expectStatus(await client.arm('DELETE', `${endpoints}/pe`), 204);
  expectStatus(await client.arm('GET', path), 404);
  assert.equal(connectionsOf((await client.arm('GET', `${vaults}/kv-pe`)).body), undefined);
  const subnet = (await client.arm('GET', `${networks}/net/subnets/apps`)).body;
  assert.equal(at(subnet, 'properties', 'privateEndpoints'), undefined);
});

test('a manual request is pending until an administrator of the vault approves or rejects it', async () => {
  await using world = await startWithVault();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, endpointBody(client, { manual: true })), 201);
  const pending = { status: 'Pending', description: 'please', actionsRequired: 'None' };
  assert.deepEqual(await stateOf(client, 'pe'), pending);
  const path = await connectionPath(client);
  const before = (await client.arm('GET', path)).body;
  assert.deepEqual(at(before, 'properties', 'privateLinkServiceConnectionState'), pending);
  // The answer is sent back with another status, as az does.
  const yes = { status: 'approved', description: 'welcome' };
  const put = expectStatus(await decide(client, path, yes, { 'if-match': String(at(before, 'etag')) }), 200);
  const welcome = { status: 'Approved', description: 'welcome', actionsRequired: 'None' };
  assert.deepEqual(at(put.body, 'properties', 'privateLinkServiceConnectionState'), welcome);
  assert.notEqual(at(put.body, 'etag'), at(before, 'etag'));
  assert.deepEqual(await stateOf(client, 'pe'), welcome);
  const stale = await decide(client, path, { status: 'Rejected' }, { 'if-match': String(at(before, 'etag')) });
  assert.equal(at(expectStatus(stale, 412).body, 'error', 'code'), 'PreconditionFailed');
  for (const [state, text] of [
    [{ status: 'Pending' }, '"Pending" is not a choice; use Approved or Rejected.'],
    [{ status: 'Disconnected' }, '"Disconnected" is not a choice; use Approved or Rejected.'],
    [{ status: 'Approved', by: 'me' }, 'by'],
  ] as const) {
    const answered = expectStatus(await decide(client, path, state), 400);
    assert.ok(String(at(answered.body, 'error', 'message')).includes(text), JSON.stringify(answered.body));
  }
  expectStatus(await client.arm('PUT', path, {}), 400);
  assert.deepEqual(await stateOf(client, 'pe'), welcome);
  expectStatus(await decide(client, path, { status: 'Rejected', description: 'no' }), 200);
  const no = { status: 'Rejected', description: 'no', actionsRequired: 'None' };
  assert.deepEqual(await stateOf(client, 'pe'), no);
  expectError(
    await decide(client, `${path}x`, { status: 'Approved' }),
    404,
    'ResourceNotFound',
    `The Resource 'Microsoft.KeyVault/vaults/privateEndpointConnections/kv-pe/${path.slice(path.lastIndexOf('/') + 1)}x' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
});

test('a connection that is deleted at the vault leaves the endpoint Disconnected forever', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const body = endpointBody(client);
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, body), 201);
  const path = await connectionPath(client);
  const deleted = expectStatus(await client.arm('DELETE', path), 200);
  assert.equal(at(deleted.body, 'id'), idOf(client, path));
  expectStatus(await client.arm('DELETE', path), 204);
  assert.equal(at(await stateOf(client, 'pe'), 'status'), 'Disconnected');
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, body), 200);
  assert.equal(at(await stateOf(client, 'pe'), 'status'), 'Disconnected');
  assert.equal(connectionsOf((await client.arm('GET', `${vaults}/kv-pe`)).body), undefined);
  expectStatus(await client.arm('DELETE', `${endpoints}/pe`), 202);
  // The new endpoint has a new connection.
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, body), 201);
  assert.notEqual(await connectionPath(client), path);
  assert.equal(at(await stateOf(client, 'pe'), 'status'), 'Approved');
});

test('deleting a vault ends its connections, and it is recovered or created again without them', async () => {
  await using world = await startWithVault();
  const { client } = world;
  for (const name of ['one', 'two']) {
    expectStatus(
      await client.arm('PUT', `${endpoints}/${name}`, endpointBody(client, { manual: name === 'two' })),
      201,
    );
  }
  expectStatus(await client.arm('DELETE', `${vaults}/kv-pe`), 200);
  for (const name of ['one', 'two']) assert.equal(at(await stateOf(client, name), 'status'), 'Disconnected');
  const gone = await client.arm('PUT', `${endpoints}/late`, endpointBody(client));
  assert.equal(at(expectStatus(gone, 404).body, 'error', 'code'), 'ResourceNotFound');
  const recover = vaultBody(client, { createMode: 'recover' });
  const recovered = expectStatus(await client.arm('PUT', `${vaults}/kv-pe`, recover), 200);
  assert.equal(connectionsOf(recovered.body), undefined);
  expectStatus(await client.arm('DELETE', `${endpoints}/one`), 202);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-pe`), 200);
  const purge = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-pe/purge`;
  expectStatus(await client.arm('POST', purge), 202);
  expectStatus(await putVault(client, 'kv-pe'), 200);
  assert.equal(at(await stateOf(client, 'two'), 'status'), 'Disconnected');
  expectStatus(await client.arm('DELETE', `${endpoints}/two`), 202);
});

test('a subnet with a private endpoint cannot be deleted, except with the resource group', async () => {
  await using world = await startWithVault();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, endpointBody(client)), 201);
  const id = idOf(client, `${endpoints}/pe`);
  const inUse = (answered: Answered) =>
    expectError(
      answered,
      400,
      'InUseSubnetCannotBeDeleted',
      `Subnet apps is in use by ${id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
    );
  inUse(await client.arm('DELETE', `${networks}/net/subnets/apps`));
  inUse(await client.arm('DELETE', `${networks}/net`));
  inUse(await putNetwork(client, 'net', []));
  expectStatus(await client.arm('DELETE', `${networks}/net/subnets/more`), 202);
  // The network and the subnet are sent back as they were read.
  const network = await client.arm('GET', `${networks}/net`);
  expectStatus(await client.arm('PUT', `${networks}/net`, network.body), 200);
  const subnet = await client.arm('GET', `${networks}/net/subnets/apps`);
  expectStatus(await client.arm('PUT', `${networks}/net/subnets/apps`, subnet.body), 200);
  inUse(await client.arm('DELETE', `${networks}/net/subnets/apps`));
  const deletion = expectStatus(await client.arm('DELETE', group), 202);
  expectStatus(await followed(client, deletion), 200);
  expectStatus(await client.arm('GET', group), 404);
});

test('a private endpoint that refers to something that does not exist is refused, and nothing is created', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const storage = idOf(client, `${group}/providers/Microsoft.Storage/storageAccounts/files`);
  const own = (connection: object) => endpointBody(client, { connection });
  const more = (properties: object) => endpointBody(client, { properties });
  const refused: readonly (readonly [object, number, string])[] = [
    [
      own({ privateLinkServiceId: storage }),
      400,
      `privateLinkServiceId is '${storage}'. Here it must be the id of a vault`,
    ],
    [own({ privateLinkServiceId: idOf(client, `${vaults}/kv-none`) }), 404, "'Microsoft.KeyVault/vaults/kv-none'"],
    [own({ groupIds: ['blob'] }), 400, 'privateLinkServiceConnections[0].properties.groupIds'],
    [own({ groupIds: [] }), 400, 'the only group of a vault'],
    [own({ requestMessage: 'x'.repeat(141) }), 400, 'at most 140 characters'],
    [own({ target: 'x' }), 400, 'target'],
    [more({ subnet: null }), 400, 'subnet'],
    [
      more({ subnet: { id: subnetId(client, 'net', 'none') } }),
      400,
      `Resource ${subnetId(client, 'net', 'none')} referenced by`,
    ],
    [more({ privateLinkServiceConnections: [] }), 400, 'exactly one'],
    [more({ ipConfigurations: [{ name: 'x' }] }), 400, 'a private endpoint has no address here'],
    [more({ customNetworkInterfaceName: 'nic' }), 400, 'a private endpoint has no address here'],
    [more({ ipVersionType: 'IPv6' }), 400, 'ipVersionType'],
    [{ ...endpointBody(client), location: 'northeurope' }, 400, 'in the same region'],
  ];
  for (const [body, status, text] of refused) {
    const answered = expectStatus(await client.arm('PUT', `${endpoints}/pe`, body), status);
    assert.ok(String(at(answered.body, 'error', 'message')).includes(text), JSON.stringify(answered.body));
  }
  expectStatus(await client.arm('GET', `${endpoints}/pe`), 404);
  expectStatus(await client.arm('PUT', `${endpoints}/pe/privateDnsZoneGroups/default`, {}), 404);
  const empty = { customNetworkInterfaceName: '', ipConfigurations: [], customDnsConfigs: [], ipVersionType: 'IPv4' };
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, { ...more(empty), location: 'West Europe' }), 201);
  const rule = 'its subnet and its connection cannot be changed. Delete it and create it again.';
  for (const body of [endpointBody(client, { subnet: 'more' }), endpointBody(client, { manual: true })]) {
    const answered = expectStatus(await client.arm('PUT', `${endpoints}/pe`, body), 400);
    assert.ok(String(at(answered.body, 'error', 'message')).endsWith(rule), JSON.stringify(answered.body));
  }
});

test('a template creates a vault, a network and a private endpoint between them, and a preview creates nothing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { properties: vault } = vaultBody(client);
  const network = { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } };
  const subnets = [{ name: 'apps', properties: { addressPrefix: '10.0.0.0/24' } }];
  const [vaultType, networkType] = ['Microsoft.KeyVault/vaults', 'Microsoft.Network/virtualNetworks'];
  const apiVersion = '2023-07-01';
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [
      {
        type: 'Microsoft.Network/privateEndpoints',
        apiVersion,
        name: 'pe',
        location,
        dependsOn: [`[resourceId('${vaultType}', 'kv-pe')]`, `[resourceId('${networkType}', 'net')]`],
        properties: {
          subnet: { id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'apps')]" },
          privateLinkServiceConnections: [
            {
              name: 'kv',
              properties: { privateLinkServiceId: `[resourceId('${vaultType}', 'kv-pe')]`, groupIds: ['vault'] },
            },
          ],
        },
      },
      { type: vaultType, apiVersion, name: 'kv-pe', location, properties: vault },
      { type: networkType, apiVersion, name: 'net', location, properties: { ...network, subnets } },
    ],
  };
  const deployment = `${group}/providers/Microsoft.Resources/deployments/linked`;
  const body = { properties: { mode: 'Incremental', template } };
  expectStatus(await client.arm('POST', `${deployment}/validate`, body), 200);
  expectStatus(await client.arm('GET', `${endpoints}/pe`), 404);
  const deployed = expectStatus(await client.arm('PUT', deployment, body), 201);
  assert.equal(at((await followed(client, deployed)).body, 'status'), 'Succeeded');
  assert.deepEqual(await stateOf(client, 'pe'), approved);
  assert.match(await connectionPath(client), /\/pe\./);
});

test('a vault accepts 64 connections', async () => {
  await using world = await startWithVault();
  const { client } = world;
  for (let number = 0; number < 64; number += 1) {
    expectStatus(await client.arm('PUT', `${endpoints}/pe${number}`, endpointBody(client, { manual: true })), 201);
  }
  const id = idOf(client, `${vaults}/kv-pe`);
  const message = `The vault ${id} has 64 private endpoint connections, the maximum for a vault.`;
  expectError(await client.arm('PUT', `${endpoints}/last`, endpointBody(client)), 400, 'BadRequest', message);
  expectStatus(await client.arm('DELETE', `${endpoints}/pe0`), 202);
  expectStatus(await client.arm('PUT', `${endpoints}/last`, endpointBody(client)), 201);
});

test('a caller who may not approve at the vault, or join the subnet, is refused; a request needs no permission at the vault', async () => {
  await using world = await startWithVault();
  const { client } = world;
  const caller = await register(world);
  const { objectId } = caller;
  await assign(client, { role: 'Network Contributor', principalId: objectId, at: group });
  const token = await client.token('arm', caller);
  const scope = idOf(client, `${endpoints}/pe`);
  const lacks = (action: string, linked: string) =>
    `The client '${objectId}' with object id '${objectId}' has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope '${scope}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${linked}' (respectively) or the linked scope(s) are invalid.`;
  const put = (setting: EndpointSetting = {}) =>
    client.arm('PUT', `${endpoints}/pe`, endpointBody(client, setting), { token });
  const code = 'LinkedAuthorizationFailed';
  const vault = idOf(client, `${vaults}/kv-pe`);
  expectError(await put(), 403, code, lacks(approval, vault));
  // Nor is the caller told whether the vault exists.
  const none = idOf(client, `${vaults}/kv-none`);
  expectError(await put({ connection: { privateLinkServiceId: none } }), 403, code, lacks(approval, none));
  expectStatus(await put({ manual: true }), 201);
  const path = await connectionPath(client);
  const state = { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } };
  expectStatus(await client.arm('PUT', path, state, { token }), 403);
  expectStatus(await client.arm('DELETE', `${endpoints}/pe`, undefined, { token }), 202);
  await assign(client, { role: 'Key Vault Contributor', principalId: objectId, at: `${vaults}/kv-pe` });
  expectStatus(await put(), 201);

  // A caller who may create endpoints in one group, and approve them, still needs a permission on the subnet.
  const stranger = await register(world);
  const own = '/resourceGroups/own';
  expectStatus(await client.arm('PUT', own, { location }), 201);
  await assign(client, { role: 'Network Contributor', principalId: stranger.objectId, at: own });
  await assign(client, { role: 'Key Vault Contributor', principalId: stranger.objectId, at: `${vaults}/kv-pe` });
  const elsewhere = `${own}/providers/Microsoft.Network/privateEndpoints/pe`;
  const putElsewhere = async (subnet: string) =>
    client.arm('PUT', elsewhere, endpointBody(client, { subnet }), { token: await client.token('arm', stranger) });
  for (const subnet of ['apps', 'none']) {
    const linked = subnetId(client, 'net', subnet);
    expectError(
      await putElsewhere(subnet),
      403,
      code,
      `The client '${stranger.objectId}' with object id '${stranger.objectId}' has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope '${idOf(client, elsewhere)}'; however, it does not have permission to perform action(s) '${join}' on the linked scope(s) '${linked}' (respectively) or the linked scope(s) are invalid.`,
    );
  }
  await assign(client, {
    role: 'Network Contributor',
    principalId: stranger.objectId,
    at: `${networks}/net/subnets/apps`,
  });
  expectStatus(await putElsewhere('apps'), 201);
});

test('the vault’s log has its connections, and a connection never opens a vault that denies access', async () => {
  await using world = await startWithVault();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-pe', { publicNetworkAccess: 'Disabled' }), 200);
  expectStatus(await client.arm('PUT', `${endpoints}/pe`, endpointBody(client)), 201);
  const path = await connectionPath(client);
  const shut = await client.vault('kv-pe', 'GET', '/secrets/none', { from: '127.0.0.7' });
  assert.equal(at(expectStatus(shut, 403).body, 'error', 'innererror', 'code'), 'ForbiddenByConnection');
  expectStatus(await client.arm('GET', path), 200);
  expectStatus(await decide(client, path, { status: 'Rejected' }), 200);
  expectStatus(await decide(client, path, { status: 'None' }), 400);
  expectStatus(await client.arm('DELETE', path), 200);
  expectStatus(await client.arm('PUT', `${endpoints}/other`, endpointBody(client)), 201);
  expectStatus(await client.arm('DELETE', `${endpoints}/other`), 202);
  expectStatus(await client.arm('DELETE', `${endpoints}/pe`), 202);
  const expected = [
    'PutPrivateEndpointConnectionProxy 201',
    'GetPrivateEndpointConnections 200',
    'GetPrivateEndpointConnection 200',
    'PutPrivateEndpointConnection 200',
    'PutPrivateEndpointConnection 400',
    'DeletePrivateEndpointConnection 200',
    'PutPrivateEndpointConnectionProxy 201',
    'DeletePrivateEndpointConnectionProxy 202',
  ];
  const isWanted = ({ operationName }: AuditRecord) => operationName.includes('PrivateEndpoint');
  const records = await recordsWhere(world, isWanted, expected.length);
  // In any order: a change is recorded after its commit, a read before its answer.
  const shown = records.map(({ operationName, properties }) => `${operationName} ${properties.httpStatusCode}`);
  assert.deepEqual(shown.toSorted(), expected.toSorted());
  const vault = idOf(client, `${vaults}/kv-pe`).toUpperCase();
  assert.ok(records.every(({ resourceId }) => resourceId === vault));
});
