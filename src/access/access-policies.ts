import type { AccessPolicy } from '../types/access-policy.ts';
import type { Caller } from '../types/caller.ts';
import type { Permission } from '../types/operation.ts';
import type { VaultProperties, VaultSwitch } from '../types/vault.ts';
import type { AccessVerdict } from '../types/verdict.ts';

/** Access policies by the object id that they name, ready for `authorize`. */
export type CompiledAccessPolicies = ReadonlyMap<string, readonly CompiledAccessPolicy[]>;

interface CompiledAccessPolicy {
  readonly tenantId: string;
  readonly applicationId: string | undefined;
  /** `secrets/get`, all lower-case; `secrets/all` for the whole collection. */
  readonly permissions: ReadonlySet<string>;
  readonly verdict: AccessVerdict;
}

const denied: AccessVerdict = Object.freeze({ allowed: false, because: 'noAccessPolicy' });

/** Compiles one vault's access policies, which were validated before. The verdict's index is the policy's place in the list. */
export function compileAccessPolicies(policies: readonly AccessPolicy[]): CompiledAccessPolicies {
  const byObject = new Map<string, CompiledAccessPolicy[]>();
  for (const [index, policy] of policies.entries()) {
    const objectId = policy.objectId.toLowerCase();
    const compiled = {
      tenantId: policy.tenantId.toLowerCase(),
      applicationId: policy.applicationId?.toLowerCase(),
      permissions: permissionSet(policy),
      verdict: Object.freeze({ allowed: true, because: 'accessPolicy', index } as const),
    };
    const others = byObject.get(objectId);
    if (others === undefined) byObject.set(objectId, [compiled]);
    else others.push(compiled);
  }
  return byObject;
}

/**
 * Whether an access policy gives the caller the permission, and which one. A policy names a user, an application or a
 * group by its object id; one with an `applicationId` holds only for that application acting for that object (compound
 * identity, "Assign a Key Vault access policy").
 *
 * A trusted service calls with a token of the services' tenant, so for it the policy's tenant is not compared: object
 * ids are unique across tenants, and the operator named this one.
 */
export function authorize(policies: CompiledAccessPolicies, caller: Caller, permission: Permission): AccessVerdict {
  const own = match(policies.get(caller.objectId.toLowerCase()), caller, permission);
  if (own !== undefined) return own;
  for (const group of caller.groups) {
    const byGroup = match(policies.get(group.toLowerCase()), caller, permission);
    if (byGroup !== undefined) return byGroup;
  }
  return denied;
}

function match(
  candidates: readonly CompiledAccessPolicy[] | undefined,
  caller: Caller,
  permission: Permission,
): AccessVerdict | undefined {
  if (candidates === undefined) return undefined;
  const wanted = permission.toLowerCase();
  const found = candidates.find(
    (policy) =>
      (policy.permissions.has(wanted) || policy.permissions.has(allOf(wanted))) &&
      (policy.applicationId === undefined || policy.applicationId === caller.applicationId?.toLowerCase()) &&
      (policy.tenantId === caller.tenant.toLowerCase() || caller.issuerClass === 'services'),
  );
  return found?.verdict;
}

function allOf(permission: string): string {
  return `${permission.slice(0, permission.indexOf('/'))}/all`;
}

/** "This operation requires the certificates/manageissuers/getissuers permission" (Get Certificate Issuer and others): either is enough. */
const implied: Readonly<Record<string, readonly string[]>> = {
  'certificates/manageissuers': [
    'certificates/getissuers',
    'certificates/listissuers',
    'certificates/setissuers',
    'certificates/deleteissuers',
  ],
};

function permissionSet(policy: AccessPolicy): ReadonlySet<string> {
  const set = new Set<string>();
  for (const [collection, names] of Object.entries(policy.permissions)) {
    for (const name of names ?? []) {
      const permission = `${collection}/${name}`.toLowerCase();
      set.add(permission);
      for (const also of implied[permission] ?? []) set.add(also);
    }
  }
  return set;
}

/**
 * The verdict of the switches that hold for a caller's operation; `undefined` if none does. The documents ask for them
 * instead of an access policy or a role ("Use Azure Key Vault to pass secure parameter value", "Creating and configuring a
 * key vault for Azure Disk Encryption"): one that is on allows, and with all of them off the operation is denied.
 */
export function bySwitches(
  switches: readonly VaultSwitch[],
  properties: Pick<VaultProperties, VaultSwitch>,
): AccessVerdict | undefined {
  const [name] = switches;
  if (name === undefined) return undefined;
  const on = switches.find((each) => properties[each] === true);
  return { allowed: on !== undefined, because: 'vaultSwitch', name: on ?? name };
}
