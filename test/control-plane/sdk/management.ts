/** Run by `sdk.test.ts`: the official management clients, as applications use them. */
import assert from 'node:assert/strict';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import type { Vault } from '@azure/arm-keyvault';
import { NetworkManagementClient } from '@azure/arm-network';
import { credential, names, objectId, options, subscriptionId, tenantId } from './connection.ts';

const location = 'westeurope';
const name = { name: 'kv-sdk', type: 'Microsoft.KeyVault/vaults' } as const;
const { vaults } = new KeyVaultManagementClient(credential, subscriptionId, options);
const { virtualNetworks, subnets } = new NetworkManagementClient(credential, subscriptionId, options);

async function makeSubnet(): Promise<string> {
  const addressSpace = { addressPrefixes: ['10.0.0.0/16'] };
  const network = await virtualNetworks.createOrUpdate('rg', 'net', { location, addressSpace });
  assert.equal(network.provisioningState, 'Succeeded');
  const bare = await subnets.createOrUpdate('rg', 'net', 'Apps', { addressPrefix: '10.0.0.0/24' });
  assert.equal(bare.serviceEndpoints, undefined);
  const serviceEndpoints = [{ service: 'Microsoft.KeyVault' }];
  const subnet = await subnets.createOrUpdate('rg', 'net', 'Apps', { addressPrefix: '10.0.0.0/24', serviceEndpoints });
  assert.equal(subnet.serviceEndpoints?.[0]?.service, 'Microsoft.KeyVault');
  assert.deepEqual(await names(subnets.list('rg', 'net')), ['Apps']);
  assert.deepEqual(await names(virtualNetworks.list('rg')), ['net']);
  assert.deepEqual(await names(virtualNetworks.listAll()), ['net']);
  assert.equal((await virtualNetworks.get('rg', 'net')).subnets?.[0]?.id, subnet.id);
  return subnet.id ?? '';
}

async function makeVault(subnetId: string): Promise<Vault> {
  assert.equal((await vaults.checkNameAvailability(name)).nameAvailable, true);
  const networkAcls = {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.7' }, { value: '198.51.100.0/24' }],
    virtualNetworkRules: [{ id: subnetId }],
  };
  const sku = { family: 'A', name: 'standard' } as const;
  const properties = { tenantId, sku, accessPolicies: [], networkAcls };
  const vault = await vaults.createOrUpdate('rg', 'kv-sdk', { location, tags: { a: 'b' }, properties });
  assert.deepEqual(vault.properties.networkAcls, {
    ...networkAcls,
    virtualNetworkRules: [{ id: subnetId, ignoreMissingVnetServiceEndpoint: undefined }],
  });
  // The client uses api-version 2026-02-01, in which this is the default of a new vault.
  assert.equal(vault.properties.enableRbacAuthorization, true);
  assert.equal((await vaults.checkNameAvailability(name)).reason, 'AlreadyExists');
  await assert.rejects(
    vaults.createOrUpdate('rg', 'kv-sdk', {
      location,
      properties: { ...properties, networkAcls: { ipRules: [{ value: '10.0.0.0/8' }] } },
    }),
    { statusCode: 400, code: 'BadRequest', message: /ipRules\[0\]\.value: 10\.0\.0\.0\/8 belongs to forbidden range/ },
  );
  return vault;
}

async function changeVault(vault: Vault): Promise<void> {
  const update = { enableRbacAuthorization: false, publicNetworkAccess: 'Disabled' };
  const updated = await vaults.update('rg', 'kv-sdk', { tags: { c: 'd' }, properties: update });
  assert.deepEqual(updated.tags, { c: 'd' });
  assert.equal(updated.properties.publicNetworkAccess, 'Disabled');
  assert.deepEqual(updated.properties.networkAcls, vault.properties.networkAcls);

  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['get', 'list'] } }];
  const added = await vaults.updateAccessPolicy('rg', 'kv-sdk', 'add', { properties: { accessPolicies } });
  assert.deepEqual(added.properties.accessPolicies[0]?.permissions.secrets, ['get', 'list']);
  const less = [{ tenantId, objectId, permissions: { secrets: ['list'] } }];
  const removed = await vaults.updateAccessPolicy('rg', 'kv-sdk', 'remove', { properties: { accessPolicies: less } });
  assert.deepEqual(removed.properties.accessPolicies[0]?.permissions.secrets, ['get']);
  const got = await vaults.get('rg', 'kv-sdk');
  assert.deepEqual(got.properties.accessPolicies?.[0]?.permissions.secrets, ['get']);
  assert.equal(got.properties.provisioningState, 'Succeeded');

  assert.deepEqual(await names(vaults.listByResourceGroup('rg')), ['kv-sdk']);
  assert.deepEqual(await names(vaults.listBySubscription({ top: 1 })), ['kv-sdk']);
  assert.deepEqual(await names(vaults.list()), ['kv-sdk']);
}

async function deleteAndRecover(): Promise<void> {
  await vaults.delete('rg', 'kv-sdk');
  await assert.rejects(vaults.get('rg', 'kv-sdk'), { statusCode: 404, code: 'ResourceNotFound' });
  assert.deepEqual(await names(vaults.listDeleted()), ['kv-sdk']);
  const deleted = await vaults.getDeleted('kv-sdk', location);
  assert.deepEqual(deleted.properties?.tags, { c: 'd' });
  const { deletionDate, scheduledPurgeDate } = deleted.properties ?? {};
  assert.ok(deletionDate !== undefined && scheduledPurgeDate !== undefined);
  assert.equal(scheduledPurgeDate.getTime() - deletionDate.getTime(), 90 * 86_400_000);
  const sku = { family: 'A', name: 'standard' } as const;
  const properties = { tenantId, sku, createMode: 'recover' } as const;
  const recovered = await vaults.createOrUpdate('rg', 'kv-sdk', { location, properties });
  assert.equal(recovered.properties.networkAcls?.defaultAction, 'Deny');
  await vaults.delete('rg', 'kv-sdk');
  await vaults.purgeDeleted('kv-sdk', location);
  assert.deepEqual(await names(vaults.listDeleted()), []);
  assert.equal((await vaults.checkNameAvailability(name)).nameAvailable, true);
}

async function removeNetwork(): Promise<void> {
  await subnets.delete('rg', 'net', 'Apps');
  assert.deepEqual(await names(subnets.list('rg', 'net')), []);
  await virtualNetworks.delete('rg', 'net');
  await assert.rejects(virtualNetworks.get('rg', 'net'), { statusCode: 404, code: 'ResourceNotFound' });
}

await changeVault(await makeVault(await makeSubnet()));
await deleteAndRecover();
await removeNetwork();
process.stdout.write('done\n');
