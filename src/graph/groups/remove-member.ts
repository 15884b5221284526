import { removeMember as remove } from '../../directory/memberships.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';

export const removeMember: GraphOperation = {
  method: 'DELETE',
  path: '/groups/:id/members/:memberId/$ref',
  access: 'write',
  activity: () => activities.removeMember,
  async run(call) {
    const { store, tenantId, params } = call;
    const { record } = await objectOf(call, 'group');
    const member = (params['memberId'] ?? '').toLowerCase();
    return done(await remove(store, { tenantId, group: record.id, member }), targetOf(record), { id: member });
  },
};
