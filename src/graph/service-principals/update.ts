import { changeObject } from '../../directory/objects.ts';
import { activities } from '../activities.ts';
import { flag, object } from '../body.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';

/** The rest of a service principal is its application's, or its resource's. */
const read = object({ accountEnabled: flag });

export const updateServicePrincipal: GraphOperation = {
  method: 'PATCH',
  path: '/servicePrincipals/:id',
  access: 'write',
  activity: () => activities.updateServicePrincipal,
  async run(call) {
    const before = await objectOf(call, 'servicePrincipal');
    const record = { ...before.record, ...read(call.body, '') };
    return done(await changeObject(call.store, { kind: 'servicePrincipal', record, before }), targetOf(record));
  },
};
