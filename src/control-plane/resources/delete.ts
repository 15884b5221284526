import { deleteResource as deleteAny } from '../../resources/any-resource.ts';
import { connectedVault } from '../../resources/private-endpoints.ts';
import type { StoredRecord } from '../../store/store.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkDeleted } from '../virtual-networks/answers.ts';
import { isNetwork, nameOf, readNamed, resourcesContext } from './resource.ts';

const pageSize = 1000;

/** DELETE of a resource and of what lies below it: 204 when there is none. */
export const deleteResource: ControlOperation = {
  method: 'DELETE',
  path: '{resource}',
  action: 'delete',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return answer(204);
    const refused = ifMatchRefusal(call, found.resource.etag);
    if (refused !== undefined) return refused;
    const below = await readBelow(call, found.record);
    const deleted = await deleteAny(found.record, below, resourcesContext(call));
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

async function readBelow({ store }: ControlCall, { key }: StoredRecord): Promise<readonly StoredRecord[]> {
  const below: StoredRecord[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix: `${key}/`, after, limit: pageSize });
    below.push(...page);
    after = page.at(-1)?.key;
    if (after === undefined) return below;
  }
}
