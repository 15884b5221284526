import { authorizeOwner } from '../../access/owners.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { subscriptionResource } from './resource.ts';

/** The subscriptions that the caller may see: the one of this server, or none. */
export const listSubscriptions: ControlOperation = {
  method: 'GET',
  path: '/subscriptions',
  action: 'Microsoft.Resources/subscriptions/read',
  everyone: true,
  run: async ({ subscription, caller }) => {
    const seen = authorizeOwner(subscription.owners, caller).allowed ? [subscription] : [];
    return answer(200, { value: seen.map(subscriptionResource) });
  },
};
