import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

/** The tenants that the caller belongs to: the one that its token is of. Sign-in asks for them before for subscriptions. */
export const listTenants: ControlOperation = {
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
