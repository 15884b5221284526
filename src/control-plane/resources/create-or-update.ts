import { putResource } from '../../resources/any-resource.ts';
import { connectedVault } from '../../resources/private-endpoints.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { ifMatchRefusal } from '../if-match.ts';
import { networkMade } from '../virtual-networks/resource.ts';
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
    const accepted = created && isNetwork(resource) ? { accepted: networkMade(call, resource.location ?? '') } : {};
    const vault = created ? connectedVault(resource) : undefined;
    return {
      ...answer(created ? createdStatus(resource) : 200, anyResource(resource, call.names)),
      change,
      principals,
      ...accepted,
      ...(vault !== undefined && {
        recordedAs: { operationName: 'PutPrivateEndpointConnectionProxy', resourceId: vault },
      }),
    };
  },
};
