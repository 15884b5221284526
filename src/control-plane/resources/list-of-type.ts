import { inSubscription, resourceKey } from '../../resources/keys.ts';
import { parseList } from '../../resources/scope-id.ts';
import { decode } from '../../store/store.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { listAnswer } from '../list.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { readGroup } from '../resource-groups/resource.ts';
import { anyResource } from './resource.ts';

/** The resources of a type in a group, in a resource, or in a subscription. */
export const listResourcesOfType: ControlOperation = {
  method: 'GET',
  path: '{resources}',
  action: 'read',
  shows: 'visible',
  async run(call) {
    const { resourceGroup, type = '', names = [] } = parseList(call.path) ?? {};
    const { subscriptionId } = call.subscription;
    if (resourceGroup === undefined) return listUnder(call, inSubscription('resource', subscriptionId), type);
    const group = await readGroup({ ...call, params: { ...call.params, resourceGroup } });
    return group.ok ? listUnder(call, resourceKey({ subscriptionId, resourceGroup }, type, names), type) : group;
  },
};

function listUnder(call: ControlCall, prefix: string, type: string): Promise<ControlOutcome> {
  return listAnswer(call, {
    prefix,
    seen: `${type}/read`,
    render: async (records) =>
      records
        .map((record) => decode<ResourceRecord>(record))
        .filter((resource) => resource.type.toLowerCase() === type.toLowerCase())
        .map((resource) => anyResource(resource, call.names)),
  });
}
