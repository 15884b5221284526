import { answer, ifMatchRefusal, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { networkAnswer, networkPut, networkDeleted } from '../virtual-networks/resource.ts';
import { genericResource, isNetwork, nameOf, readNamed, resourceServices } from './resource.ts';
import { putResource, patchResource, deleteResource as deleteAny } from '../../resources/any/any-resource.ts';
import { connectedVault } from '../../resources/networks/private-endpoints.ts';
import { createdStatus } from './other-services.ts';
import { inSubscription, parseList, resourcePrefix } from '../../resources/keys.ts';
import type { Prefix } from '../../store/keys.ts';
import { listRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { listAnswer } from '../list.ts';
import { groupPath, placeOf, readGroup } from '../resource-groups/resource-groups.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';

const getResource: ControlOperation = {
  method: 'GET',
  path: '{resource}',
  action: 'read',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return found;
    const body = genericResource(found.resource, call.names);
    return isNetwork(found.resource) ? networkAnswer(body) : answer(200, body);
  },
};

/** HEAD: 204 if the resource exists, otherwise 404. */
const checkResourceExistence: ControlOperation = {
  method: 'HEAD',
  path: '{resource}',
  action: 'read',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    return answer(found.ok ? 204 : 404);
  },
};

/** PUT of a resource whose type has no operations of its own. `action` is only the last part of the type's action. */
const createOrUpdateResource: ControlOperation = {
  method: 'PUT',
  path: '{resource}',
  action: 'write',
  async run(call, services) {
    const name = nameOf(call);
    const found = await readNamed(call, name);
    const refused = ifMatchRefusal(call, found.ok ? found.resource.etag : undefined);
    if (refused !== undefined) return refused;
    const put = await putResource(name, call.body, resourceServices(call, services));
    if (!put.ok) return put;
    const { resource, created, change, principals } = put.value;
    const body = genericResource(resource, call.names);
    const answered = isNetwork(resource)
      ? networkPut(call, { created, location: resource.location ?? '', body })
      : answer(created ? createdStatus(resource) : 200, body);
    const vault = created ? connectedVault(resource) : undefined;
    return {
      ...answered,
      change,
      principals,
      ...(vault !== undefined && {
        recordedAs: { operationName: 'PutPrivateEndpointConnectionProxy', resourceId: vault },
      }),
    };
  },
};

const updateResource: ControlOperation = {
  method: 'PATCH',
  path: '{resource}',
  action: 'write',
  async run(call, services) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return found;
    const refused = ifMatchRefusal(call, found.resource.etag);
    if (refused !== undefined) return refused;
    const patched = await patchResource(found.record, call.body, resourceServices(call, services));
    if (!patched.ok) return patched;
    const { resource, change, principals } = patched.value;
    return { ...answer(200, genericResource(resource, call.names)), change, principals };
  },
};

const pageSize = 1000;

/** DELETE of a resource and its child resources; 204 if it does not exist. */
const deleteResource: ControlOperation = {
  method: 'DELETE',
  path: '{resource}',
  action: 'delete',
  async run(call, services) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return answer(204);
    const refused = ifMatchRefusal(call, found.resource.etag);
    if (refused !== undefined) return refused;
    const below = await readBelow(call, found.record);
    const deleted = await deleteAny(found.record, below, resourceServices(call, services));
    if (!deleted.ok) return deleted;
    const vault = connectedVault(found.resource);
    return {
      ...(isNetwork(found.resource) ? networkDeleted(call, found.resource.location ?? '') : answer(200)),
      ...deleted.value,
      ...(vault !== undefined && {
        recordedAs: { operationName: 'DeletePrivateEndpointConnectionProxy', resourceId: vault },
      }),
    };
  },
};

async function readBelow(
  { store }: ControlCall,
  { value }: Stored<ResourceRecord>,
): Promise<readonly Stored<ResourceRecord>[]> {
  const below: Stored<ResourceRecord>[] = [];
  for (let after: string | undefined; ;) {
    const page = await listRecords(store, {
      prefix: resourcePrefix(value, value.type, value.names),
      after,
      limit: pageSize,
    });
    below.push(...page);
    after = page.at(-1)?.key;
    if (after === undefined) return below;
  }
}

/** The resources of a type in a group, in a resource, or in a subscription. */
const listResourcesOfType: ControlOperation = {
  method: 'GET',
  path: '{resources}',
  action: 'read',
  shows: 'visible',
  async run(call) {
    const { resourceGroup, type = '', names = [] } = parseList(call.path) ?? {};
    const { subscriptionId } = call.subscription;
    if (resourceGroup === undefined) return listUnder(call, inSubscription('resource', subscriptionId), type);
    const group = await readGroup({ ...call, params: { ...call.params, resourceGroup } });
    return group.ok ? listUnder(call, resourcePrefix({ subscriptionId, resourceGroup }, type, names), type) : group;
  },
};

function listUnder(call: ControlCall, prefix: Prefix<ResourceRecord>, type: string): Promise<ControlOutcome> {
  return listAnswer(call, {
    prefix,
    visibleBy: `${type}/read`,
    render: async (records) =>
      records
        .map((record) => record.value)
        .filter((resource) => resource.type.toLowerCase() === type.toLowerCase())
        .map((resource) => genericResource(resource, call.names)),
  });
}

/** Moving resources is refused, because rules, role assignments and locks refer to a resource by its id. */
const moveOperations: readonly ControlOperation[] = ['moveResources', 'validateMoveResources'].map((name) => ({
  method: 'POST',
  path: `${groupPath}/${name}`,
  action: `Microsoft.Resources/subscriptions/resourceGroups/${name}/action`,
  run: async () => refuse({ kind: 'moveNotSupported' }),
}));

/**
 * An empty list: a private endpoint has no DNS names here. Clients that read an endpoint ask for it to find the
 * addresses of its names.
 */
const listPrivateDnsZoneGroups: ControlOperation = {
  method: 'GET',
  path: `${groupPath}/providers/${knownTypes.privateEndpoint}/:endpoint/privateDnsZoneGroups`,
  action: `${knownTypes.privateEndpoint}/privateDnsZoneGroups/read`,
  async run(call) {
    const names = [call.params['endpoint'] ?? ''];
    const found = await readNamed(call, { ...placeOf(call), type: knownTypes.privateEndpoint, names });
    return found.ok ? answer(200, { value: [] }) : found;
  },
};

/** Every operation on a resource of a type without operations of its own. The router tries them last. */
export const resourceOperations: readonly ControlOperation[] = [
  ...moveOperations,
  createOrUpdateResource,
  getResource,
  checkResourceExistence,
  updateResource,
  deleteResource,
  listResourcesOfType,
  listPrivateDnsZoneGroups,
];
