/** Run by `networking.test.ts`: sets a vault's network settings by the official client, where they are given, and prints them. */
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import type { VaultPatchProperties } from '@azure/arm-keyvault';
import { credential, options, subscriptionId } from '../control-plane/sdk/connection.ts';

const [name = '', given] = process.argv.slice(2);
const { vaults } = new KeyVaultManagementClient(credential, subscriptionId, options);
if (given !== undefined) {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the test wrote it
  const properties: VaultPatchProperties = JSON.parse(given);
  await vaults.update('rg', name, { properties });
}
const { publicNetworkAccess, networkAcls } = (await vaults.get('rg', name)).properties;
process.stdout.write(JSON.stringify({ publicNetworkAccess, networkAcls }));
