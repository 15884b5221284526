import { decode } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import { isResourceGroupName, resourceGroupKey } from '../../resources/keys.ts';
import type { ControlCall } from '../operation.ts';
import { ControlRefused } from '../refusal.ts';
import { placeOf } from './resource.ts';

const harmless = new Set(['GET', 'HEAD', 'DELETE']);

/**
 * Nothing is made or changed in a group that is being deleted: what is in it goes.
 * @throws {ControlRefused}
 */
export async function refuseInDeletion(call: ControlCall, method: string): Promise<void> {
  const place = placeOf(call);
  if (harmless.has(method) || !isResourceGroupName(place.resourceGroup)) return;
  const [record] = await call.store.read({ get: [resourceGroupKey(place)] });
  if (record === undefined || decode<ResourceGroupRecord>(record).deleting === undefined) return;
  throw new ControlRefused({ kind: 'resourceGroupBeingDeleted', name: decode<ResourceGroupRecord>(record).name });
}
