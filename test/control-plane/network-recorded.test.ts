import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { assign } from '../world/assign.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  incarnationOf,
  location,
  networks,
  putNetwork,
  startWithGroup,
  succeeded,
} from './resources.ts';

/**
 * Azure's recorded answers: azure-cli, src/azure-cli/azure/cli/command_modules/network/tests/latest/recordings,
 * test_network_vnet.yaml unless another is named. Ids, etags and guids are ours.
 */
const net = `${networks}/vnet1`;
const addressSpace = { addressPrefixes: ['10.0.0.0/16'] };
const created = {
  location,
  properties: {
    addressSpace,
    enableDdosProtection: false,
    enableVmProtection: false,
    subnets: [{ name: 'default', properties: { addressPrefix: '10.0.0.0/24' } }],
  },
};

/** The paths of both headers, which name one operation at the region of the network. */
function trackedBy({ headers }: Answered): readonly string[] {
  const paths = [headers['azure-asyncoperation'], headers.location].map((url) => {
    assert.ok(typeof url === 'string', JSON.stringify(headers));
    const { pathname, searchParams } = new URL(url);
    assert.match(String(searchParams.get('api-version')), /^\d{4}-/);
    return pathname;
  });
  assert.equal(new Set(paths.map((path) => path.slice(path.lastIndexOf('/')))).size, 1);
  return paths.map((path) => path.slice(0, path.lastIndexOf('/')));
}

async function ask({ send, token }: Client, url: unknown) {
  return send(String(url), { token: await token('arm') });
}

test("a new network says Updating and where to ask for the status, and has Azure's defaults", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const id = `/subscriptions/${subscriptionId}${net}`;
  const put = expectStatus(await client.arm('PUT', net, created), 201);
  const etag = at(put.body, 'etag');
  assert.deepEqual(put.body, {
    name: 'vnet1',
    id,
    etag,
    type: 'Microsoft.Network/virtualNetworks',
    location,
    tags: {},
    properties: {
      provisioningState: 'Updating',
      resourceGuid: at(put.body, 'properties', 'resourceGuid'),
      addressSpace,
      subnets: [
        {
          name: 'default',
          id: `${id}/subnets/default`,
          etag: at(put.body, 'properties', 'subnets', 0, 'etag'),
          properties: {
            provisioningState: 'Updating',
            addressPrefix: '10.0.0.0/24',
            delegations: [],
            privateEndpointNetworkPolicies: 'Disabled',
            privateLinkServiceNetworkPolicies: 'Enabled',
          },
          type: 'Microsoft.Network/virtualNetworks/subnets',
        },
      ],
      virtualNetworkPeerings: [],
      enableDdosProtection: false,
      enableVmProtection: false,
    },
  });
  const operation = put.headers['azure-asyncoperation'];
  const operations = `/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}/operations/`;
  assert.ok(new URL(String(operation)).pathname.startsWith(operations));
  assert.equal(put.headers.location, undefined);
  assert.equal(at(expectStatus(await ask(client, operation), 200).body, 'status'), 'Succeeded');
  const read = expectStatus(await client.arm('GET', net), 200);
  assert.deepEqual(read.body, succeeded(put.body));
  assert.equal(read.headers.etag, etag);
  const subnet = await client.arm('GET', `${net}/subnets/default`);
  assert.equal(subnet.headers.etag, at(subnet.body, 'etag'));
  // Only a request with `$expand` shows the guid of a subnet.
  assert.equal(at(subnet.body, 'properties', 'resourceGuid'), undefined);
  const guid = await incarnationOf(client, 'vnet1', 'default');
  assert.match(guid, /^[0-9a-f-]{36}$/);
  const whole = await client.arm('GET', `${net}?$expand=resourceGuid`);
  assert.equal(at(whole.body, 'properties', 'subnets', 0, 'properties', 'resourceGuid'), guid);
  const list = await client.arm('GET', `${networks}?$expand=resourceGuid`);
  assert.equal(at(list.body, 'value', 0, 'properties', 'subnets', 0, 'properties', 'resourceGuid'), guid);
  const changed = expectStatus(await client.arm('PUT', net, created), 200);
  assert.equal(at(changed.body, 'properties', 'provisioningState'), 'Updating');
  assert.equal((await followed(client, changed)).body['status'], 'Succeeded');
});

