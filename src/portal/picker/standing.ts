import { authorize, compileAccessPolicies } from '../../access/access-policies.ts';
import { dataActionOf } from '../../access/data-actions.ts';
import { compileActions, hasAction } from '../../access/role-assignments.ts';
import type { Permission } from '../../types/operation.ts';
import type { Vault } from '../vaults/vault.ts';

/** The answer that a vault would give the resource itself, wherever the user is. */
export interface Standing {
  /** The firewall's verdict, without an address that a rule names. */
  readonly trusted: boolean;
  /** The trusted service that the resource is, or why it would not be let in, in the server's words. */
  readonly because: string;
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
