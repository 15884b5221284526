import { ClientSecretCredential } from '@azure/identity';
import { KeyClient } from '@azure/keyvault-keys';

const { tenantId, clientId, clientSecret } = JSON.parse(process.env.SERVICE);
const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
  authorityHost: new URL(process.env.IDENTITY_ENDPOINT).origin, // https://localhost:8443
  disableInstanceDiscovery: true,
});
const backup = await new KeyClient(process.env.KEYVAULT_URL, credential).backupKey('disks');
console.log(`${backup.length} bytes`);
