import type { Caller } from '../../src/types/caller.ts';

export const tenant = '10000000-0000-0000-0000-00000000000a';
export const otherTenant = '20000000-0000-0000-0000-00000000000b';
export const object = '30000000-0000-0000-0000-00000000000c';
export const group = '40000000-0000-0000-0000-00000000000d';

/** An application of `tenant` with the object id `object`, which is in no group. */
export function caller(others: Partial<Caller> = {}): Caller {
  return {
    issuer: `https://sts.windows.net/${tenant}/`,
    issuerClass: 'own',
    tenant,
    objectId: object,
    applicationId: undefined,
    groups: [],
    managedIdentity: undefined,
    usedBy: undefined,
    audience: 'https://vault.azure.net',
    notBefore: 0,
    expiresAt: 3600,
    claims: {},
    ...others,
  };
}
