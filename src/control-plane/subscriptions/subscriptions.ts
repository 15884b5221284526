import type { SubscriptionRecord } from '../../types/resource-group.ts';
import { answer } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { hasAssignment } from '../../access/role-assignments.ts';

function subscriptionResource(subscription: SubscriptionRecord) {
  const { subscriptionId, displayName, tenantId, tags } = subscription;
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName,
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    ...(tags !== undefined && { tags }),
  };
}

const getSubscription: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId',
  action: 'Microsoft.Resources/subscriptions/read',
  run: async ({ subscription }) => answer(200, subscriptionResource(subscription)),
};

/** The subscriptions in which the caller has any role: this server's one, or none. */
const listSubscriptions: ControlOperation = {
  method: 'GET',
  path: '/subscriptions',
  action: 'Microsoft.Resources/subscriptions/read',
  shows: 'own',
  run: async ({ access, caller, subscription }) => {
    const { compiled } = access.authorization;
    return answer(200, { value: hasAssignment(compiled, caller) ? [subscriptionResource(subscription)] : [] });
  },
};

/** The tenants of the caller: the one in its token. Clients ask for them at sign-in, before the subscriptions. */
const listTenants: ControlOperation = {
  method: 'GET',
  path: '/tenants',
  action: 'Microsoft.Resources/tenants/read',
  shows: 'own',
  run: async ({ caller, subscription }) => {
    const { tenant } = caller;
    const defaultDomain = `${tenant}.directory.invalid`;
    return answer(200, {
      value: [
        {
          id: `/tenants/${tenant}`,
          tenantId: tenant,
          countryCode: 'XX',
          displayName: subscription.displayName,
          domains: [defaultDomain],
          tenantCategory: 'Home',
          defaultDomain,
          tenantType: 'AAD',
        },
      ],
    });
  },
};

/** Tenants and subscriptions. */
export const subscriptionOperations: readonly ControlOperation[] = [listTenants, listSubscriptions, getSubscription];
