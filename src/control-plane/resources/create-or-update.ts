import { putResource } from '../../resources/any-resource.ts';
import { connectedVault } from '../../resources/private-endpoints.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { ifMatchRefusal } from '../if-match.ts';
import { networkPut } from '../virtual-networks/answers.ts';
import { createdStatus } from './other-services.ts';
import { anyResource, isNetwork, nameOf, readNamed, resourcesContext } from './resource.ts';

/** PUT of a resource whose type has no operations of its own. `action` is that of the type. */
export const createOrUpdateResource: ControlOperation = {
  method: 'PUT',
  path: '{resource}',
  action: 'write',
  async run(call) {
    const name = nameOf(call);
    const found = await readNamed(call, name);
    const refused = ifMatchRefusal(call, found.ok ? found.resource.etag : undefined);
    if (refused !== undefined) return refused;
    const put = await putResource(name, call.body, resourcesContext(call));
    if (!put.ok) return put;
    const { resource, created, change, principals } = put.value;
    const body = anyResource(resource, call.names);
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
