import { isResourceGroupName, resourceGroupKey } from '../../resources/keys.ts';
import { decode, encode } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, locationMissing, readLocation, refuse, tagsOf } from '../outcome.ts';
import { groupPath, placeOf, readManagedBy, resourceGroupResource } from './resource.ts';

export const createOrUpdateResourceGroup: ControlOperation = {
  method: 'PUT',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
  async run(call) {
    const place = placeOf(call);
    if (!isResourceGroupName(place.resourceGroup)) {
      const rule = '1 to 90 letters, digits, underscores, hyphens, brackets and full stops, no full stop last';
      const message = `The resource group name '${place.resourceGroup}' is invalid: ${rule}.`;
      return refuse({ kind: 'invalidProperty', message });
    }
    const key = resourceGroupKey(place);
    const [record] = await call.store.read({ get: [key] });
    const before = record === undefined ? undefined : decode<ResourceGroupRecord>(record);
    const asked = readLocation(call.body);
    if (!asked.ok) return asked;
    const managed = readManagedBy(call.body);
    if (!managed.ok) return managed;
    const location = asked.value ?? before?.location;
    if (location === undefined) return refuse(locationMissing);
    if (before !== undefined && before.location.toLowerCase() !== location.toLowerCase()) {
      return refuse({ kind: 'locationMismatch', name: before.name, location: before.location, asked: location });
    }
    const group: ResourceGroupRecord = {
      name: before?.name ?? place.resourceGroup,
      subscriptionId: call.subscription.subscriptionId,
      location: before?.location ?? location,
      ...managed.value,
      tags: tagsOf(call.body),
    };
    return {
      ...answer(before === undefined ? 201 : 200, resourceGroupResource(group)),
      change: { require: [{ key, version: record?.version ?? null }], put: [{ key, value: encode(group) }] },
    };
  },
};
