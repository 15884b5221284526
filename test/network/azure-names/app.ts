/** An application as it is for Azure: it names nothing of Postern, and gives no client an option. */
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const [, , vault = '', group = ''] = process.argv;
const credential = new DefaultAzureCredential();
const management = new KeyVaultManagementClient(credential, process.env['AZURE_SUBSCRIPTION_ID'] ?? '');
const { properties } = await management.vaults.get(group, vault);
const secrets = new SecretClient(properties.vaultUri ?? '', credential);
for (const name of ['first', 'second', 'third']) await secrets.setSecret(name, `value of ${name}`);
const found: string[] = [];
for await (const page of secrets.listPropertiesOfSecrets().byPage({ maxPageSize: 1 })) {
  for (const { name, id } of page) found.push(`${name} ${id}`);
}
const { value } = await secrets.getSecret('second');
process.stdout.write(JSON.stringify({ vaultUri: properties.vaultUri, found, value }));
