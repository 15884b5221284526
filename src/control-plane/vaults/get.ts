import type { ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath, vaultAnswer } from './resource.ts';

export const getVault: ControlOperation = {
  method: 'GET',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultGet',
  async run(call) {
    const found = await readVaultOf(call);
    return found.ok ? vaultAnswer(200, found.vault, call) : found;
  },
};
