import { answer, checkConditions, orRefuse, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { networkAnswer, networkPut, networkDeleted } from '../virtual-networks/resource.ts';
import { genericResource, isNetwork, nameOf, readNamed, resourceServices } from './resource.ts';
import {
  putResource,
  patchResource,
  deleteResource as deleteAny,
  readResource,
} from '../../resources/any/any-resource.ts';
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
    const { resource } = await readNamed(call, nameOf(call));
    const body = genericResource(resource, call.names);
    return isNetwork(resource) ? networkAnswer(body) : answer(200, body);
  },
};

/** HEAD: 204 if the resource exists, otherwise 404. */
const checkResourceExistence: ControlOperation = {
  method: 'HEAD',
  path: '{resource}',
  action: 'read',
  async run(call) {
    return answer((await readResource(nameOf(call), call.store)) === undefined ? 404 : 204);
  },
};

/** PUT of a resource whose type has no operations of its own. `action` is only the last part of the type's action. */
const createOrUpdateResource: ControlOperation = {
  method: 'PUT',
  path: '{resource}',
  action: 'write',
  async run(call, services) {
    const name = nameOf(call);
    const before = await readResource(name, call.store);
    checkConditions(call, before?.value.etag);
    const { resource, created, change, principals } = orRefuse(
      await putResource(name, call.body, resourceServices(call, services)),
    );
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
    const { record, resource: before } = await readNamed(call, nameOf(call));
    checkConditions(call, before.etag);
    const patched = await patchResource(record, call.body, resourceServices(call, services));
    const { resource, change, principals } = orRefuse(patched);
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
    const record = await readResource(nameOf(call), call.store);
    if (record === undefined) return answer(204);
    const resource = record.value;
    checkConditions(call, resource.etag);
    const below = await readBelow(call, record);
    const deleted = orRefuse(await deleteAny(record, below, resourceServices(call, services)));
    const vault = connectedVault(resource);
    return {
      ...(isNetwork(resource) ? networkDeleted(call, resource.location ?? '') : answer(200)),
      ...deleted,
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
    await readGroup({ ...call, params: { ...call.params, resourceGroup } });
    return listUnder(call, resourcePrefix({ subscriptionId, resourceGroup }, type, names), type);
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
    await readNamed(call, { ...placeOf(call), type: knownTypes.privateEndpoint, names });
    return answer(200, { value: [] });
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
