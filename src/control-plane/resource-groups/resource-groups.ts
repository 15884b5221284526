import type { Store } from '../../store/store.ts';
import { isResourceGroupName, resourceGroupKey, resourceGroupPrefix } from '../../resources/keys.ts';
import type { Place } from '../../resources/keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import { listAnswer } from '../list.ts';
import { answer, badRequest, locationMissing, readLocation, refuse, tagsOf } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';

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

/**
 * The `managedBy` of a body, if it has one, as a member to spread.
 * @throws {Refused} for a value that cannot be an id
 */
function readManagedBy({ managedBy }: ControlCall['body']): { readonly managedBy?: string } {
  if (managedBy === undefined || managedBy === null || managedBy === '') return {};
  if (typeof managedBy === 'string' && managedBy.length <= 2048) return { managedBy };
  return badRequest(
    'managedBy must be the id of the resource that manages the group, a string of at most 2,048 characters.',
  );
}

/** The record of a resource group; `undefined` if there is none. */
export async function findGroup(store: Store, place: Place): Promise<Stored<ResourceGroupRecord> | undefined> {
  if (!isResourceGroupName(place.resourceGroup)) return undefined;
  const [record] = await readRecords(store, { get: [resourceGroupKey(place)] });
  return record;
}

/**
 * The resource group of the path and its record.
 * @throws {Refused} if it does not exist
 */
export async function readGroup(call: ControlCall) {
  const place = placeOf(call);
  const record =
    (await findGroup(call.store, place)) ?? refuse({ kind: 'resourceGroupNotFound', name: place.resourceGroup });
  return { record, group: record.value };
}

/** Subscription and resource group of the path; the subscription as it is stored, whatever case the path has. */
export function placeOf({ params, subscription }: ControlCall) {
  return { subscriptionId: subscription.subscriptionId, resourceGroup: params['resourceGroup'] ?? '' };
}

const readAction = 'Microsoft.Resources/subscriptions/resourceGroups/read';

const getResourceGroup: ControlOperation = {
  method: 'GET',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
  async run(call) {
    const { group } = await readGroup(call);
    return answer(200, resourceGroupResource(group));
  },
};

/** HEAD: 204 if the group exists, otherwise 404. */
const checkResourceGroupExistence: ControlOperation = {
  method: 'HEAD',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
  async run(call) {
    return answer((await findGroup(call.store, placeOf(call))) === undefined ? 404 : 204);
  },
};

const listResourceGroups: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/resourceGroups',
  action: readAction,
  shows: 'visible',
  run: (call) =>
    listAnswer(call, {
      prefix: resourceGroupPrefix(call.subscription.subscriptionId),
      visibleBy: readAction,
      render: async (records) => records.map((record) => resourceGroupResource(record.value)),
    }),
};

const createOrUpdateResourceGroup: ControlOperation = {
  method: 'PUT',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
  async run(call) {
    const place = placeOf(call);
    if (!isResourceGroupName(place.resourceGroup)) {
      const rule = '1 to 90 letters, digits, underscores, hyphens, brackets and full stops, no full stop last';
      const message = `The resource group name '${place.resourceGroup}' is invalid: ${rule}.`;
      return badRequest(message);
    }
    const key = resourceGroupKey(place);
    const [record] = await readRecords(call.store, { get: [key] });
    const before = record?.value;
    const location = readLocation(call.body) ?? before?.location;
    const managed = readManagedBy(call.body);
    if (location === undefined) return refuse(locationMissing);
    if (before !== undefined && before.location.toLowerCase() !== location.toLowerCase()) {
      return refuse({ kind: 'locationMismatch', name: before.name, location: before.location, asked: location });
    }
    const group: ResourceGroupRecord = {
      name: before?.name ?? place.resourceGroup,
      subscriptionId: call.subscription.subscriptionId,
      location: before?.location ?? location,
      ...managed,
      tags: tagsOf(call.body),
    };
    return {
      ...answer(before === undefined ? 201 : 200, resourceGroupResource(group)),
      change: { require: [{ key, version: record?.version ?? null }], put: [recordPut(key, group)] },
    };
  },
};

/** PATCH of a group: replaces all its tags, and `managedBy`. */
const updateResourceGroup: ControlOperation = {
  method: 'PATCH',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
  async run(call) {
    const { record, group: before } = await readGroup(call);
    const managed = readManagedBy(call.body);
    const { key, version } = record;
    const tags = call.body['tags'] === undefined ? before.tags : tagsOf(call.body);
    const group: ResourceGroupRecord = { ...before, ...managed, tags };
    return {
      ...answer(200, resourceGroupResource(group)),
      change: { require: [{ key, version }], put: [recordPut(key, group)] },
    };
  },
};

/**
 * Deletes a group and its resources, as a long-running operation: 202, and `Location` answers when it is over. Its
 * vaults are soft-deleted, as when they are deleted one by one.
 */
const deleteResourceGroup: ControlOperation = {
  method: 'DELETE',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/delete',
  async run(call) {
    const { group, record } = await readGroup(call);
    const { key, version } = record;
    const { subscriptionId } = call.subscription;
    return {
      ...answer(202),
      change: { require: [{ key, version }], put: [recordPut(key, { ...group, deleting: true })] },
      accepted: {
        kind: 'deleteResourceGroup',
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${group.name}`,
        subject: { resourceGroup: placeOf(call).resourceGroup },
        statusPath: (id) => `/subscriptions/${subscriptionId}/operationresults/${id}`,
        header: 'location',
      },
    };
  },
};

/** Every operation on a resource group itself. */
export const resourceGroupOperations: readonly ControlOperation[] = [
  createOrUpdateResourceGroup,
  getResourceGroup,
  checkResourceGroupExistence,
  listResourceGroups,
  updateResourceGroup,
  deleteResourceGroup,
];
