import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { subscriptionResource } from './resource.ts';

/** The subscriptions that the caller may see: the one of this server. */
export const listSubscriptions: ControlOperation = {
  method: 'GET',
  path: '/subscriptions',
  action: 'Microsoft.Resources/subscriptions/read',
  run: async ({ subscription }) => answer(200, { value: [subscriptionResource(subscription)] }),
};
