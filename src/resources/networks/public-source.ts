import { readRecords } from '../../store/records.ts';
import type { Put, Requirement, Store, Transaction } from '../../store/store.ts';
import type { SubnetRecord } from '../../types/network.ts';
import { virtualNetworkId, virtualNetworkKey } from '../keys.ts';
import { parseSubnetId } from './subnet-id.ts';
import { networkChange } from './virtual-networks.ts';

/** Gives the addresses of a NAT gateway to its subnets, as their public source. */
export async function setPublicAddresses(
  subnetIds: readonly string[],
  addresses: readonly string[],
  { store }: { readonly store: Store },
): Promise<Transaction> {
  const require: Requirement[] = [];
  const put: Put[] = [];
  const wanted = new Set(subnetIds.map((id) => id.toLowerCase()));
  const places = subnetIds.flatMap((id) => parseSubnetId(id) ?? []);
  const get = [...new Set(places.map((place) => virtualNetworkKey(place, place.virtualNetwork)))];
  for (const record of get.length === 0 ? [] : await readRecords(store, { get })) {
    if (record === undefined) continue;
    const network = record.value;
    const subnets = network.subnets.map((subnet) => {
      const id = `${virtualNetworkId(network)}/subnets/${subnet.name}`.toLowerCase();
      return wanted.has(id) ? withPublicAddresses(subnet, addresses) : subnet;
    });
    const change = networkChange({ ...network, subnets }, record);
    require.push(...(change.require ?? []));
    put.push(...(change.put ?? []));
  }
  return { require, put };
}

function withPublicAddresses(
  { publicAddresses: _, ...subnet }: SubnetRecord,
  addresses: readonly string[],
): SubnetRecord {
  return addresses.length === 0 ? subnet : { ...subnet, publicAddresses: addresses };
}
