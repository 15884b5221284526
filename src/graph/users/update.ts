import { updateUser as update } from '../../directory/users.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';
import { userPropertiesOf } from './properties.ts';

export const updateUser: GraphOperation = {
  method: 'PATCH',
  path: '/users/:id',
  access: 'write',
  activity: () => activities.updateUser,
  async run(call) {
    const before = await objectOf(call, 'user');
    return done(
      await update(call.store, { before, now: call.now }, userPropertiesOf(call.body)),
      targetOf(before.record),
    );
  },
};
