import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subnetKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import type { Client } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  incarnationOf,
  location,
  namesIn,
  networks,
  putNetwork,
  startWithGroup,
  succeeded,
} from './resources.ts';

const provider = `${group}/providers/Microsoft.Network`;
const groups = `${provider}/networkSecurityGroups`;
const gateways = `${provider}/natGateways`;
const addresses = `${provider}/publicIPAddresses`;
const tables = `${provider}/routeTables`;

const standard = {
  location,
  sku: { name: 'Standard', tier: 'Regional' },
  properties: { publicIPAllocationMethod: 'Static' },
};
const rule = {
  protocol: 'Tcp',
  access: 'Allow',
  priority: 100,
  direction: 'Outbound',
  sourceAddressPrefix: 'VirtualNetwork',
  sourcePortRange: '*',
  destinationAddressPrefix: 'AzureKeyVault.WestEurope',
  destinationPortRanges: ['443', '8000-8080'],
};

test('a network security group shows its rules, the default rules and the resources that use it', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const id = `${idOf(client, groups)}/nsg`;
  const body = { location, tags: { a: 'b' }, properties: { securityRules: [{ name: 'kv', properties: rule }] } };
  const made = expectStatus(await client.arm('PUT', `${groups}/nsg`, body), 201);
  assert.equal(at((await followed(client, made)).body, 'status'), 'Succeeded');
  const shown = { provisioningState: 'Succeeded', ...rule };
  assert.deepEqual(at(succeeded(made.body), 'properties', 'securityRules'), [
    {
      name: 'kv',
      id: `${id}/securityRules/kv`,
      etag: at(made.body, 'etag'),
      type: 'Microsoft.Network/networkSecurityGroups/securityRules',
      properties: shown,
    },
  ]);
  assert.equal(at(made.body, 'properties', 'defaultSecurityRules', 'length'), 6);
  assert.equal(at(made.body, 'properties', 'subnets'), undefined);
  assert.deepEqual(withoutEtags((await client.arm('PUT', `${groups}/nsg`, made.body)).body), withoutEtags(made.body));
  const two = { ...rule, priority: 101, protocol: 'tcp', direction: 'inbound', sourceAddressPrefix: '203.0.113.0/24' };
  const put = expectStatus(await client.arm('PUT', `${groups}/nsg/securityRules/two`, { properties: two }), 201);
  assert.deepEqual(at(put.body, 'properties'), {
    provisioningState: 'Updating',
    ...two,
    protocol: 'Tcp',
    direction: 'Inbound',
  });
  assert.deepEqual(namesIn((await client.arm('GET', `${groups}/nsg/securityRules`)).body), ['kv', 'two']);
  expectStatus(await client.arm('PUT', `${groups}/nsg/securityRules/TWO`, { properties: two }), 200);
  expectStatus(await client.arm('DELETE', `${groups}/nsg/securityRules/two`), 202);
  expectStatus(await client.arm('DELETE', `${groups}/nsg/securityRules/two`), 204);
  expectStatus(await client.arm('GET', `${groups}/nsg/securityRules/two`), 404);
  assert.deepEqual(at((await client.arm('GET', `${groups}/nsg/securityRules/KV`)).body, 'properties'), shown);
});

