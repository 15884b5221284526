import { vaultId } from '../../resources/keys.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf, vaultPath } from './resource.ts';

/** What a private endpoint could be connected to: the vault itself, as one group. */
export const listPrivateLinkResources: ControlOperation = {
  method: 'GET',
  path: `${vaultPath}/privateLinkResources`,
  action: 'Microsoft.KeyVault/vaults/privateLinkResources/read',
  audit: 'GetPrivateLinkResources',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const vault = {
      id: `${vaultId(found.vault)}/privateLinkResources/vault`,
      name: 'vault',
      type: 'Microsoft.KeyVault/vaults/privateLinkResources',
      properties: {
        groupId: 'vault',
        requiredMembers: ['default'],
        requiredZoneNames: ['privatelink.vaultcore.azure.net'],
      },
    };
    return answer(200, { value: [vault] });
  },
};
