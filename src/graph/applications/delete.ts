import { deleteApplication as remove } from '../../directory/applications.ts';
import { deletions } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, targetOf } from '../outcome.ts';

/** Deletes an application, and the service principal that stands for it. */
export const deleteApplication: GraphOperation = {
  method: 'DELETE',
  path: '/applications/:id',
  access: 'write',
  activity: () => deletions.application,
  async run(call) {
    const stored = await objectOf(call, 'application');
    return { ...answer(204), change: await remove(call.store, stored), targets: [targetOf(stored.record)] };
  },
};
