import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { subscriptionResource } from './resource.ts';

export const getSubscription: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId',
  action: 'Microsoft.Resources/subscriptions/read',
  run: async ({ subscription }) => answer(200, subscriptionResource(subscription)),
};