test('an invalid security rule is refused, and changes nothing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(
    await client.arm('PUT', `${groups}/nsg`, {
      location,
      properties: { securityRules: [{ name: 'kv', properties: rule }] },
    }),
    201,
  );
  const before = await client.arm('GET', `${groups}/nsg`);
  const wrong = 'Invalid value found at properties.';
  const refusals: readonly (readonly [object, string])[] = [
    [{ priority: 99 }, `${wrong}priority: this is 99; it must be a whole number from 100 to 4096.`],
    [{ priority: 4097 }, `${wrong}priority: this is 4097; it must be a whole number from 100 to 4096.`],
    [{ protocol: 'Sctp' }, `${wrong}protocol: "Sctp" is not a choice; use * or Tcp or Udp or Icmp or Esp or Ah.`],
    [{ direction: 'Both' }, `${wrong}direction: "Both" is not a choice; use Inbound or Outbound.`],
    [{ access: null }, 'access'],
    [{ destinationAddressPrefix: 'AzureKeyVault.Atlantis' }, 'AzureKeyVault.WestEurope'],
    [{ destinationAddressPrefix: 'AzureKeyvaults' }, 'service tag'],
    ...['AzureResourceManager.WestEurope', 'VirtualNetwork.WestEurope', 'Internet.westeurope'].map(
      (tag) =>
        [
          { destinationAddressPrefix: tag },
          `Security rule has invalid Address prefix. Value provided: ${tag}. Use '*'`,
        ] as const,
    ),
    [{ destinationAddressPrefixes: ['10.0.0.0/8'] }, 'destinationAddressPrefix is also set'],
    [{ sourcePortRange: '70000' }, 'a port'],
    [{ sourcePortRange: '90-80' }, 'a port'],
    [{ destinationPortRanges: [] }, 'destinationPortRange'],
    [{ sourceApplicationSecurityGroups: [{ id: 'x' }] }, 'application security groups are not supported'],
  ];
  for (const [change, text] of refusals) {
    const answered = await client.arm('PUT', `${groups}/nsg/securityRules/two`, {
      properties: { ...rule, priority: 200, ...change },
    });
    const message = String(at(expectStatus(answered, 400).body, 'error', 'message'));
    assert.ok(message.includes(text), message);
  }
  expectError(
    await client.arm('PUT', `${groups}/nsg/securityRules/two`, { properties: rule }),
    400,
    'SecurityRuleConflict',
    'Security rule kv conflicts with rule two. Rules cannot have the same Priority and Direction: both have 100 and Outbound.',
  );
  expectStatus(
    await client.arm('PUT', `${groups}/nsg/securityRules/two`, { properties: { ...rule, direction: 'Inbound' } }),
    201,
  );
  expectStatus(await client.arm('DELETE', `${groups}/nsg/securityRules/two`), 202);
  assert.deepEqual(withoutEtags((await client.arm('GET', `${groups}/nsg`)).body), withoutEtags(before.body));
});

