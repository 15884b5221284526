import { updateGroup as update } from '../../directory/groups.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';
import { groupPropertiesOf } from './properties.ts';

export const updateGroup: GraphOperation = {
  method: 'PATCH',
  path: '/groups/:id',
  access: 'write',
  activity: () => activities.updateGroup,
  async run(call) {
    const before = await objectOf(call, 'group');
    return done(await update(call.store, before, groupPropertiesOf(call.body)), targetOf(before.record));
  },
};
