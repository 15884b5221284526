// Makes a network with a subnet, a vault that lets in that subnet alone, and what the application needs from the vault.
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { DefaultAzureCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';

const { AZURE_TENANT_ID: tenantId, SUBSCRIPTION, APPLICATION, OPERATOR } = process.env;
const [group, location] = ['shop', 'westeurope'];
const credential = new DefaultAzureCredential();

/** The object id of the application's managed identity, by its name. */
async function principalNamed(name) {
  const { token } = await credential.getToken('https://graph.microsoft.com/.default');
  const url = `https://graph.microsoft.com/v1.0/servicePrincipals?$filter=displayName eq '${name}'`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const { value } = await answer.json();
  return value[0].id;
}
const application = await principalNamed(APPLICATION);

await new ResourceManagementClient(credential, SUBSCRIPTION).resourceGroups.createOrUpdate(group, { location });

const networks = new NetworkManagementClient(credential, SUBSCRIPTION);
await networks.virtualNetworks.createOrUpdate(group, 'shop', {
  location,
  addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
  subnets: [{ name: 'web', addressPrefix: '10.1.1.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] }],
});
const subnet = await networks.subnets.get(group, 'shop', 'web');

const { vaults } = new KeyVaultManagementClient(credential, SUBSCRIPTION);
const { properties } = await vaults.createOrUpdate(group, 'shop-orders', {
  location,
  properties: {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    enableRbacAuthorization: false,
    accessPolicies: [
      {
        tenantId,
        objectId: application,
        permissions: { secrets: ['get'], keys: ['get', 'sign'], certificates: ['get'] },
      },
      { tenantId, objectId: OPERATOR, permissions: { secrets: ['all'], keys: ['all'], certificates: ['all'] } },
    ],
  },
});

await new SecretClient(properties.vaultUri, credential).setSecret('db-password', 'correct horse');
await new KeyClient(properties.vaultUri, credential).createEcKey('orders', { curve: 'P-256' });
const certificates = new CertificateClient(properties.vaultUri, credential);
const made = await certificates.beginCreateCertificate('shop', { issuerName: 'Self', subject: 'CN=shop.example' });
await made.pollUntilDone();

await vaults.update(group, 'shop-orders', {
  properties: {
    networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [], virtualNetworkRules: [{ id: subnet.id }] },
  },
});
console.log(`${properties.vaultUri} is closed to all but ${subnet.name}`);
