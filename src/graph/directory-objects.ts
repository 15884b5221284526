import { groupsOf } from '../directory/memberships.ts';
import { findAny } from '../directory/objects.ts';
import { Refused } from '../edge/edge.ts';
import { bodyOf, list, required, boundedString } from './body.ts';
import { listAnswer } from './list.ts';
import { answer, entity } from './operation.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { refuseOptions, select } from './query.ts';
import type { GraphRefusal } from './refusal.ts';
import { directoryObject } from './resource.ts';

/** Lists the organization, which is the tenant. */
const listOrganization: GraphOperation = {
  method: 'GET',
  path: '/organization',
  access: 'read',
  run: async (call) => {
    const value = [{ id: call.tenantId, displayName: 'Postern', tenantType: 'AAD', verifiedDomains: [] }];
    return listAnswer(call, { context: 'organization', value, next: undefined });
  },
};

/**
 * Finds the object in a path by its id, whatever its type.
 * @throws {Refused} when it does not exist
 */
async function anyObjectOf({ store, tenantId, params: { id = '' } }: GraphCall) {
  const [found] = await findAny(store, tenantId, [id]);
  if (found === undefined) throw new Refused<GraphRefusal>({ kind: 'objectNotFound', id });
  return found;
}

const getDirectoryObject: GraphOperation = {
  method: 'GET',
  path: '/directoryObjects/:id',
  access: 'read',
  async run(call) {
    refuseOptions(call, ['$select']);
    const found = await anyObjectOf(call);
    return answer(200, entity(call, 'directoryObjects/$entity', select(call, directoryObject(found))));
  },
};

const readIds = bodyOf({ ids: list(boundedString), types: list(boundedString) });

/** The objects with these ids, at most 1,000. Unknown ids and objects of other types are left out. */
const getByIds: GraphOperation = {
  method: 'POST',
  path: '/directoryObjects/getByIds',
  access: 'read',
  async run(call) {
    const { ids, types = [] } = readIds(call.body);
    const found = await findAny(call.store, call.tenantId, required(ids, 'ids'));
    const wanted = new Set(types.map((type) => type.toLowerCase()));
    const all = wanted.size === 0 || wanted.has('directoryobject');
    const meant = found.filter(({ kind }) => all || wanted.has(kind.toLowerCase()));
    return listAnswer(call, { context: 'directoryObjects', value: meant.map(directoryObject), next: undefined });
  },
};

const readGroupIds = bodyOf({ groupIds: list(boundedString) });

/** Those of the given groups that an object is in, directly or through other groups. */
const checkMemberGroups: GraphOperation = {
  method: 'POST',
  path: '/directoryObjects/:id/checkMemberGroups',
  access: 'read',
  async run(call) {
    const { store, tenantId } = call;
    const asked = required(readGroupIds(call.body).groupIds, 'groupIds');
    const { record } = await anyObjectOf(call);
    const groups = new Set(await groupsOf(store, { tenantId, id: record.id }));
    const value = asked.filter((group) => groups.has(group.toLowerCase()));
    return answer(200, entity(call, 'Collection(Edm.String)', { value }));
  },
};

export const directoryObjectOperations: readonly GraphOperation[] = [
  listOrganization,
  getDirectoryObject,
  getByIds,
  checkMemberGroups,
];
