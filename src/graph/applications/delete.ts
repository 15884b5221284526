import { deleteApplication as remove } from '../../directory/applications.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

/** Deletes an application, and the service principal that stands for it. */
export const deleteApplication: GraphOperation = {
  method: 'DELETE',
  path: '/applications/:id',
  access: 'write',
  run: async (call) => ({ ...answer(204), change: await remove(call.store, await objectOf(call, 'application')) }),
};