test('a deletion is answered with 202 and both headers, and deletes the role assignments too', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  expectStatus(await putNetwork(client, 'vnet1', ['apps', 'more']), 201);
  expectStatus(await putNetwork(client, 'vnet2', []), 201);
  const nsg = `${group}/providers/Microsoft.Network/networkSecurityGroups/nsg`;
  const rule = { priority: 100, access: 'Allow', direction: 'Inbound', protocol: '*' };
  const ports = {
    sourcePortRange: '*',
    destinationPortRange: '*',
    sourceAddressPrefix: '*',
    destinationAddressPrefix: '*',
  };
  const securityRules = [{ name: 'all', properties: { ...rule, ...ports } }];
  expectStatus(await client.arm('PUT', nsg, { location, properties: { securityRules } }), 201);
  const assignment = await assign(client, { role: 'Reader', principalId: randomUUID(), at: `${net}/subnets/apps` });
  for (const path of [`${net}/subnets/apps`, net, `${nsg}/securityRules/all`, nsg]) {
    const deleted = expectStatus(await client.arm('DELETE', path), 202);
    assert.equal(deleted.body, undefined);
    const region = `/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}`;
    assert.deepEqual(trackedBy(deleted), [`${region}/operations`, `${region}/operationResults`]);
    const { 'azure-asyncoperation': operation, location: result } = deleted.headers;
    assert.equal(at(expectStatus(await ask(client, operation), 200).body, 'status'), 'Succeeded');
    expectStatus(await ask(client, result), 204);
    expectStatus(await client.arm('GET', path), 404);
    expectStatus(await client.arm('DELETE', path), 204);
  }
  expectStatus(await client.arm('GET', assignment), 404);
});

test('a member that Azure does not have, or that cannot be stored, is refused, and nothing is created', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const space = (properties: object) => ({ location, properties: { addressSpace, ...properties } });
  const subnet = (properties: object) =>
    space({ subnets: [{ name: 'apps', properties: { addressPrefix: '10.0.0.0/24', ...properties } }] });
  const endpoint = (members: object) => subnet({ serviceEndpoints: [{ service: 'Microsoft.KeyVault', ...members }] });
  const at0 = 'properties.subnets[0].properties';
  const unknown: readonly (readonly [object, string, string])[] = [
    [space({ firewall: 'off' }), "'firewall' on object of type 'VirtualNetworkProperties'", 'properties.firewall'],
    [subnet({ denyAll: true }), "'denyAll' on object of type 'SubnetProperties'", `${at0}.denyAll`],
    [
      endpoint({ scope: 'all' }),
      "'scope' on object of type 'ServiceEndpointProperties'",
      `${at0}.serviceEndpoints[0].scope`,
    ],
    [
      { location, properties: { addressSpace: { ...addressSpace, prefixes: [] } } },
      "'prefixes' on object of type 'AddressSpace'",
      'properties.addressSpace.prefixes',
    ],
  ];
  for (const [body, what, path] of unknown) {
    const message = `Could not find member ${what}. Path '${path}'.`;
    const error = { code: 'InvalidRequestFormat', message: 'Cannot parse the request.' };
    const answered = expectStatus(await client.arm('PUT', net, body), 400);
    assert.deepEqual(answered.body, { error: { ...error, details: [{ code: 'InvalidJson', message }] } });
  }
  const address = { id: `/subscriptions/s${group}/providers/Microsoft.Network/publicIPAddresses/ip` };
  const unsupported: readonly (readonly [object, string, string])[] = [
    [endpoint({ networkIdentifier: address }), `${at0}.serviceEndpoints[0].networkIdentifier`, 'an object'],
    [subnet({ ipAllocations: [address] }), `${at0}.ipAllocations`, 'an array'],
    [space({ ddosProtectionPlan: address }), 'properties.ddosProtectionPlan', 'an object'],
  ];
  for (const [body, path, found] of unsupported) {
    const message = `Invalid value found at ${path}: this is ${found}; it must be null or empty, because this is not supported here.`;
    expectError(await client.arm('PUT', net, body), 400, 'BadRequest', message);
  }
  for (const encryption of [{ enabled: true }, { enforcement: 'AllowUnencrypted' }, {}]) {
    const refused = expectStatus(await client.arm('PUT', net, space({ encryption })), 400);
    assert.equal(at(refused.body, 'error', 'code'), 'MustSpecifyBothEncryptionIntentAndEnforcementPolicy');
  }
  expectStatus(await client.arm('GET', net), 404);
  const encryption = { enabled: true, enforcement: 'AllowUnencrypted' };
  const nothing = { serviceEndpointPolicies: [], ipConfigurations: [{ id: 'x' }], networkSecurityGroup: null };
  const properties = { ...subnet(nothing).properties, encryption, ddosProtectionPlan: null };
  const made = expectStatus(await client.arm('PUT', net, { location, properties }), 201);
  assert.deepEqual(at(made.body, 'properties', 'encryption'), encryption);
  assert.deepEqual(at(made.body, 'properties', 'subnets', 0, 'properties', 'serviceEndpointPolicies'), []);
  // The same under the subnet's own id: nothing is changed there either.
  const own = await client.arm('PUT', `${net}/subnets/apps`, {
    properties: { addressPrefix: '10.0.0.0/25', denyAll: 1 },
  });
  assert.equal(at(expectStatus(own, 400).body, 'error', 'code'), 'InvalidRequestFormat');
  const left = await client.arm('GET', `${net}/subnets/apps`);
  assert.equal(at(left.body, 'properties', 'addressPrefix'), '10.0.0.0/24');
});

