import { patchVault } from '../../resources/vaults.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, tagsOf } from '../outcome.ts';
import { readVaultOf, vaultPath, vaultResource, vaultsContext } from './resource.ts';

/** PATCH of a vault: a property that is given replaces the one that was; `networkAcls` is one property. */
export const updateVault: ControlOperation = {
  method: 'PATCH',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPatch',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const tags = call.body['tags'] === undefined ? {} : { tags: tagsOf(call.body) };
    const patched = await patchVault(
      { record: found.record, properties: call.body['properties'], ...tags },
      vaultsContext(call),
    );
    if (!patched.ok) return patched;
    return { ...answer(200, vaultResource(patched.value.vault, call.names)), change: patched.value.change };
  },
};
