import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const secrets = new SecretClient(process.env.KEYVAULT_URL, new DefaultAzureCredential());
try {
  console.log((await secrets.getSecret('greeting')).value);
} catch (error) {
  console.log(error.message);
}
