import { patchVault } from '../../resources/vaults.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { tagsOf } from '../outcome.ts';
import { readVaultOf, vaultPath, vaultAnswer, vaultEtag, vaultsContext } from './resource.ts';

/** PATCH of a vault: a property that is given replaces the one that was; `networkAcls` is one property. */
export const updateVault: ControlOperation = {
  method: 'PATCH',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPatch',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const tags = call.body['tags'] === undefined ? {} : { tags: tagsOf(call.body) };
    const patched = await patchVault(
      { record: found.record, properties: call.body['properties'], ...tags },
      vaultsContext(call),
    );
    if (!patched.ok) return patched;
    return { ...vaultAnswer(200, patched.value.vault, call), change: patched.value.change };
  },
};
