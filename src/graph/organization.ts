import type { GraphOperation } from './operation.ts';
import { listOutcome } from './list.ts';

/** The tenant itself. */
export const listOrganization: GraphOperation = {
  method: 'GET',
  path: '/organization',
  access: 'read',
  run: async (call) => {
    const value = [{ id: call.tenantId, displayName: 'Postern', tenantType: 'AAD', verifiedDomains: [] }];
    return listOutcome(call, { context: 'organization', value, next: undefined });
  },
};
