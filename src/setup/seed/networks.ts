import { isDeepStrictEqual } from 'node:util';
import { resourceGroupKey, virtualNetworkId, virtualNetworkKey } from '../../resources/keys.ts';
import type { RequestedSubnet } from '../../resources/networks/network-properties.ts';
import { hasKeyVaultEndpoint, putNetwork } from '../../resources/networks/virtual-networks.ts';
import { isSameLocation } from '../../resources/regions.ts';
import type { SeedNetwork } from '../../seed/seed-file.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import type { SubnetRecord, VirtualNetworkRecord } from '../../types/network.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { wordsOfResource } from './refusal-words.ts';

export const defaultLocation = 'westeurope';

const keyVault = { service: 'Microsoft.KeyVault', locations: ['*'] };

/** Makes the resource group, where there is none. */
export async function applyGroup(applying: Applying): Promise<void> {
  const { store, place, seed } = applying;
  const key = resourceGroupKey(place);
  const [there] = await readRecords(store, { get: [key] });
  if (there !== undefined) {
    applying.unchanged(['resourceGroup']);
    return;
  }
  const { subscriptionId, resourceGroup: name } = place;
  const group = { name, subscriptionId, location: seed.location ?? defaultLocation, tags: {} };
  await applying.commit(
    { path: ['resourceGroup'], done: 'added' },
    { require: [{ key, version: null }], put: [recordPut(key, group)] },
    {
      log: 'activity',
      action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
      resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    },
  );
}

/** Makes and changes virtual networks. A subnet that the seed does not name stays. */
export async function applyNetwork(applying: Applying, name: string, network: SeedNetwork): Promise<void> {
  const { store, place, seed, newId } = applying;
  const path = ['networks', name];
  const [record] = await readRecords(store, { get: [virtualNetworkKey(place, name)] });
  const before = record?.value;
  refuseOtherLocation(applying, before, path);
  const requested = {
    addressPrefixes: network.addressPrefixes,
    subnets: subnetsAfter(before, network),
    others: before?.others ?? {},
  };
  const tags = network.tags ?? before?.tags ?? {};
  if (before !== undefined && isSame(before, { ...requested, tags })) {
    applying.unchanged(path);
    return;
  }
  const location = before?.location ?? seed.location ?? defaultLocation;
  const put = putNetwork(record, { ...place, name, location, tags, requested, newId });
  if (!put.ok) throw new SeedRefused(path, wordsOfResource(put.refusal));
  await applying.commit({ path, done: before === undefined ? 'added' : 'changed' }, put.value.change, {
    log: 'activity',
    action: 'Microsoft.Network/virtualNetworks/write',
    resourceId: virtualNetworkId(put.value.network),
  });
}

/** A location is compared only where the seed names it. */
export function refuseOtherLocation(
  { seed }: Applying,
  before: { readonly location: string } | undefined,
  path: readonly string[],
): void {
  const { location } = seed;
  if (before === undefined || location === undefined || isSameLocation(before.location, location)) return;
  const rule = `it is in the location '${before.location}' and cannot move to '${location}': leave location out, or delete it first`;
  throw new SeedRefused(path, rule);
}

/** The subnets that exist, changed as the seed says, and then those that it adds. */
function subnetsAfter(
  before: VirtualNetworkRecord | undefined,
  { subnets }: SeedNetwork,
): readonly (RequestedSubnet | SubnetRecord)[] {
  const named = new Map(Object.entries(subnets).map(([name, subnet]) => [name.toLowerCase(), { name, subnet }]));
  const kept = (before?.subnets ?? []).map((known) => {
    const wanted = named.get(known.name.toLowerCase())?.subnet;
    named.delete(known.name.toLowerCase());
    if (wanted === undefined) return known;
    const { addressPrefix, serviceEndpoint } = wanted;
    return { ...known, addressPrefix, serviceEndpoints: endpointsAfter(known, serviceEndpoint) };
  });
  const added = [...named.values()].map(({ name, subnet: { addressPrefix, serviceEndpoint } }) => ({
    name,
    addressPrefix,
    serviceEndpoints: serviceEndpoint ? [keyVault] : [],
    others: {},
  }));
  return [...kept, ...added];
}

function endpointsAfter(known: SubnetRecord, wanted: boolean) {
  const has = hasKeyVaultEndpoint(known);
  if (has === wanted) return known.serviceEndpoints;
  if (wanted) return [...known.serviceEndpoints, keyVault];
  return known.serviceEndpoints.filter((one) => !hasKeyVaultEndpoint({ serviceEndpoints: [one] }));
}

function isSame(
  before: VirtualNetworkRecord,
  after: Pick<VirtualNetworkRecord, 'addressPrefixes' | 'tags'> & { readonly subnets: readonly unknown[] },
) {
  return (
    isDeepStrictEqual(before.addressPrefixes, after.addressPrefixes) &&
    isDeepStrictEqual(before.subnets, after.subnets) &&
    isDeepStrictEqual(before.tags, after.tags)
  );
}
