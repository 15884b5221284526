/**
 * Run by `sdk.test.ts`: the official clients create private endpoints, and approve, reject and delete their
 * connections. The resource group `rg`, the vault `kv-linked` and the network `net` already exist.
 */
import assert from 'node:assert/strict';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { NetworkManagementClient } from '@azure/arm-network';
import { ClientSecretCredential } from '@azure/identity';

const setting: unknown = JSON.parse(process.env['POSTERN_TEST'] ?? '{}');
const settingOf = (name: string) => String(Reflect.get(Object(setting), name));
const [home, tenantId, subscriptionId] = [settingOf('home'), settingOf('tenantId'), settingOf('subscriptionId')];
const credential = new ClientSecretCredential(tenantId, settingOf('clientId'), settingOf('clientSecret'), {
  authorityHost: home,
  disableInstanceDiscovery: true,
});
const options = { endpoint: home, credentialScopes: [`${home}/.default`] };
const { privateEndpointConnections, vaults } = new KeyVaultManagementClient(credential, subscriptionId, options);
const network = new NetworkManagementClient(credential, subscriptionId, options);
const { privateEndpoints } = network;

const group = `/subscriptions/${subscriptionId}/resourceGroups/rg`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/kv-linked`;
const subnet = { id: `${group}/providers/Microsoft.Network/virtualNetworks/net/subnets/apps` };
const location = 'westeurope';
const connection = { name: 'kv', privateLinkServiceId: vaultId, groupIds: ['vault'] };

async function names(list: AsyncIterable<{ readonly name?: string }>): Promise<readonly (string | undefined)[]> {
  const found = [];
  for await (const { name } of list) found.push(name);
  return found;
}

const made = await privateEndpoints.createOrUpdate('rg', 'auto', {
  location,
  subnet,
  privateLinkServiceConnections: [connection],
});
const [automatic] = made.privateLinkServiceConnections ?? [];
assert.equal(automatic?.privateLinkServiceConnectionState?.status, 'Approved');
assert.equal(made.provisioningState, 'Succeeded');
assert.deepEqual(made.networkInterfaces, []);
await privateEndpoints.createOrUpdate('rg', 'asked', {
  location,
  subnet,
  manualPrivateLinkServiceConnections: [{ ...connection, requestMessage: 'please' }],
});
assert.deepEqual(await names(privateEndpoints.list('rg')), ['asked', 'auto']);
assert.deepEqual(await names(privateEndpoints.listBySubscription()), ['asked', 'auto']);

const both = await names(privateEndpointConnections.listByResource('rg', 'kv-linked'));
assert.equal(both.length, 2);
const name = both.find((one) => one?.startsWith('asked.')) ?? '';
const pending = await privateEndpointConnections.get('rg', 'kv-linked', name);
assert.deepEqual(
  [pending.privateLinkServiceConnectionState?.status, pending.privateLinkServiceConnectionState?.description],
  ['Pending', 'please'],
);
const put = await privateEndpointConnections.put('rg', 'kv-linked', name, {
  ...pending,
  privateLinkServiceConnectionState: { status: 'Approved', description: 'welcome' },
});
assert.equal(put.privateLinkServiceConnectionState?.status, 'Approved');
assert.notEqual(put.etag, pending.etag);
const stateOf = async (endpoint: string) => {
  const { privateLinkServiceConnections = [], manualPrivateLinkServiceConnections = [] } = await privateEndpoints.get(
    'rg',
    endpoint,
  );
  const [only] = [...privateLinkServiceConnections, ...manualPrivateLinkServiceConnections];
  return only?.privateLinkServiceConnectionState?.status;
};
assert.equal(await stateOf('asked'), 'Approved');
const vault = await vaults.get('rg', 'kv-linked');
assert.equal(vault.properties.privateEndpointConnections?.length, 2);
assert.ok(vault.properties.privateEndpointConnections.some(({ id }) => id === put.id));
const again = await vaults.createOrUpdate('rg', 'kv-linked', { location, properties: vault.properties });
assert.deepEqual(again.properties.privateEndpointConnections, vault.properties.privateEndpointConnections);

const gone = await privateEndpointConnections.delete('rg', 'kv-linked', name);
assert.equal(gone.name, name);
assert.equal(await stateOf('asked'), 'Disconnected');
await assert.rejects(privateEndpointConnections.get('rg', 'kv-linked', name), {
  statusCode: 404,
  code: 'ResourceNotFound',
});
await assert.rejects(network.subnets.delete('rg', 'net', 'apps'), { code: 'InUseSubnetCannotBeDeleted' });
for (const endpoint of ['asked', 'auto']) await privateEndpoints.delete('rg', endpoint);
assert.deepEqual(await names(privateEndpoints.list('rg')), []);
assert.deepEqual(await names(privateEndpointConnections.listByResource('rg', 'kv-linked')), []);
await network.subnets.delete('rg', 'net', 'apps');

const actions = new Set(await names(network.operations.list()));
for (const action of ['privateEndpoints/write', 'natGateways/join/action', 'virtualNetworks/subnets/join/action']) {
  assert.ok(actions.has(`Microsoft.Network/${action}`), action);
}
assert.ok([...actions].every((action) => action?.startsWith('Microsoft.Network/')));
process.stdout.write('done\n');
