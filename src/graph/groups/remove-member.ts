import { removeMember as remove } from '../../directory/memberships.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done } from '../outcome.ts';

export const removeMember: GraphOperation = {
  method: 'DELETE',
  path: '/groups/:id/members/:memberId/$ref',
  access: 'write',
  async run(call) {
    const { store, tenantId, params } = call;
    const { record } = await objectOf(call, 'group');
    const { memberId = '' } = params;
    return done(await remove(store, { tenantId, group: record.id, member: memberId.toLowerCase() }));
  },
};