test('the same holds for the other members of networks, in the whole body and under their own ids', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const network = (type: string) => `${group}/providers/Microsoft.Network/${type}`;
  const rule = { priority: 100, access: 'Allow', direction: 'Inbound', protocol: '*', sourceAddressPrefix: '*' };
  const whole = { ...rule, sourcePortRange: '*', destinationPortRange: '*', destinationAddressPrefix: '*' };
  const nsg = network('networkSecurityGroups/nsg');
  const table = network('routeTables/rt');
  expectStatus(await client.arm('PUT', nsg, { location, properties: {} }), 201);
  expectStatus(await client.arm('PUT', table, { location, properties: {} }), 201);
  expectStatus(await putNetwork(client, 'vnet1', ['apps']), 201);
  const route = { addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' };
  const denied: readonly (readonly [string, object, string, string])[] = [
    [network('networkSecurityGroups/x'), { open: 1 }, 'NetworkSecurityGroupProperties', 'properties.open'],
    [`${nsg}/securityRules/r`, { ...whole, open: 1 }, 'SecurityRuleProperties', 'properties.open'],
    [
      network('networkSecurityGroups/x'),
      { securityRules: [{ name: 'r', properties: { ...whole, open: 1 } }] },
      'SecurityRuleProperties',
      'properties.securityRules[0].properties.open',
    ],
    [network('routeTables/x'), { open: 1 }, 'RouteTableProperties', 'properties.open'],
    [`${table}/routes/r`, { ...route, open: 1 }, 'RouteProperties', 'properties.open'],
    [network('natGateways/x'), { open: 1 }, 'NatGatewayProperties', 'properties.open'],
    [network('publicIPAddresses/x'), { open: 1 }, 'PublicIPAddressProperties', 'properties.open'],
    [network('serviceEndpointPolicies/x'), { open: 1 }, 'ServiceEndpointPolicyProperties', 'properties.open'],
    [`${net}/virtualNetworkPeerings/x`, { open: 1 }, 'VirtualNetworkPeeringProperties', 'properties.open'],
  ];
  for (const [path, properties, objectType, where] of denied) {
    const answered = expectStatus(await client.arm('PUT', path, { location, properties }), 400);
    const message = `Could not find member 'open' on object of type '${objectType}'. Path '${where}'.`;
    assert.equal(at(answered.body, 'error', 'details', 0, 'message'), message);
    expectStatus(await client.arm('GET', path), 404);
  }
});

test('a network with a BGP community also shows the one of its region', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const bgpCommunities = { virtualNetworkCommunity: '12076:20000' };
  const body = { ...created, properties: { ...created.properties, bgpCommunities } };
  const made = expectStatus(await client.arm('PUT', net, body), 201);
  const shown = { ...bgpCommunities, regionalCommunity: '12076:50002' };
  assert.deepEqual(at(made.body, 'properties', 'bgpCommunities'), shown);
  const again = expectStatus(await client.arm('PUT', net, succeeded(made.body)), 200);
  assert.deepEqual(at(again.body, 'properties', 'bgpCommunities'), shown);
  const other = `${networks}/other`;
  const elsewhere = expectStatus(await client.arm('PUT', other, { ...body, location: 'polandcentral' }), 201);
  assert.deepEqual(at(elsewhere.body, 'properties', 'bgpCommunities'), bgpCommunities);
});

