import { authorize, compileAccessPolicies } from '../../access/access-policies.ts';
import { dataActionOf } from '../../access/data-actions.ts';
import { compileActions, hasAction } from '../../access/role-assignments.ts';
import type { Permission } from '../../types/operation.ts';
import type { Vault } from '../vaults/vault.ts';

/** How the firewall meets a resource that calls from an address that no rule names. */
export interface Way {
  readonly by: 'trustedService' | 'everyNetwork' | 'nothing';
  /** The trusted service that the resource is, or why it is not let in. */
  readonly because: string;
}

/** The verdict is of a call from the user's address, so that an address rule in it says nothing of the resource. */
export function wayOf(
  { properties: { networkAcls } }: Pick<Vault, 'properties'>,
  verdict: { readonly because: string; readonly service?: string },
  permission: Permission,
): Way {
  if (verdict.because === 'trustedService') return { by: 'trustedService', because: verdict.service ?? '' };
  if (verdict.because === 'defaultAction') return { by: 'everyNetwork', because: '' };
  const because =
    networkAcls?.bypass === 'None'
      ? 'trusted services are off for this vault'
      : `no trusted service of this kind uses ${permission}`;
  return { by: 'nothing', because };
}

/** The answer that a vault would give the resource itself, wherever the user is. */
export interface Standing extends Way {
  /** `undefined` if it has no identity here that could be looked up. */
  readonly permissions: { readonly has: readonly Permission[]; readonly lacks: readonly Permission[] } | undefined;
}

export type Has = (permission: Permission) => boolean;

/** Whether the vault's access policies give an object of the tenant a permission. */
export function byPolicies(
  { properties: { tenantId, accessPolicies = [] } }: Pick<Vault, 'properties'>,
  objectId: string,
): Has {
  const policies = compileAccessPolicies(accessPolicies);
  const caller = {
    issuer: '',
    issuerClass: 'own',
    tenant: tenantId,
    objectId,
    applicationId: undefined,
    groups: [],
    managedIdentity: undefined,
    usedBy: undefined,
    audience: '',
    notBefore: 0,
    expiresAt: 0,
    claims: {},
  } as const;
  return (permission) => authorize(policies, caller, permission).allowed;
}

export interface Role {
  readonly properties: {
    readonly permissions: readonly {
      readonly dataActions?: readonly string[];
      readonly notDataActions?: readonly string[];
    }[];
  };
}

/** Whether a role allows the data action of a permission. */
export function gives({ properties: { permissions } }: Role, permission: Permission): boolean {
  const { key } = dataActionOf({ name: '', permission });
  return permissions.some(
    ({ dataActions = [], notDataActions = [] }) =>
      hasAction(compileActions(dataActions), key) && !hasAction(compileActions(notDataActions), key),
  );
}
