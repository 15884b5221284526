/** Run by `test/portal/more-pages.test.ts`: prints who has access to a vault, as the official clients read it. */
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { credential, options, subscriptionId } from './connection.ts';

const [name = ''] = process.argv.slice(2);
const { id = '', properties } = await new KeyVaultManagementClient(credential, subscriptionId, options).vaults.get(
  'rg',
  name,
);
const roles: unknown[] = [];
const client = new AuthorizationManagementClient(credential, subscriptionId, options);
for await (const assignment of client.roleAssignments.listForScope(id)) {
  const { scope, principalId, principalType, roleDefinitionId } = assignment;
  if (scope === id) roles.push({ principalId, principalType, role: roleDefinitionId?.split('/').at(-1) });
}
const { accessPolicies = [], enableRbacAuthorization } = properties;
process.stdout.write(JSON.stringify({ policies: accessPolicies, isRbac: enableRbacAuthorization === true, roles }));
