import { changeObject } from '../../directory/objects.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';

/** Ends the refresh tokens and browser sessions that a user has. Access tokens run out by themselves. */
export const revokeSignInSessions: GraphOperation = {
  method: 'POST',
  path: '/users/:id/revokeSignInSessions',
  access: 'write',
  activity: () => activities.revokeSignInSessions,
  async run(call) {
    const before = await objectOf(call, 'user');
    const record = { ...before.record, signInSessionsValidFrom: call.now };
    const changed = await changeObject(call.store, { kind: 'user', record, before });
    return changed.ok
      ? {
          ...answer(200, entity(call, 'Edm.Boolean', { value: true })),
          change: changed.change,
          targets: [targetOf(record)],
        }
      : changed;
  },
};
