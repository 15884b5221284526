import { authorize, compileAccessPolicies } from '../../access/access-policies.ts';
import { allPermissions, dataActionOf } from '../../access/data-actions.ts';
import { authorizeRbac } from '../../access/role-assignments.ts';
import type { CompiledAssignments } from '../../access/role-assignments.ts';
import type { AccessPolicy } from '../../types/access-policy.ts';
import type { Caller } from '../../types/caller.ts';
import type { Permission } from '../../types/operation.ts';
import type { AccessVerdict } from '../../types/verdict.ts';

export const collections = ['secrets', 'keys', 'certificates'] as const;

export type CollectionName = (typeof collections)[number];

export type Granted = Readonly<Record<CollectionName, readonly string[]>>;

/** The permissions of a collection by their names alone, `get`. */
export function namesIn(collection: CollectionName): readonly string[] {
  return allPermissions
    .filter((permission) => permission.startsWith(`${collection}/`))
    .map((permission) => permission.slice(collection.length + 1));
}

/** The words that Azure shows of those names that are more than one. */
const shownWords: Readonly<Record<string, string>> = {
  wrapKey: 'Wrap Key',
  unwrapKey: 'Unwrap Key',
  getrotationpolicy: 'Get Rotation Policy',
  setrotationpolicy: 'Set Rotation Policy',
  managecontacts: 'Manage Contacts',
  manageissuers: 'Manage Certificate Authorities',
  getissuers: 'Get Certificate Authorities',
  listissuers: 'List Certificate Authorities',
  setissuers: 'Set Certificate Authorities',
  deleteissuers: 'Delete Certificate Authorities',
};

/** A permission as Azure's portal shows it: `Get Rotation Policy` for `getrotationpolicy`. */
export function shownName(name: string): string {
  return shownWords[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

type Permissions = AccessPolicy['permissions'];

/** The names that a policy gives, with `all` spelt out. */
export function given(permissions: Permissions, collection: CollectionName): readonly string[] {
  const has = new Set((permissions[collection] ?? []).map((name) => name.toLowerCase()));
  return namesIn(collection).filter((name) => has.has('all') || has.has(name.toLowerCase()));
}

/** The names to send: `all` stays `all` if nothing was taken from it. */
export function toSend(chosen: Granted, before: Permissions): Granted {
  const of = (collection: CollectionName) => {
    const hadAll = (before[collection] ?? []).some((name) => name.toLowerCase() === 'all');
    return hadAll && chosen[collection].length === namesIn(collection).length ? ['all'] : chosen[collection];
  };
  return { secrets: of('secrets'), keys: of('keys'), certificates: of('certificates') };
}

/** `all`, `Get, List`, or `none`. */
export function permissionText(permissions: Permissions, collection: CollectionName): string {
  const names = given(permissions, collection);
  if (names.length === 0) return 'none';
  return names.length === namesIn(collection).length ? 'all' : names.map(shownName).join(', ');
}

export interface Person {
  readonly tenantId: string;
  readonly objectId: string;
  readonly groups: readonly string[];
}

/** A caller with a token of the tenant, as the vaults would see it. */
function callerOf({ tenantId, objectId, groups }: Person): Caller {
  return {
    issuer: '',
    issuerClass: 'own',
    tenant: tenantId,
    objectId,
    applicationId: undefined,
    groups,
    managedIdentity: undefined,
    usedBy: undefined,
    audience: '',
    notBefore: 0,
    expiresAt: 0,
    claims: {},
  };
}

/** Permissions of one collection that are given, or not, for the same reason. */
export interface Answer {
  readonly collection: CollectionName;
  readonly names: readonly string[];
  readonly verdict: AccessVerdict;
}

type Judge = (permission: Permission) => AccessVerdict;

/** Decides by access policies. */
export function byPolicies(policies: readonly AccessPolicy[], person: Person): Judge {
  const [compiled, caller] = [compileAccessPolicies(policies), callerOf(person)];
  return (permission) => authorize(compiled, caller, permission);
}

/** Decides by role assignments, for the vault as a whole. */
export function byRoles(assignments: CompiledAssignments, person: Person, vaultId: string): Judge {
  const [caller, scope] = [callerOf(person), vaultId.toLowerCase()];
  return (permission) => {
    const { key } = dataActionOf({ name: '', permission });
    return authorizeRbac(assignments, caller, { kind: 'dataAction', name: key, scope });
  };
}

/** The permissions of a principal, collection by collection; those that are allowed come first. */
export function answersOf(judge: Judge): readonly Answer[] {
  return collections.flatMap((collection) => {
    const judged = namesIn(collection).flatMap((name) => {
      const permission = allPermissions.find((each) => each === `${collection}/${name}`);
      return permission === undefined ? [] : [{ name, verdict: judge(permission) }];
    });
    const grouped = [...Map.groupBy(judged, ({ verdict }) => JSON.stringify(verdict)).values()];
    return grouped
      .flatMap((some) => {
        const [first] = some;
        return first === undefined ? [] : [{ collection, names: some.map(({ name }) => name), verdict: first.verdict }];
      })
      .toSorted((one, other) => Number(other.verdict.allowed) - Number(one.verdict.allowed));
  });
}
