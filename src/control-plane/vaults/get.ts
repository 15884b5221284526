import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf, vaultPath, vaultResource } from './resource.ts';

export const getVault: ControlOperation = {
  method: 'GET',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultGet',
  async run(call) {
    const found = await readVaultOf(call);
    return found.ok ? answer(200, vaultResource(found.vault, call.names)) : found;
  },
};
