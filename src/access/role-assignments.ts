import type { Caller } from '../types/caller.ts';
import type { RoleAssignment, RoleDefinition, RolePermission } from '../types/role.ts';
import type { AccessVerdict } from '../types/verdict.ts';

/**
 * Whether an ARM id is at or below another, by whole segments. Both are in lower case and end without a slash; `''` is the
 * tenant, which contains everything.
 */
export function isWithin(scope: string, outer: string): boolean {
  return scope.startsWith(outer) && (scope.length === outer.length || scope.startsWith('/', outer.length));
}

/** The action names of a role, compiled for look-up. */
interface ActionSet {
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

/** The parts of a name between its stars, in order. */
type Pattern = readonly Piece[];

interface Piece {
  readonly characters: string;
  /** Whether it must follow a slash. */
  readonly afterSlash: boolean;
}

/**
 * Compiles names of actions, in which a star matches any characters, slashes included (role-definitions, "Actions
 * format"). Between two slashes it also matches no segment at all: the Key Vault Reader, who may "read metadata of key
 * vaults and its certificates, keys, and secrets", has no other action that lets it read the vault itself.
 */
export function compileActions(actions: readonly string[]): ActionSet {
  const lower = actions.map((action) => action.toLowerCase());
  return {
    names: new Set(lower.filter((action) => !action.includes('*'))),
    patterns: lower.filter((action) => action.includes('*')).map(compilePattern),
  };
}

/** Whether the set contains the action. `action` is in lower case. */
export function hasAction(set: ActionSet, action: string): boolean {
  return set.names.has(action) || set.patterns.some((pattern) => matches(pattern, action));
}

function compilePattern(name: string): Pattern {
  const pieces: Piece[] = [];
  let afterSlash = false;
  let characters = '';
  for (let at = 0; at < name.length; at += 1) {
    if (name[at] !== '*') {
      characters += name[at];
      continue;
    }
    pieces.push({ characters, afterSlash });
    characters = '';
    afterSlash = name[at - 1] === '/' && name[at + 1] === '/';
    if (afterSlash) at += 1;
  }
  return [...pieces, { characters, afterSlash }];
}

/** Greedy from the left: the first match of each part leaves the most room for the next. */
function matches(pattern: Pattern, action: string): boolean {
  let at = 0;
  for (const [index, piece] of pattern.entries()) {
    const found = index === pattern.length - 1 ? action.length - piece.characters.length : placeOf(piece, action, at);
    if (found < at || !fitsAt(piece, action, found) || (index === 0 && found > 0)) return false;
    at = found + piece.characters.length;
  }
  return true;
}

/** The first position from `from` on where the piece fits; -1 when there is none. */
function placeOf(piece: Piece, action: string, from: number): number {
  let at = action.indexOf(piece.characters, from);
  while (at !== -1 && at < action.length && !fitsAt(piece, action, at)) at = action.indexOf(piece.characters, at + 1);
  return at;
}

function fitsAt({ characters, afterSlash }: Piece, action: string, at: number): boolean {
  return action.startsWith(characters, at) && (!afterSlash || action[at - 1] === '/');
}

/** A subscription's role assignments by principal, compiled for `authorizeRbac`. */
export interface CompiledAssignments {
  /** The tenant of the subscription and of the principals. */
  readonly tenantId: string;
  readonly byPrincipal: ReadonlyMap<string, readonly CompiledAssignment[]>;
}

interface CompiledAssignment {
  /** ARM id in lower case. */
  readonly scope: string;
  readonly permissions: readonly CompiledPermission[];
  readonly verdict: AccessVerdict;
}

interface CompiledPermission {
  readonly source: RolePermission;
  readonly action: Allowance;
  readonly dataAction: Allowance;
  readonly delegableRoles: ReadonlySet<string> | undefined;
}

interface Allowance {
  readonly allowed: ActionSet;
  readonly not: ActionSet;
}

/** The request to authorize: an action on a resource, or a data action on something in a vault, at a scope. */
export interface RbacRequest {
  readonly kind: 'action' | 'dataAction';
  /** In lower case. */
  readonly name: string;
  /** ARM id in lower case. */
  readonly scope: string;
  /**
   * The role (GUID) of the assignment that the action writes or deletes: some permissions cover certain roles only.
   * `any` while the role is not known yet; the caller must then ask again.
   */
  readonly role?: string;
}

const noAssignment: AccessVerdict = Object.freeze({ allowed: false, because: 'noRoleAssignment' });
const roleLacksAction: AccessVerdict = Object.freeze({ allowed: false, because: 'roleLacksAction' });

const delegating: ReadonlySet<string> = new Set([
  'microsoft.authorization/roleassignments/write',
  'microsoft.authorization/roleassignments/delete',
]);

/** Compiles the assignments of a subscription in that tenant. An assignment whose role does not exist gives nothing. */
export function compileAssignments(
  tenantId: string,
  assignments: readonly RoleAssignment[],
  roles: ReadonlyMap<string, RoleDefinition>,
): CompiledAssignments {
  const compiled = new Map<string, readonly CompiledPermission[]>();
  const byPrincipal = new Map<string, CompiledAssignment[]>();
  for (const { name, scope, role, principalId } of assignments) {
    const permissions = compiled.get(role) ?? (roles.get(role)?.permissions ?? []).map(compilePermission);
    compiled.set(role, permissions);
    const verdict = { allowed: true, because: 'roleAssignment', assignment: name, role } as const;
    const assignment = { scope: scope.toLowerCase(), permissions, verdict: Object.freeze(verdict) };
    const others = byPrincipal.get(principalId);
    if (others === undefined) byPrincipal.set(principalId, [assignment]);
    else others.push(assignment);
  }
  return { tenantId: tenantId.toLowerCase(), byPrincipal };
}

/**
 * Whether a role assignment allows the request, and which one: the caller's own first, then those of its groups. A role's
 * `notActions` subtract from that role only; another assignment may still allow the action (role-definitions, "NotActions").
 *
 * A trusted service calls with a token of the services' tenant; object ids are unique across tenants, and the operator
 * named this one. Any other caller from another tenant has no assignment here.
 */
export function authorizeRbac(assignments: CompiledAssignments, caller: Caller, asked: RbacRequest): AccessVerdict {
  if (!isOfTenant(assignments, caller)) return noAssignment;
  let verdict = judge(assignments.byPrincipal.get(caller.objectId.toLowerCase()), asked);
  for (const group of caller.groups) {
    if (verdict.allowed) break;
    const byGroup = judge(assignments.byPrincipal.get(group.toLowerCase()), asked);
    if (byGroup !== noAssignment) verdict = byGroup;
  }
  return verdict;
}

/** Whether the request is allowed at its scope or anywhere below it: a caller that may see part of a list may ask for the list. */
export function mayAtOrBelow(assignments: CompiledAssignments, caller: Caller, asked: RbacRequest): boolean {
  return assignmentsOf(assignments, caller).some(
    (assignment) =>
      (isWithin(asked.scope, assignment.scope) || isWithin(assignment.scope, asked.scope)) && allows(assignment, asked),
  );
}

/** The permissions of the caller's roles at a scope, as their definitions list them. */
export function permissionsAt(
  assignments: CompiledAssignments,
  caller: Caller,
  scope: string,
): readonly RolePermission[] {
  return assignmentsOf(assignments, caller)
    .filter((assignment) => isWithin(scope, assignment.scope))
    .flatMap(({ permissions }) => permissions.map(({ source }) => source));
}

/** Whether the caller has any assignment. */
export function hasAssignment(assignments: CompiledAssignments, caller: Caller): boolean {
  return assignmentsOf(assignments, caller).length > 0;
}

/** The assignments of the caller and of its groups. */
function assignmentsOf(assignments: CompiledAssignments, caller: Caller): readonly CompiledAssignment[] {
  if (!isOfTenant(assignments, caller)) return [];
  return [caller.objectId, ...caller.groups].flatMap((id) => assignments.byPrincipal.get(id.toLowerCase()) ?? []);
}

function isOfTenant({ tenantId }: CompiledAssignments, { issuerClass, tenant }: Caller): boolean {
  return issuerClass === 'services' || tenant.toLowerCase() === tenantId;
}

function judge(candidates: readonly CompiledAssignment[] | undefined, asked: RbacRequest): AccessVerdict {
  let verdict = noAssignment;
  for (const assignment of candidates ?? []) {
    if (!isWithin(asked.scope, assignment.scope)) continue;
    if (allows(assignment, asked)) return assignment.verdict;
    verdict = roleLacksAction;
  }
  return verdict;
}

function allows({ permissions }: CompiledAssignment, { kind, name, role }: RbacRequest): boolean {
  return permissions.some((permission) => {
    const { allowed, not } = permission[kind];
    if (!hasAction(allowed, name) || hasAction(not, name)) return false;
    if (permission.delegableRoles === undefined || !delegating.has(name)) return true;
    return role === 'any' || (role !== undefined && permission.delegableRoles.has(role));
  });
}

function compilePermission(source: RolePermission): CompiledPermission {
  const { actions, notActions, dataActions, notDataActions, delegableRoles } = source;
  return {
    source,
    action: { allowed: compileActions(actions), not: compileActions(notActions) },
    dataAction: { allowed: compileActions(dataActions), not: compileActions(notDataActions) },
    delegableRoles: delegableRoles === undefined ? undefined : new Set(delegableRoles),
  };
}
