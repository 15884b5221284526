import { readFileSync } from 'node:fs';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const postern = JSON.parse(readFileSync('postern-data/connection.json', 'utf8'));
const credential = new ClientSecretCredential(postern.tenantId, postern.clientId, postern.clientSecret, {
  authorityHost: postern.home,
  disableInstanceDiscovery: true,
});
const secrets = new SecretClient(`https://demo${postern.vaultSuffix}`, credential);
try {
  console.log((await secrets.getSecret('greeting')).value);
} catch (error) {
  console.log(error.message);
}
