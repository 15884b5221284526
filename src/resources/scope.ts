import { decode } from '../store/store.ts';
import type { Requirement, Store, StoredRecord } from '../store/store.ts';
import type { VirtualNetworkRecord } from '../types/network.ts';
import type { VaultRecord } from '../types/vault.ts';
import {
  isResourceGroupName,
  keyLengthMax,
  resourceGroupKey,
  resourceKey,
  subscriptionKey,
  vaultKey,
  virtualNetworkKey,
} from './keys.ts';
import type { Place } from './keys.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';
import type { Scope } from './scope-id.ts';
import { isServed } from './resource-types.ts';
import { findPeering } from './peerings.ts';
import { findSubnet } from './virtual-networks.ts';
import { isAt, isVaultName } from './vaults.ts';

/** Where the record of a resource lies by its type, and whether what lies there is the resource that is meant. */
interface Lookup {
  readonly key: (names: readonly string[], place: Place) => string | undefined;
  readonly is: (record: StoredRecord, names: readonly string[], place: Place) => boolean;
}

const vault: Lookup = {
  key: ([name = '']) => (isVaultName(name) ? vaultKey(name) : undefined),
  is(record, _, place) {
    const found = decode<VaultRecord>(record);
    return found.deleted === undefined && isAt(found, place);
  },
};

const network: Lookup = {
  key: ([name = ''], place) => (/^[\w.-]{1,64}$/.test(name) ? virtualNetworkKey(place, name) : undefined),
  is: () => true,
};

/** A resource that has no kind of record of its own. */
function lookupOf(type: string): Lookup | undefined {
  if (!isServed(type)) return undefined;
  return {
    key(names, place) {
      const key = resourceKey(place, type, names);
      return key.length > keyLengthMax ? undefined : key;
    },
    is: () => true,
  };
}

/**
 * What can be a scope here. Of a vault's objects only the vault must be there: an object may be made after the access
 * to it is given, as on Azure.
 */
const lookups: ReadonlyMap<string, Lookup> = new Map([
  ['microsoft.keyvault/vaults', vault],
  ['microsoft.keyvault/vaults/secrets', vault],
  ['microsoft.keyvault/vaults/keys', vault],
  ['microsoft.keyvault/vaults/certificates', vault],
  ['microsoft.network/virtualnetworks', network],
  [
    'microsoft.network/virtualnetworks/virtualnetworkpeerings',
    {
      key: network.key,
      is: (record, [, name = '']) => findPeering(decode<VirtualNetworkRecord>(record), name) !== undefined,
    },
  ],
  [
    'microsoft.network/virtualnetworks/subnets',
    {
      key: network.key,
      is: (record, [, name = '']) => findSubnet(decode<VirtualNetworkRecord>(record), name) !== undefined,
    },
  ],
]);

/** What must stay as it is for the scope to exist: part of the transaction that puts something there. */
export async function requireScope(scope: Scope, store: Store): Promise<ResourceOutcome<Requirement>> {
  const { subscriptionId, resourceGroup, type, names = [] } = scope;
  if (resourceGroup === undefined) {
    const key = subscriptionKey(subscriptionId);
    const [record] = await store.read({ get: [key] });
    if (record === undefined) return refuseResource({ kind: 'subscriptionNotFound', id: subscriptionId });
    return { ok: true, value: { key, version: record.version } };
  }
  const place = { subscriptionId, resourceGroup };
  const [group] = isResourceGroupName(resourceGroup) ? await store.read({ get: [resourceGroupKey(place)] }) : [];
  if (group === undefined) return refuseResource({ kind: 'resourceGroupNotFound', name: resourceGroup });
  if (type === undefined) return { ok: true, value: { key: group.key, version: group.version } };
  const lookup = lookups.get(type.toLowerCase()) ?? lookupOf(type);
  const key = lookup?.key(names, place);
  const [record] = key === undefined ? [] : await store.read({ get: [key] });
  if (record === undefined || lookup?.is(record, names, place) !== true) {
    return refuseResource({ kind: 'resourceNotFound', type, name: names.join('/'), resourceGroup });
  }
  return { ok: true, value: { key: record.key, version: record.version } };
}
