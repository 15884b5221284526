import type { SubscriptionRecord } from '../../types/resource-group.ts';

export function subscriptionResource(subscription: SubscriptionRecord) {
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
