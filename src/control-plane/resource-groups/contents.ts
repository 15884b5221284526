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
import { firstOf } from '../walk.ts';

/** A resource of a group, by its id, with an api-version that its operations take. */
interface Content {
  readonly id: string;
  readonly apiVersion: string;
}

/** Where the resources of a group are found, one row for each type. */
const kinds: readonly ((store: Store, place: Place, limit: number) => Promise<readonly Content[]>)[] = [
  (store, place, limit) =>
    firstOf({ store, prefix: vaultIndexKey('vault-in', place), limit }, async (found) => {
      const records = await store.read({ get: found.map(({ key }) => vaultKey(key.slice(key.lastIndexOf('/') + 1))) });
      return records.flatMap((record) =>
        record === undefined ? [] : [{ id: vaultId(decode<VaultRecord>(record)), apiVersion: '2023-07-01' }],
      );
    }),
  (store, place, limit) => resourcesOf(store, resourceKey(place, knownTypes.privateEndpoint, []), limit),
  (store, place, limit) =>
    firstOf({ store, prefix: virtualNetworkKey(place), limit }, (found) =>
      found.map((record) => ({ id: virtualNetworkId(decode<VirtualNetworkRecord>(record)), apiVersion: '2024-05-01' })),
    ),
  // In the order of their types, so that NAT gateways go before the public addresses that they have.
  (store, place, limit) => resourcesOf(store, resourceKey(place, undefined, []), limit),
];

function resourcesOf(store: Store, prefix: string, limit: number): Promise<readonly Content[]> {
  return firstOf({ store, prefix, limit }, (found) =>
    found.map((record) => ({ id: resourceId(decode<ResourceRecord>(record)), apiVersion: '2024-05-01' })),
  );
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
