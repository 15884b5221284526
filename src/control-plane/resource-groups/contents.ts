import {
  resourceId,
  resourceKey,
  virtualNetworkId,
  virtualNetworkKey,
  vaultId,
  vaultIndexKey,
  vaultKey,
} from '../../resources/keys.ts';
import type { Place } from '../../resources/keys.ts';
import { knownTypes } from '../../resources/resource-types.ts';
import { decode } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import type { VaultRecord } from '../../types/vault.ts';

/** A resource of a group, by its id, with an api-version that its operations take. */
interface Content {
  readonly id: string;
  readonly apiVersion: string;
}

/** Where the resources of a group are found, one row for each type. */
const kinds: readonly ((store: Store, place: Place, limit: number) => Promise<readonly Content[]>)[] = [
  async (store, place, limit) => {
    const found = await store.list({ prefix: vaultIndexKey('vault-in', place), limit });
    const get = found.map(({ key }) => vaultKey(key.slice(key.lastIndexOf('/') + 1)));
    const records = get.length === 0 ? [] : await store.read({ get });
    return records.flatMap((record) =>
      record === undefined ? [] : [{ id: vaultId(decode<VaultRecord>(record)), apiVersion: '2023-07-01' }],
    );
  },
  (store, place, limit) => resourcesOf(store, resourceKey(place, knownTypes.privateEndpoint, []), limit),
  async (store, place, limit) => {
    const found = await store.list({ prefix: virtualNetworkKey(place), limit });
    return found.map((record) => ({
      id: virtualNetworkId(decode<VirtualNetworkRecord>(record)),
      apiVersion: '2024-05-01',
    }));
  },
  // In the order of their types, so that NAT gateways go before the public addresses that they have.
  (store, place, limit) => resourcesOf(store, resourceKey(place, undefined, []), limit),
];

async function resourcesOf(store: Store, prefix: string, limit: number): Promise<readonly Content[]> {
  const found = await store.list({ prefix, limit });
  return found.map((record) => ({ id: resourceId(decode<ResourceRecord>(record)), apiVersion: '2024-05-01' }));
}

/** At most `limit` resources of each kind in the group; none of a kind while there are more of the one before, which may refer to it. */
export async function contentsOf(store: Store, place: Place, limit: number): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (const kind of kinds) {
    const found = await kind(store, place, limit);
    contents.push(...found);
    if (found.length === limit) break;
  }
  return contents;
}
