import type { Key } from '../../store/keys.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Requirement, Store } from '../../store/store.ts';
import {
  isResourceGroupName,
  keyLengthMax,
  resourceGroupKey,
  resourceKey,
  subscriptionKey,
  vaultKey,
  virtualNetworkKey,
} from '../keys.ts';
import type { Place, Scope } from '../keys.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { isSupportedType } from '../any/kinds.ts';
import { findPeering } from '../networks/peerings.ts';
import { findSubnet } from '../networks/virtual-networks.ts';
import { isAt, isVaultName } from '../vaults/vaults.ts';

/** Finds the record of a resource of one type. */
type Lookup = (names: readonly string[], place: Place, store: Store) => Promise<Stored<unknown> | undefined>;

function lookup<T>(
  keyOf: (names: readonly string[], place: Place) => Key<T> | undefined,
  is: (found: T, names: readonly string[], place: Place) => boolean = () => true,
): Lookup {
  return async (names, place, store) => {
    const key = keyOf(names, place);
    const [record] = key === undefined ? [] : await readRecords(store, { get: [key] });
    return record !== undefined && is(record.value, names, place) ? record : undefined;
  };
}

const vault = lookup(
  ([name = '']) => (isVaultName(name) ? vaultKey(name) : undefined),
  (found, _, place) => found.deleted === undefined && isAt(found, place),
);

const networkOf = ([name = '']: readonly string[], place: Place) =>
  /^[\w.-]{1,64}$/.test(name) ? virtualNetworkKey(place, name) : undefined;

/** For a resource without its own kind of record. */
function lookupOf(type: string): Lookup | undefined {
  if (!isSupportedType(type)) return undefined;
  return lookup((names, place) => {
    const key = resourceKey(place, type, names);
    return key.length > keyLengthMax ? undefined : key;
  });
}

/**
 * The types that can be a scope. For a vault's objects only the vault must exist: access to an object may be given before
 * the object is created, as in Azure.
 */
const lookups: ReadonlyMap<string, Lookup> = new Map([
  ['microsoft.keyvault/vaults', vault],
  ['microsoft.keyvault/vaults/secrets', vault],
  ['microsoft.keyvault/vaults/keys', vault],
  ['microsoft.keyvault/vaults/certificates', vault],
  ['microsoft.network/virtualnetworks', lookup(networkOf)],
  [
    'microsoft.network/virtualnetworks/virtualnetworkpeerings',
    lookup(networkOf, (network, [, name = '']) => findPeering(network, name) !== undefined),
  ],
  [
    'microsoft.network/virtualnetworks/subnets',
    lookup(networkOf, (network, [, name = '']) => findSubnet(network, name) !== undefined),
  ],
]);

/** Finds a scope. Returns its requirement, for a transaction that stores something at the scope. */
export async function requireScope(scope: Scope, store: Store): Promise<ResourceOutcome<Requirement>> {
  const { subscriptionId, resourceGroup, type, names = [] } = scope;
  if (resourceGroup === undefined) {
    const key = subscriptionKey(subscriptionId);
    const [record] = await readRecords(store, { get: [key] });
    if (record === undefined) return refuseResource({ kind: 'subscriptionNotFound', id: subscriptionId });
    return { ok: true, value: { key, version: record.version } };
  }
  const place = { subscriptionId, resourceGroup };
  const [group] = isResourceGroupName(resourceGroup)
    ? await readRecords(store, { get: [resourceGroupKey(place)] })
    : [];
  if (group === undefined) return refuseResource({ kind: 'resourceGroupNotFound', name: resourceGroup });
  if (type === undefined) return { ok: true, value: { key: group.key, version: group.version } };
  const find = lookups.get(type.toLowerCase()) ?? lookupOf(type);
  const record = await find?.(names, place, store);
  if (record === undefined) {
    return refuseResource({ kind: 'resourceNotFound', type, name: names.join('/'), resourceGroup });
  }
  return { ok: true, value: { key: record.key, version: record.version } };
}
