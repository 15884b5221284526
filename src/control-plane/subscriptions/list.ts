import { hasAssignment } from '../../access/role-assignments.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { subscriptionResource } from './resource.ts';

/** The subscriptions in which the caller has any role: the one of this server, or none. */
export const listSubscriptions: ControlOperation = {
  method: 'GET',
  path: '/subscriptions',
  action: 'Microsoft.Resources/subscriptions/read',
  shows: 'own',
  run: async ({ access, caller, subscription }) => {
    const { compiled } = access.authorization;
    return answer(200, { value: hasAssignment(compiled, caller) ? [subscriptionResource(subscription)] : [] });
  },
};