test('the resources of a subnet must exist, cannot be deleted while it uses them, and can be once it is deleted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${groups}/nsg`, { location, properties: {} }), 201);
  expectStatus(await client.arm('PUT', `${tables}/rt`, { location, properties: {} }), 201);
  const references = {
    networkSecurityGroup: { id: `${idOf(client, groups)}/NSG` },
    routeTable: { id: `${idOf(client, tables)}/rt` },
  };
  const missing = { networkSecurityGroup: { id: `${idOf(client, groups)}/none` } };
  expectError(
    await putNetwork(client, 'net', ['apps'], missing),
    400,
    'InvalidResourceReference',
    `Resource ${idOf(client, groups)}/none referenced by resource ${idOf(client, networks)}/net/subnets/apps was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
  expectStatus(await client.arm('GET', `${networks}/net`), 404);
  expectStatus(await putNetwork(client, 'net', ['apps', 'more'], references), 201);
  const subnet = `${networks}/net/subnets/apps`;
  assert.deepEqual(
    at((await client.arm('GET', subnet)).body, 'properties', 'networkSecurityGroup'),
    references.networkSecurityGroup,
  );
  const users = ['apps', 'more'].map((name) => `${idOf(client, networks)}/net/subnets/${name}`);
  assert.deepEqual(
    at((await client.arm('GET', `${groups}/nsg`)).body, 'properties', 'subnets'),
    users.map((id) => ({ id })),
  );
  const inUse = (kind: string, code: string) => async (path: string) => {
    const answered = expectStatus(await client.arm('DELETE', path), 400);
    assert.equal(at(answered.body, 'error', 'code'), code);
    assert.match(String(at(answered.body, 'error', 'message')), new RegExp(`^${kind} .*/subnets/more`));
  };
  await inUse('Network security group', 'InUseNetworkSecurityGroupCannotBeDeleted')(`${groups}/nsg`);
  await inUse('Route table', 'InUseRouteTableCannotBeDeleted')(`${tables}/rt`);
  expectStatus(await client.arm('DELETE', subnet), 202);
  expectStatus(
    await client.arm('PUT', `${networks}/net/subnets/more`, {
      properties: { addressPrefix: '10.0.1.0/24', routeTable: references.routeTable },
    }),
    200,
  );
  expectStatus(await client.arm('DELETE', `${groups}/nsg`), 202);
  await inUse('Route table', 'InUseRouteTableCannotBeDeleted')(`${tables}/rt`);
  expectStatus(await client.arm('DELETE', `${networks}/net`), 202);
  expectStatus(await client.arm('DELETE', `${tables}/rt`), 202);
});

test('a NAT gateway gives its subnets its public addresses', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const ips: string[] = [];
  for (const name of ['one', 'two']) {
    const made = expectStatus(await client.arm('PUT', `${addresses}/${name}`, standard), 201);
    assert.deepEqual(at(made.body, 'sku'), standard.sku);
    ips.push(String(at(made.body, 'properties', 'ipAddress')));
    assert.deepEqual(
      withoutEtags((await client.arm('PUT', `${addresses}/${name}`, made.body)).body),
      withoutEtags(made.body),
    );
  }
  assert.deepEqual(ips, ['198.51.100.1', '198.51.100.2']);
  const idOfAddress = (name: string) => ({ id: `${idOf(client, addresses)}/${name}` });
  const gateway = (...names: readonly string[]) => ({
    location,
    properties: { publicIpAddresses: names.map(idOfAddress) },
  });
  const made = expectStatus(await client.arm('PUT', `${gateways}/nat`, gateway('one')), 201);
  assert.deepEqual(at(made.body, 'sku'), { name: 'Standard', tier: 'Regional' });
  assert.equal(at(made.body, 'properties', 'idleTimeoutInMinutes'), 4);
  assert.deepEqual(at((await client.arm('GET', `${addresses}/one`)).body, 'properties', 'natGateway'), {
    id: `${idOf(client, gateways)}/nat`,
  });
  const network = expectStatus(
    await putNetwork(client, 'net', ['apps'], { natGateway: { id: `${idOf(client, gateways)}/nat` } }),
    201,
  );
  const incarnation = await incarnationOf(client, 'net', 'apps');
  assert.deepEqual((await stateOf(world, incarnation)).publicAddresses, [ips[0]]);
  assert.equal((await stateOf(world, incarnation)).addressPrefix, '10.0.0.0/24');
  expectStatus(await client.arm('PUT', `${gateways}/nat`, gateway('one', 'two')), 200);
  assert.deepEqual((await stateOf(world, incarnation)).publicAddresses, ips);
  assert.deepEqual(
    withoutEtags((await client.arm('GET', `${networks}/net`)).body),
    withoutEtags(succeeded(network.body)),
  );
  expectError(
    await client.arm('PUT', `${gateways}/second`, gateway('two')),
    400,
    'PublicIPAddressInUse',
    `Resource ${idOf(client, addresses)}/two is already allocated to resource ${idOf(client, gateways)}/nat. A public IP address belongs to one resource at a time.`,
  );
  const code = async (path: string) => at(expectStatus(await client.arm('DELETE', path), 400).body, 'error', 'code');
  assert.equal(await code(`${addresses}/one`), 'PublicIPAddressCannotBeDeleted');
  assert.equal(await code(`${gateways}/nat`), 'InUseNatGatewayCannotBeDeleted');
  expectStatus(
    await client.arm('PUT', `${networks}/net/subnets/apps`, { properties: { addressPrefix: '10.0.0.0/24' } }),
    200,
  );
  assert.equal((await stateOf(world, incarnation)).publicAddresses, undefined);
  expectStatus(await client.arm('DELETE', `${gateways}/nat`), 202);
  expectStatus(await client.arm('DELETE', `${addresses}/one`), 202);
  const again = expectStatus(await client.arm('PUT', `${addresses}/three`, standard), 201);
  assert.equal(at(again.body, 'properties', 'ipAddress'), ips[0]);
});

test('public addresses are taken from the configured pool until it is empty', async () => {
  await using world = await startServerWith({ config: { publicAddressPool: '192.0.2.0/30' } });
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const put = (name: string, body: object = standard) => client.arm('PUT', `${addresses}/${name}`, body);
  const both = await Promise.all([put('a'), put('b')]);
  const ips = both.map(({ body }) => at(body, 'properties', 'ipAddress'));
  assert.deepEqual(new Set(ips), new Set(['192.0.2.1', '192.0.2.2']));
  expectError(
    await put('c'),
    400,
    'PublicIPCountLimitReached',
    'Cannot create more public IP addresses: every address of the pool 192.0.2.0/30 is taken. Delete one, or configure a larger publicAddressPool.',
  );
  const dynamic = expectStatus(await put('d', { location, properties: {} }), 201);
  assert.equal(at(dynamic.body, 'properties', 'ipAddress'), undefined);
  expectError(
    await put('e', { ...standard, properties: {} }),
    400,
    'BadRequest',
    'Standard sku publicIp must have AllocationMethod set to Static.',
  );
  const gateway = { location, properties: { publicIpAddresses: [{ id: `${idOf(client, addresses)}/d` }] } };
  const refused = expectStatus(await client.arm('PUT', `${gateways}/nat`, gateway), 400);
  assert.match(
    String(at(refused.body, 'error', 'message')),
    /must have the sku Standard and the allocation method Static/,
  );
  expectStatus(
    await put('f', { ...standard, properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv6' } }),
    400,
  );
});

test('a peering is Initiated, Connected once the other direction exists, and Disconnected when that is deleted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const space = (name: string, prefix: string) =>
    client.arm('PUT', `${networks}/${name}`, { location, properties: { addressSpace: { addressPrefixes: [prefix] } } });
  expectStatus(await space('va', '10.1.0.0/16'), 201);
  expectStatus(await space('vb', '10.2.0.0/16'), 201);
  expectStatus(await space('vc', '10.1.128.0/17'), 201);
  const remote = (name: string) => ({ id: `${idOf(client, networks)}/${name}` });
  const peer = (from: string, to: string) =>
    client.arm('PUT', `${networks}/${from}/virtualNetworkPeerings/to-${to}`, {
      properties: { remoteVirtualNetwork: remote(to), allowForwardedTraffic: true },
    });
  const state = async (from: string, to: string) =>
    at(
      (await client.arm('GET', `${networks}/${from}/virtualNetworkPeerings/to-${to}`)).body,
      'properties',
      'peeringState',
    );
  const made = expectStatus(await peer('va', 'vb'), 201);
  assert.deepEqual(at(made.body, 'properties'), {
    allowVirtualNetworkAccess: true,
    allowForwardedTraffic: true,
    allowGatewayTransit: false,
    useRemoteGateways: false,
    provisioningState: 'Updating',
    peeringState: 'Initiated',
    peeringSyncLevel: 'RemoteNotInSync',
    remoteVirtualNetwork: remote('vb'),
    remoteAddressSpace: { addressPrefixes: ['10.2.0.0/16'] },
    remoteVirtualNetworkAddressSpace: { addressPrefixes: ['10.2.0.0/16'] },
  });
  expectStatus(await peer('vb', 'va'), 201);
  assert.deepEqual([await state('va', 'vb'), await state('vb', 'va')], ['Connected', 'Connected']);
  const whole = await client.arm('GET', `${networks}/va`);
  const again = expectStatus(await client.arm('PUT', `${networks}/va`, whole.body), 200);
  assert.deepEqual(withoutEtags(succeeded(again.body)), withoutEtags(whole.body));
  assert.deepEqual(namesIn((await client.arm('GET', `${networks}/va/virtualNetworkPeerings`)).body), ['to-vb']);
  const overlap = expectStatus(await peer('va', 'vc'), 400);
  assert.equal(at(overlap.body, 'error', 'code'), 'VnetAddressSpacesOverlap');
  assert.equal(at(expectStatus(await peer('va', 'none'), 400).body, 'error', 'code'), 'InvalidResourceReference');
  assert.equal(at(expectStatus(await peer('va', 'va'), 400).body, 'error', 'code'), 'InvalidResourceReference');
  expectStatus(await client.arm('DELETE', `${networks}/vb/virtualNetworkPeerings/to-va`), 202);
  expectStatus(await client.arm('DELETE', `${networks}/vb/virtualNetworkPeerings/to-va`), 204);
  assert.equal(await state('va', 'vb'), 'Disconnected');
  expectStatus(await client.arm('DELETE', `${networks}/vb`), 202);
  assert.equal(await state('va', 'vb'), 'Disconnected');
});

test('routes are validated', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(
    await client.arm('PUT', `${tables}/rt`, { location, properties: { disableBgpRoutePropagation: true } }),
    201,
  );
  const put = (properties: object) => client.arm('PUT', `${tables}/rt/routes/r`, { properties });
  const route = { addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress: '10.0.0.4' };
  expectStatus(await put(route), 201);
  expectStatus(await put({ addressPrefix: 'AzureKeyVault', nextHopType: 'internet' }), 200);
  for (const bad of [
    { nextHopType: 'Internet' },
    { nextHopIpAddress: 'x' },
    { nextHopIpAddress: undefined },
    { addressPrefix: '10.0.0.1/8' },
  ]) {
    expectStatus(await put({ ...route, ...bad }), 400);
  }
  const shown = await client.arm('GET', `${tables}/rt`);
  assert.equal(at(shown.body, 'properties', 'disableBgpRoutePropagation'), true);
  assert.equal(at(shown.body, 'properties', 'routes', 0, 'properties', 'nextHopType'), 'Internet');
});

test('If-Match and If-None-Match apply to resources with etags, and PATCH sets the tags of a network', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const body = { location, properties: {} };
  const send = (headers: Record<string, string>) => client.arm('PUT', `${groups}/nsg`, body, { headers });
  expectStatus(await send({ 'if-match': '*' }), 412);
  const made = expectStatus(await send({ 'if-none-match': '*' }), 201);
  expectStatus(await send({ 'if-none-match': '*' }), 412);
  const etag = String(at(made.body, 'etag'));
  assert.match(etag, /^W\/"[0-9a-f-]{36}"$/);
  expectStatus(await send({ 'if-match': etag }), 200);
  expectStatus(await send({ 'if-match': etag }), 412);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  const tagged = expectStatus(await client.arm('PATCH', `${networks}/net`, { tags: { a: 'b' } }), 200);
  assert.deepEqual(at(tagged.body, 'tags'), { a: 'b' });
  assert.equal(at(tagged.body, 'properties', 'subnets', 'length'), 1);
});

test('a caller who may write a network, but not join the resources that its subnet names, is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${groups}/nsg`, { location, properties: {} }), 201);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  const subnet = `${networks}/net/subnets/apps`;
  const caller = await register(world);
  await assign(client, { role: 'Network Contributor', principalId: caller.objectId, at: `${networks}/net` });
  const token = await client.token('arm', caller);
  const properties = { addressPrefix: '10.0.0.0/24', networkSecurityGroup: { id: `${idOf(client, groups)}/nsg` } };
  const refused = expectStatus(await client.arm('PUT', subnet, { properties }, { token }), 403);
  assert.equal(at(refused.body, 'error', 'code'), 'LinkedAuthorizationFailed');
  assert.match(String(at(refused.body, 'error', 'message')), /Microsoft\.Network\/networkSecurityGroups\/join\/action/);
  expectStatus(await client.arm('PUT', subnet, { properties: { addressPrefix: '10.0.0.0/24' } }, { token }), 200);
});

function idOf({ identity }: Client, path: string): string {
  return `/subscriptions/${identity.subscriptionId}${path}`;
}

function withoutEtags(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body, (name, value: unknown) => (name === 'etag' ? undefined : value)));
}

async function stateOf({ folder }: TestServer, incarnation: string): Promise<SubnetState> {
  const [record] = await folder.store.read({ get: [subnetKey(incarnation)] });
  assert.ok(record !== undefined);
  return decode<SubnetState>(record);
}
