import { addMember as add } from '../../directory/memberships.ts';
import { activities } from '../activities.ts';
import { required } from '../body.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';

export const addMember: GraphOperation = {
  method: 'POST',
  path: '/groups/:id/members/$ref',
  access: 'write',
  activity: () => activities.addMember,
  async run(call) {
    const { store, tenantId, body } = call;
    const { record } = await objectOf(call, 'group');
    // A reference to the object under whatever of Graph's addresses: its last segment is the id.
    const reference = typeof body['@odata.id'] === 'string' ? body['@odata.id'] : undefined;
    const member = required(reference, '@odata.id').split('/').at(-1)?.toLowerCase() ?? '';
    return done(await add(store, { tenantId, group: record.id, member }), targetOf(record), { id: member });
  },
};
