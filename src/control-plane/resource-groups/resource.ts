import { isResourceGroupName, resourceGroupKey } from '../../resources/keys.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { refuse } from '../outcome.ts';

export const groupPath = '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup';

export function resourceGroupResource(group: ResourceGroupRecord) {
  const { name, subscriptionId, location, tags, managedBy, deleting } = group;
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    ...(managedBy !== undefined && { managedBy }),
    tags,
    properties: { provisioningState: deleting === undefined ? 'Succeeded' : 'Deleting' },
  };
}

/** `managedBy` of a body; a member to spread, or why it is refused. */
export function readManagedBy({ managedBy }: ControlCall['body']) {
  if (managedBy === undefined || managedBy === null || managedBy === '') return { ok: true, value: {} } as const;
  if (typeof managedBy === 'string' && managedBy.length <= 2048) return { ok: true, value: { managedBy } } as const;
  const message =
    'managedBy must be the id of the resource that manages the group, a string of at most 2,048 characters.';
  return refuse({ kind: 'badQuery', message });
}

/** The resource group of the path and its record. */
export async function readGroup(
  call: ControlCall,
): Promise<
  | { readonly ok: true; readonly record: Stored<ResourceGroupRecord>; readonly group: ResourceGroupRecord }
  | Extract<ControlOutcome, { ok: false }>
> {
  const place = placeOf(call);
  const [record] = isResourceGroupName(place.resourceGroup)
    ? await readRecords(call.store, { get: [resourceGroupKey(place)] })
    : [];
  if (record === undefined) return refuse({ kind: 'resourceGroupNotFound', name: place.resourceGroup });
  return { ok: true, record, group: record.value };
}

/** Subscription and resource group of the path; the subscription is spelt as it is stored, in whatever case it was asked. */
export function placeOf({ params, subscription }: ControlCall) {
  return { subscriptionId: subscription.subscriptionId, resourceGroup: params['resourceGroup'] ?? '' };
}
