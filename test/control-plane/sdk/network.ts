/**
 * Run by `sdk.test.ts`: the official clients create, change, list and delete the other resources of Microsoft.Network
 * and a generic resource.
 */
import assert from 'node:assert/strict';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { credential, names, options, subscriptionId } from './connection.ts';

const location = 'westeurope';
const network = new NetworkManagementClient(credential, subscriptionId, options);
const { resources, providers, resourceGroups } = new ResourceManagementClient(credential, subscriptionId, options);

async function makeNetworks(): Promise<void> {
  const sku = { name: 'Standard' } as const;
  const ip = await network.publicIPAddresses.createOrUpdate('rg', 'ip', {
    location,
    sku,
    publicIPAllocationMethod: 'Static',
  });
  assert.equal(ip.ipAddress, '198.51.100.1');
  const nat = await network.natGateways.createOrUpdate('rg', 'nat', {
    location,
    sku,
    publicIpAddresses: [{ id: ip.id ?? '' }],
  });
  const securityRule = {
    protocol: 'Tcp',
    access: 'Allow',
    direction: 'Outbound',
    priority: 100,
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: 'AzureKeyVault',
    destinationPortRange: '443',
  } as const;
  const group = await network.networkSecurityGroups.createOrUpdate('rg', 'nsg', { location });
  const made = await network.securityRules.createOrUpdate('rg', 'nsg', 'kv', securityRule);
  assert.equal(made.destinationAddressPrefix, 'AzureKeyVault');
  const table = await network.routeTables.createOrUpdate('rg', 'rt', {
    location,
    routes: [{ name: 'r', addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' }],
  });
  const references = {
    natGateway: { id: nat.id ?? '' },
    networkSecurityGroup: { id: group.id ?? '' },
    routeTable: { id: table.id ?? '' },
  };
  for (const [index, name] of ['net-a', 'net-b'].entries()) {
    await network.virtualNetworks.createOrUpdate('rg', name, {
      location,
      addressSpace: { addressPrefixes: [`10.${index}.0.0/16`] },
      subnets: [{ name: 'apps', addressPrefix: `10.${index}.0.0/24`, ...(index === 0 && references) }],
    });
  }
  const idOf = async (name: string) => (await network.virtualNetworks.get('rg', name)).id ?? '';
  const peer = async (from: string, to: string) =>
    network.virtualNetworkPeerings.createOrUpdate('rg', from, 'peer', { remoteVirtualNetwork: { id: await idOf(to) } });
  assert.equal((await peer('net-a', 'net-b')).peeringState, 'Initiated');
  assert.equal((await peer('net-b', 'net-a')).peeringState, 'Connected');
  const tagged = await network.virtualNetworks.updateTags('rg', 'net-a', { tags: { a: 'b' } });
  assert.equal(tagged.virtualNetworkPeerings?.[0]?.peeringState, 'Connected');
  assert.equal((await network.networkSecurityGroups.get('rg', 'nsg')).subnets?.length, 1);
  assert.deepEqual(await names(network.networkSecurityGroups.list('rg')), ['nsg']);
  assert.deepEqual(await names(network.natGateways.listAll()), ['nat']);
  const services = await names(network.availableEndpointServices.list(location));
  assert.ok(services.includes('Microsoft.KeyVault'));
  await assert.rejects(network.networkSecurityGroups.delete('rg', 'nsg'), {
    code: 'InUseNetworkSecurityGroupCannotBeDeleted',
  });
}

async function generic(): Promise<void> {
  const provider = await providers.get('Microsoft.Storage');
  assert.equal(provider.registrationState, 'Registered');
  const type = ['rg', 'Microsoft.Storage', '', 'storageAccounts', 'files', '2023-01-01'] as const;
  const made = await resources.beginCreateOrUpdateAndWait(...type, { location, identity: { type: 'SystemAssigned' } });
  assert.match(made.identity?.principalId ?? '', /^[0-9a-f-]{36}$/);
  assert.deepEqual(await resources.get(...type), made);
  const filter = "resourceType eq 'Microsoft.Storage/storageAccounts'";
  assert.deepEqual(await names(resources.list({ filter })), ['files']);
  assert.equal((await names(resources.listByResourceGroup('rg'))).length, 7);
  await resources.beginDeleteAndWait(...type);
  await resourceGroups.update('rg', { tags: { a: 'b' } });
  await resourceGroups.beginDeleteAndWait('rg');
  assert.deepEqual(await names(resources.list()), []);
}

await makeNetworks();
await generic();
process.stdout.write('done\n');
