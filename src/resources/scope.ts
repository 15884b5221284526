import { decode } from '../store/store.ts';
import type { Requirement, Store, StoredRecord } from '../store/store.ts';
import type { VirtualNetworkRecord } from '../types/network.ts';
import type { VaultRecord } from '../types/vault.ts';
import { isResourceGroupName, resourceGroupKey, subscriptionKey, vaultKey, virtualNetworkKey } from './keys.ts';
import type { Place } from './keys.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';
import { findSubnet } from './virtual-networks.ts';
import { isAt, isVaultName } from './vaults.ts';

/** An ARM id that roles can be assigned and locks be put at, taken apart. */
export interface Scope {
  /** As it was sent, without a slash at its end. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
  /** `Microsoft.KeyVault/vaults/secrets`, and a name for each of its parts after the first. */
  readonly type?: string;
  readonly names?: readonly string[];
}

/** The segments of a path, decoded; one that would hide a slash stays as it is. Doubled and final slashes mean nothing. */
export function pathSegments(path: string): readonly string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => {
      try {
        const decoded = decodeURIComponent(segment);
        return decoded.includes('/') ? segment : decoded;
      } catch {
        return segment;
      }
    });
}

/** Takes the ARM id of a subscription, a group or a resource apart; `undefined` for anything else. */
export function parseScope(path: string): Scope | undefined {
  const segments = pathSegments(path);
  const id = segments.map((segment) => `/${segment}`).join('');
  const [subscriptions = '', subscriptionId = '', groups, resourceGroup, providers, namespace, ...rest] = segments;
  if (subscriptions.toLowerCase() !== 'subscriptions' || subscriptionId === '') return undefined;
  if (groups === undefined) return { id, subscriptionId };
  if (groups.toLowerCase() !== 'resourcegroups' || resourceGroup === undefined) return undefined;
  if (providers === undefined) return { id, subscriptionId, resourceGroup };
  if (providers.toLowerCase() !== 'providers' || namespace === undefined) return undefined;
  if (rest.length === 0 || rest.length % 2 === 1) return undefined;
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { id, subscriptionId, resourceGroup, type, names: rest.filter((_, index) => index % 2 === 1) };
}

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
  const lookup = lookups.get(type.toLowerCase());
  const key = lookup?.key(names, place);
  const [record] = key === undefined ? [] : await store.read({ get: [key] });
  if (record === undefined || lookup?.is(record, names, place) !== true) {
    return refuseResource({ kind: 'resourceNotFound', type, name: names.join('/'), resourceGroup });
  }
  return { ok: true, value: { key: record.key, version: record.version } };
}
