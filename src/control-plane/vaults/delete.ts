import { deleteVault as softDelete } from '../../resources/vaults.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf, vaultEtag, vaultPath, vaultsContext } from './resource.ts';

/** DELETE of a vault soft-deletes it; 204 when there is none. */
export const deleteVault: ControlOperation = {
  method: 'DELETE',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/delete',
  audit: 'VaultDelete',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found.refusal.kind === 'resourceNotFound' ? answer(204) : found;
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const deleted = await softDelete(found.record, vaultsContext(call));
    return deleted.ok ? { ...answer(200), change: deleted.value.change } : deleted;
  },
};
