import { updateGroup as update } from '../../directory/groups.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done } from '../outcome.ts';
import { groupPropertiesOf } from './properties.ts';

export const updateGroup: GraphOperation = {
  method: 'PATCH',
  path: '/groups/:id',
  access: 'write',
  run: async (call) => done(await update(call.store, await objectOf(call, 'group'), groupPropertiesOf(call.body))),
};
