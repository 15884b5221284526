import { builtInRoles, roleIds } from '../../access/built-in-roles.ts';
import { isWithin } from '../../access/role-assignments.ts';
import type { Prefix } from '../../store/keys.ts';
import type { Stored } from '../../store/records.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Put, Requirement, Store, Transaction } from '../../store/store.ts';
import type { RoleAssignment, RoleDefinition } from '../../types/role.ts';
import { authorizationKey, roleKey, rolePrefix, subscriptionKey } from '../keys.ts';

const pageSize = 1000;

/** The role assignments of a subscription and their roles, all read at one moment. */
export interface Authorization {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly assignments: readonly RoleAssignment[];
  /** By GUID: the built-in roles, and the subscription's own. */
  readonly roles: ReadonlyMap<string, RoleDefinition>;
  /** The version of the stamp. Every decision that relies on these requires it. */
  readonly requirement: Requirement;
}

/**
 * Reads them in one consistent state; `undefined` when the subscription does not exist.
 * @throws {Conflict} when they change meanwhile
 */
export async function readAuthorization(store: Store, subscriptionId: string): Promise<Authorization | undefined> {
  const key = authorizationKey(subscriptionId);
  const [stamp, subscription] = await readRecords(store, { get: [key, subscriptionKey(subscriptionId)] });
  if (subscription === undefined) return undefined;
  const requirement = { key, version: stamp?.version ?? null };
  const assignments = await readAll(store, rolePrefix('role-assignment', subscriptionId), requirement);
  const custom = await readAll(store, rolePrefix('role-definition', subscriptionId), requirement);
  const { tenantId, subscriptionId: spelt } = subscription.value;
  const roles = new Map([...builtInRoles, ...custom.map((role) => [role.id, role] as const)]);
  return { subscriptionId: spelt, tenantId, assignments, roles, requirement };
}

/** A change of assignments or roles, which requires the version that was read and updates the stamp. */
export function authorizationChange(
  { subscriptionId, requirement }: Pick<Authorization, 'subscriptionId' | 'requirement'>,
  change: { readonly put?: readonly Put[]; readonly delete?: readonly string[] },
): Transaction {
  const stamp = recordPut(authorizationKey(subscriptionId), null);
  return { require: [requirement], put: [...(change.put ?? []), stamp], delete: change.delete ?? [] };
}

/**
 * Deletes the assignments at the scope of a deleted resource and below. They do not come back with the resource
 * ("Soft-deleting a vault drops its role assignments", soft-delete-overview). `undefined` when there are none.
 */
export function deleteAssignmentsBelow(authorization: Authorization, scope: string): Transaction | undefined {
  const gone = authorization.assignments.filter((assignment) => isWithin(assignment.scope.toLowerCase(), scope));
  if (gone.length === 0) return undefined;
  const { subscriptionId } = authorization;
  const keys = gone.map(({ name }) => roleKey('role-assignment', subscriptionId, name));
  return authorizationChange(authorization, { delete: keys });
}

/** A principal, and the name (GUID) of its first assignment. */
interface FirstAssignment {
  readonly principalId: string;
  readonly name: string;
  /** A service principal, if it is left out. */
  readonly principalType?: RoleAssignment['principalType'];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Makes a principal the first owner of a new subscription. */
export function firstOwner(subscriptionId: string, owner: FirstAssignment): readonly Put[] {
  return roleAtStart(subscriptionId, { ...owner, role: 'owner' });
}

/** Gives a principal a role on the subscription while the server starts, before any request is decided. */
export function roleAtStart(
  subscriptionId: string,
  given: FirstAssignment & { readonly role: keyof typeof roleIds },
): readonly Put[] {
  const at = new Date(given.now).toISOString();
  const principalId = given.principalId.toLowerCase();
  const assignment: RoleAssignment = {
    name: given.name.toLowerCase(),
    scope: `/subscriptions/${subscriptionId}`,
    role: roleIds[given.role],
    principalId,
    principalType: given.principalType ?? 'ServicePrincipal',
    description: null,
    createdOn: at,
    updatedOn: at,
    createdBy: principalId,
    updatedBy: principalId,
  };
  return [
    recordPut(roleKey('role-assignment', subscriptionId, assignment.name), assignment),
    recordPut(authorizationKey(subscriptionId), null),
  ];
}

/**
 * Replaces a role that `roleAtStart` gave a principal by another one, also while the server starts. What administrators
 * have assigned or removed stays so. `undefined` when there is nothing to replace.
 */
export function roleReplaced(
  authorization: Authorization,
  { principalId, from, to }: { readonly principalId: string } & Readonly<Record<'from' | 'to', keyof typeof roleIds>>,
): Transaction | undefined {
  const { subscriptionId, assignments } = authorization;
  const given = assignments.filter(
    (one) => one.role === roleIds[from] && one.principalId === principalId && one.createdBy === principalId,
  );
  if (given.length === 0) return undefined;
  const put = given.map((one) =>
    recordPut(roleKey('role-assignment', subscriptionId, one.name), { ...one, role: roleIds[to] }),
  );
  return authorizationChange(authorization, { put });
}

async function readAll<T>(store: Store, prefix: Prefix<T>, requirement: Requirement): Promise<readonly T[]> {
  const found: T[] = [];
  for (let after: string | undefined; ;) {
    const page: readonly Stored<T>[] = await listRecords(store, {
      require: [requirement],
      prefix,
      after,
      limit: pageSize,
    });
    found.push(...page.map(({ value }) => value));
    after = page.at(-1)?.key;
    if (after === undefined) return found;
  }
}
