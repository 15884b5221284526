import { inSubscription, vaultIndexKey } from '../../resources/keys.ts';
import { listAnswer } from '../list.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { placeOf, readGroup } from '../resource-groups/resource.ts';
import { vaultResource, vaultsOfIndex, vaultsPath } from './resource.ts';

const action = 'Microsoft.KeyVault/vaults/read';

export const listVaultsByResourceGroup: ControlOperation = {
  method: 'GET',
  path: vaultsPath,
  action,
  shows: 'visible',
  audit: 'VaultList',
  async run(call) {
    const group = await readGroup(call);
    return group.ok ? listUnder(call, vaultIndexKey('vault-in', placeOf(call))) : group;
  },
};

export const listVaultsBySubscription: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/vaults',
  action,
  shows: 'visible',
  audit: 'VaultList',
  run: (call) => listUnder(call, inSubscription('vault-in', call.subscription.subscriptionId)),
};

function listUnder(call: ControlCall, prefix: string) {
  return listAnswer(call, {
    prefix,
    seen: action,
    render: async (records) => (await vaultsOfIndex(call, records)).map((vault) => vaultResource(vault, call)),
  });
}
