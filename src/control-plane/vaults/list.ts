import { inSubscription, vaultIndexKey } from '../../resources/keys.ts';
import { listAnswer } from '../list.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { refuse } from '../outcome.ts';
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

/**
 * The generic list, as clients use it to find a vault's resource group: it filters by type, and perhaps by name, and
 * gives back no properties. Who may read a resource sees it here.
 */
export const listResources: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/resources',
  action,
  shows: 'visible',
  audit: 'VaultList',
  async run(call) {
    const filter = /^resourceType eq '(?<type>[^']+)'(?: and name eq '(?<name>[^']+)')?$/i.exec(
      call.query['$filter'] ?? '',
    );
    if (filter?.groups?.['type']?.toLowerCase() !== 'microsoft.keyvault/vaults') {
      const supported = `"resourceType eq 'Microsoft.KeyVault/vaults'", with "and name eq '…'" after it or not`;
      const message = `$filter is '${call.query['$filter'] ?? ''}'; supported is ${supported}.`;
      return refuse({ kind: 'badQuery', message });
    }
    const wanted = filter.groups['name']?.toLowerCase();
    return listAnswer(call, {
      prefix: inSubscription('vault-in', call.subscription.subscriptionId),
      seen: action,
      render: async (records) => {
        const vaults = await vaultsOfIndex(call, records);
        return vaults
          .filter(({ name }) => wanted === undefined || name.toLowerCase() === wanted)
          .map((vault) => {
            const { id, name, type, location, tags } = vaultResource(vault, call.names);
            return { id, name, type, location, tags };
          });
      },
    });
  },
};

function listUnder(call: ControlCall, prefix: string) {
  return listAnswer(call, {
    prefix,
    seen: action,
    render: async (records) => (await vaultsOfIndex(call, records)).map((vault) => vaultResource(vault, call.names)),
  });
}
