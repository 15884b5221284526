// The application: it reads a secret.
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const secrets = new SecretClient(process.env.KEYVAULT_URL, new DefaultAzureCredential());
console.log((await secrets.getSecret('card-key')).value);