test('every address of a network is available, except those that Azure reserves in each subnet', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', net, created), 201);
  const check = async (address: string) => client.arm('GET', `${net}/CheckIPAddressAvailability?ipAddress=${address}`);
  const free = { available: true, isPlatformReserved: false };
  const kept = {
    available: false,
    availableIPAddresses: ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.8'],
    isPlatformReserved: true,
  };
  for (const [address, expected] of [
    ['10.0.0.50', free],
    ['10.0.0.4', free],
    ['10.0.0.254', free],
    ['10.0.0.0', kept],
    ['10.0.0.3', kept],
    ['10.0.0.255', kept],
  ] as const) {
    assert.deepEqual(expectStatus(await check(address), 200).body, expected, address);
  }
  const outside = 'Private static IP address 10.0.1.4 does not belong to any subnet of the virtual network.';
  expectError(await check('10.0.1.4'), 400, 'PrivateIPAddressNotInAnySubnet', outside);
  expectStatus(await check('10.0.0'), 400);
  expectStatus(await client.arm('GET', `${networks}/none/CheckIPAddressAvailability?ipAddress=10.0.0.4`), 404);
});

test('the delegations of a region are listed, also for a group', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const path = `/providers/Microsoft.Network/locations/${location}/availableDelegations`;
  const listed = expectStatus(await client.arm('GET', path), 200).body;
  const delegations = Object.values<Json>(at(listed, 'value'));
  assert.deepEqual(
    delegations.find((delegation) => at(delegation, 'serviceName') === 'Microsoft.Web/serverFarms'),
    {
      name: 'Microsoft.Web.serverFarms',
      id: `/subscriptions/${client.identity.subscriptionId}/providers/Microsoft.Network/availableDelegations/Microsoft.Web.serverFarms`,
      type: 'Microsoft.Network/availableDelegations',
      serviceName: 'Microsoft.Web/serverFarms',
      actions: ['Microsoft.Network/virtualNetworks/subnets/action'],
    },
  );
  assert.deepEqual(expectStatus(await client.arm('GET', `${group}${path}`), 200).body, listed);
});

test("the default security rules are exactly Azure's", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const path = `${group}/providers/Microsoft.Network/networkSecurityGroups/nsg`;
  expectStatus(await client.arm('PUT', path, { location, properties: {} }), 201);
  const read = expectStatus(await client.arm('GET', path), 200);
  assert.deepEqual(at(read.body, 'properties', 'defaultSecurityRules', 1, 'properties'), {
    provisioningState: 'Succeeded',
    description: 'Allow inbound traffic from azure load balancer',
    protocol: '*',
    sourcePortRange: '*',
    destinationPortRange: '*',
    sourceAddressPrefix: 'AzureLoadBalancer',
    destinationAddressPrefix: '*',
    access: 'Allow',
    priority: 65001,
    direction: 'Inbound',
    sourcePortRanges: [],
    destinationPortRanges: [],
    sourceAddressPrefixes: [],
    destinationAddressPrefixes: [],
  });
});

test('a service endpoint policy is stored with its definitions, and shows the subnets that use it', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const path = `${group}/providers/Microsoft.Network/serviceEndpointPolicies/storage-only`;
  const id = `/subscriptions/${client.identity.subscriptionId}${path}`;
  const definition = {
    service: 'Microsoft.Storage',
    serviceResources: [`/subscriptions/${client.identity.subscriptionId}`],
  };
  const made = expectStatus(await client.arm('PUT', path, { location, properties: {} }), 201);
  assert.deepEqual(at(made.body, 'properties', 'serviceEndpointPolicyDefinitions'), []);
  const own = `${path}/serviceEndpointPolicyDefinitions/accounts`;
  const put = expectStatus(await client.arm('PUT', own, { properties: definition }), 201);
  assert.deepEqual(at(succeeded(put.body), 'properties'), { provisioningState: 'Succeeded', ...definition });
  expectStatus(await client.arm('PUT', own, { properties: { ...definition, allow: 'all' } }), 400);
  expectStatus(await putNetwork(client, 'vnet1', ['apps'], { serviceEndpointPolicies: [{ id }] }), 201);
  const shown = await client.arm('GET', path);
  assert.deepEqual(
    at(shown.body, 'properties', 'subnets', 0, 'id'),
    `/subscriptions/${client.identity.subscriptionId}${net}/subnets/apps`,
  );
  const refused = expectStatus(await client.arm('DELETE', path), 400);
  assert.equal(at(refused.body, 'error', 'code'), 'InUseServiceEndpointPolicyCannotBeDeleted');
  const none = { serviceEndpointPolicies: [{ id: `${id}-2` }] };
  const unknown = expectStatus(await putNetwork(client, 'vnet2', ['apps'], none), 400);
  assert.equal(at(unknown.body, 'error', 'code'), 'InvalidResourceReference');
  expectStatus(await putNetwork(client, 'vnet1', ['apps'], { serviceEndpointPolicies: [] }), 200);
  expectStatus(await client.arm('DELETE', path), 202);
});
