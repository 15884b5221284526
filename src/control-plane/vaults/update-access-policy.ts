import { accessPolicyUpdates, readAccessPolicies } from '../../resources/access-policies.ts';
import { patchVault } from '../../resources/vaults.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readVaultOf, vaultPath, vaultEtag, vaultsContext } from './resource.ts';

/** PUT …/accessPolicies/{add | replace | remove} */
export const updateAccessPolicy: ControlOperation = {
  method: 'PUT',
  path: `${vaultPath}/accessPolicies/:operationKind`,
  action: 'Microsoft.KeyVault/vaults/accessPolicies/write',
  orAction: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPatch',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const kind = call.params['operationKind'] ?? '';
    const update = accessPolicyUpdates.get(kind.toLowerCase());
    if (update === undefined) {
      const message = `'${kind}' is not an update of access policies; use ${[...accessPolicyUpdates.keys()].join(', ')}.`;
      return refuse({ kind: 'badQuery', message });
    }
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const properties: unknown = call.body['properties'];
    const named: unknown =
      typeof properties === 'object' && properties !== null && 'accessPolicies' in properties
        ? properties.accessPolicies
        : undefined;
    const policies = readAccessPolicies(named, found.vault.properties.tenantId);
    if (!policies.ok) return policies;
    const accessPolicies = update(found.vault.properties.accessPolicies, policies.value);
    const patched = await patchVault({ record: found.record, properties: { accessPolicies } }, vaultsContext(call));
    if (!patched.ok) return patched;
    const body = {
      id: `${call.path}/`,
      type: 'Microsoft.KeyVault/vaults/accessPolicies',
      location: found.vault.location,
      properties: { accessPolicies },
    };
    return { ...answer(200, body), change: patched.value.change };
  },
};
