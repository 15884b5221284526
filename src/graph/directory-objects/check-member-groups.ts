import { groupsOf } from '../../directory/memberships.ts';
import { findAny } from '../../directory/objects.ts';
import { list, object, required, text } from '../body.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, refuse } from '../outcome.ts';

const read = object({ groupIds: list(text) });

/** Which of these groups an object is in, also through other groups. */
export const checkMemberGroups: GraphOperation = {
  method: 'POST',
  path: '/directoryObjects/:id/checkMemberGroups',
  access: 'read',
  async run(call) {
    const { store, tenantId, params } = call;
    const asked = required(read(call.body, '').groupIds, 'groupIds');
    const { id = '' } = params;
    const [found] = await findAny(store, tenantId, [id]);
    if (found === undefined) return refuse({ kind: 'objectNotFound', id });
    const groups = new Set(await groupsOf(store, { tenantId, id: found.record.id }));
    const value = asked.filter((group) => groups.has(group.toLowerCase()));
    return answer(200, entity(call, 'Collection(Edm.String)', { value }));
  },
};
