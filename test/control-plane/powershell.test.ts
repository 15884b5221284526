import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import {
  armVersion,
  at,
  expectStatus,
  followed,
  group,
  incarnationOf,
  location,
  namesIn,
  networks,
  startWithGroup,
  subnetId,
  vaults,
} from './resources.ts';

/**
 * The requests of Az PowerShell: it reads a whole resource, changes it, and puts it back with its read-only members and
 * with `null` for absent ones. PowerShell itself is not run.
 */
const network = '2024-05-01';
const keyVault = '2023-02-01';
const net = `${networks}/vnet1`;

function put(client: Client, version: string, path: string, body: unknown) {
  return armVersion(client, { method: 'PUT', path, version, body });
}

function get(client: Client, version: string, path: string) {
  return armVersion(client, { method: 'GET', path, version });
}

test('New-AzVirtualNetwork, Set-AzVirtualNetworkSubnetConfig and Set-AzVirtualNetwork put the whole network', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const subnet = (name: string, addressPrefix: string) => ({
    name,
    properties: {
      addressPrefix,
      addressPrefixes: [addressPrefix],
      privateEndpointNetworkPolicies: 'Disabled',
      privateLinkServiceNetworkPolicies: 'Enabled',
    },
  });
  const made = await put(client, network, net, {
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      dhcpOptions: { dnsServers: [] },
      subnets: [subnet('frontend', '10.0.1.0/24'), subnet('backend', '10.0.2.0/24')],
      virtualNetworkPeerings: [],
      enableDdosProtection: false,
    },
    location,
    tags: null,
  });
  expectStatus(made, 201);
  assert.equal((await followed(client, made)).status, 200);
  // Get-AzVirtualNetwork | Set-AzVirtualNetworkSubnetConfig -ServiceEndpoint Microsoft.KeyVault | Set-AzVirtualNetwork
  const incarnation = await incarnationOf(client, 'vnet1', 'frontend');
  const whole = copy(expectStatus(await get(client, network, net), 200).body);
  const [first] = whole.properties.subnets;
  assert.ok(first !== undefined);
  first.properties = {
    ...first.properties,
    serviceEndpoints: [{ service: 'Microsoft.KeyVault' }],
    networkSecurityGroup: null,
    delegations: [],
  };
  const set = expectStatus(await put(client, network, net, whole), 200);
  assert.deepEqual(at(set.body, 'properties', 'subnets', 0, 'properties', 'serviceEndpoints'), [
    { provisioningState: 'Updating', service: 'Microsoft.KeyVault', locations: ['*'] },
  ]);
  assert.equal(at(set.body, 'properties', 'subnets', 1, 'name'), 'backend');
  assert.equal(await incarnationOf(client, 'vnet1', 'frontend'), incarnation);
  // Remove-AzVirtualNetworkSubnetConfig
  whole.properties.subnets.pop();
  expectStatus(await put(client, network, net, whole), 200);
  const left = await get(client, network, net);
  assert.equal(at(left.body, 'properties', 'subnets', 'length'), 1);
});

test('New-AzKeyVault, Add-AzKeyVaultNetworkRule and Update-AzKeyVaultNetworkRuleSet read and put the whole vault', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const subnets = [
    {
      name: 'frontend',
      properties: { addressPrefix: '10.0.1.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] },
    },
  ];
  expectStatus(
    await put(client, network, net, {
      location,
      properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets },
    }),
    201,
  );
  const kv = `${vaults}/kv-ps`;
  // New-AzKeyVault first checks in the generic list whether the name is taken.
  const filter = encodeURIComponent("resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'kv-ps'");
  const search = () => client.arm('GET', `/resources?$filter=${filter}&$top=1000`);
  assert.deepEqual(namesIn(expectStatus(await search(), 200).body), []);
  const made = await put(client, keyVault, kv, {
    location,
    tags: {},
    properties: {
      tenantId: client.identity.tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [],
      enabledForDeployment: false,
      enabledForDiskEncryption: null,
      enabledForTemplateDeployment: null,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
      enableRbacAuthorization: true,
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' },
      publicNetworkAccess: 'Enabled',
    },
  });
  expectStatus(made, 200);
  assert.deepEqual(namesIn((await search()).body), ['kv-ps']);
  // Add-AzKeyVaultNetworkRule -IpAddressRange 203.0.113.0/24 -VirtualNetworkResourceId …
  const id = subnetId(client, 'vnet1', 'frontend');
  const edit = async (acls: object) => {
    const vault = copy(expectStatus(await get(client, keyVault, kv), 200).body);
    vault.properties['networkAcls'] = { ...Object(vault.properties['networkAcls']), ...acls };
    return expectStatus(await put(client, keyVault, kv, vault), 200);
  };
  await edit({ ipRules: [{ value: '203.0.113.0/24' }], virtualNetworkRules: [{ id }] });
  // Update-AzKeyVaultNetworkRuleSet -DefaultAction Deny -Bypass None
  const denied = await edit({ defaultAction: 'Deny', bypass: 'None' });
  assert.deepEqual(at(denied.body, 'properties', 'networkAcls'), {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.0/24' }],
    virtualNetworkRules: [{ id }],
  });
  // Remove-AzKeyVaultNetworkRule -IpAddressRange 203.0.113.0/24
  const removed = await edit({ ipRules: [] });
  assert.deepEqual(at(removed.body, 'properties', 'networkAcls', 'ipRules'), []);
  assert.deepEqual(at(removed.body, 'properties', 'networkAcls', 'virtualNetworkRules'), [{ id }]);
});

test('New-AzResource and Get-AzResource work with any type', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const site = `${group}/providers/Microsoft.Web/sites/app1`;
  const body = { location, kind: 'app', identity: { type: 'SystemAssigned' }, properties: { httpsOnly: true } };
  const made = expectStatus(await put(client, '2023-12-01', site, body), 201);
  assert.match(String(at(made.body, 'identity', 'principalId')), /^[0-9a-f-]{36}$/);
  const listed = await client.arm('GET', `${group}/resources?$expand=createdTime,changedTime,provisioningState`);
  assert.deepEqual(namesIn(expectStatus(listed, 200).body), ['app1']);
});

interface Whole {
  readonly properties: { readonly subnets: { properties: object }[]; [member: string]: unknown };
}

/** A copy of an answer, to edit and send back. */
function copy(body: unknown): Whole {
  return JSON.parse(JSON.stringify(body)) as Whole;
}
