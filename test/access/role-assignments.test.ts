import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import {
  authorizeRbac,
  compileAssignments,
  hasAssignment,
  mayAtOrBelow,
  permissionsAt,
} from '../../src/access/role-assignments.ts';
import type { RbacRequest } from '../../src/access/role-assignments.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { RoleAssignment, RoleDefinition, RolePermission } from '../../src/types/role.ts';
import { caller, group, object, otherTenant, tenant } from './caller.ts';

const subscription = '/subscriptions/s';
const vault = `${subscription}/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv`;
const secret = `${vault}/secrets/one`;
const getSecret = 'microsoft.keyvault/vaults/secrets/getsecret/action';

function role(id: string, permissions: readonly Partial<RolePermission>[]): RoleDefinition {
  const none = { actions: [], notActions: [], dataActions: [], notDataActions: [] };
  const times = { createdOn: '', updatedOn: '', createdBy: null, updatedBy: null };
  return {
    ...times,
    id,
    roleName: id,
    description: '',
    type: 'CustomRole',
    permissions: permissions.map((permission) => ({ ...none, ...permission })),
    assignableScopes: ['/'],
  };
}

function assignment(name: string, others: Partial<RoleAssignment>): RoleAssignment {
  const times = { createdOn: '', updatedOn: '', createdBy: '', updatedBy: '' };
  return {
    ...times,
    name,
    scope: vault,
    role: 'reading',
    principalId: object,
    principalType: 'User',
    description: null,
    ...others,
  };
}

const reading = role('reading', [{ dataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'] }]);
const all = role('all', [{ actions: ['*'], notActions: ['*/delete'], dataActions: ['*'] }]);
const deleting = role('deleting', [{ actions: ['Microsoft.KeyVault/vaults/delete'] }]);
const roles = new Map([reading, all, deleting].map((definition) => [definition.id, definition]));

function compile(...assignments: readonly RoleAssignment[]) {
  return compileAssignments(tenant.toUpperCase(), assignments, roles);
}

function verdict(assignments: readonly RoleAssignment[], who: Partial<Caller> = {}, asked: Partial<RbacRequest> = {}) {
  const request = { kind: 'dataAction', name: getSecret, scope: secret, ...asked } as const;
  return authorizeRbac(compile(...assignments), caller(who), request);
}

const by = (name: string, definition = 'reading') => ({
  allowed: true,
  because: 'roleAssignment',
  assignment: name,
  role: definition,
});
const none = { allowed: false, because: 'noRoleAssignment' };
const lacking = { allowed: false, because: 'roleLacksAction' };

test('an assignment holds at its scope and below, by whole segments and in any case', () => {
  for (const scope of [subscription, `${subscription}/resourceGroups/RG`, vault.toUpperCase(), secret]) {
    assert.deepEqual(verdict([assignment('a', { scope })]), by('a'), scope);
  }
  const misses = [
    '/subscriptions/other',
    `${subscription}/resourceGroups/r`,
    `${subscription}/resourceGroups/rg2`,
    vault.slice(0, -1),
    `${vault}2`,
    `${vault}/secrets/on`,
    `${vault}/secrets/one2`,
    `${vault}/keys/one`,
    `${secret}/more`,
  ];
  for (const scope of misses) assert.deepEqual(verdict([assignment('a', { scope })]), none, scope);
});

test('an assignment holds for the principal, or the members of the group, only', () => {
  const own = [assignment('a', {})];
  assert.deepEqual(verdict(own, { objectId: object.toUpperCase() }), by('a'));
  assert.deepEqual(verdict(own, { objectId: group }), none);
  assert.deepEqual(verdict(own, { applicationId: object, objectId: group }), none);
  const groups = [assignment('g', { principalId: group })];
  assert.deepEqual(verdict(groups, { groups: [otherTenant, group.toUpperCase()] }), by('g'));
  assert.deepEqual(verdict(groups, { groups: [otherTenant] }), none);
  // The caller's own assignment comes first.
  assert.deepEqual(verdict([...groups, ...own], { groups: [group] }), by('a'));
});

test('the same object id in another tenant is another principal, unless it is a trusted service', () => {
  const given = [assignment('a', {})];
  assert.deepEqual(verdict(given, { tenant: otherTenant }), none);
  assert.deepEqual(verdict(given, { tenant: otherTenant, issuerClass: 'external' }), none);
  assert.deepEqual(verdict(given, { tenant: tenant.toUpperCase() }), by('a'));
  assert.deepEqual(verdict(given, { tenant: otherTenant, issuerClass: 'services' }), by('a'));
});

test("a role's actions do not allow data actions, nor its data actions actions", () => {
  const given = [assignment('a', {})];
  assert.deepEqual(verdict(given, {}, { name: 'microsoft.keyvault/vaults/secrets/setsecret/action' }), lacking);
  assert.deepEqual(verdict(given, {}, { kind: 'action' }), lacking);
  assert.deepEqual(verdict([assignment('a', { role: 'gone' })]), lacking);
});

test("a role's notActions subtract from that role only", () => {
  const remove = { kind: 'action', name: 'microsoft.keyvault/vaults/delete', scope: vault } as const;
  assert.deepEqual(verdict([assignment('a', { role: 'all' })], {}, remove), lacking);
  const both = [assignment('a', { role: 'all' }), assignment('b', { role: 'deleting' })];
  assert.deepEqual(verdict(both, {}, remove), by('b', 'deleting'));
  assert.deepEqual(verdict(both, {}, { ...remove, name: 'microsoft.keyvault/vaults/write' }), by('a', 'all'));
});

test('a role limited to assigning some roles cannot assign or remove others', () => {
  const administrator = builtInRoles.get('8b54135c-b56d-4d72-a534-26097cfdc8d8');
  assert.ok(administrator !== undefined);
  const compiled = compileAssignments(
    tenant,
    [assignment('a', { role: administrator.id, scope: subscription })],
    builtInRoles,
  );
  const may = (name: string, wanted?: string) =>
    authorizeRbac(compiled, caller(), {
      kind: 'action',
      name: `microsoft.authorization/roleassignments/${name}`,
      scope: vault,
      ...(wanted !== undefined && { role: wanted }),
    }).allowed;
  const [secretsUser, owner] = ['4633458b-17de-408a-b874-0445c86b69e6', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'];
  for (const name of ['write', 'delete']) {
    assert.ok(may(name, secretsUser));
    assert.ok(!may(name, owner));
    assert.ok(!may(name));
    assert.ok(may(name, 'any'));
  }
  assert.ok(may('read', owner));
  assert.ok(may('read'));
});

test('a caller with permission somewhere below a scope may ask for the list there', () => {
  const compiled = compile(assignment('a', { scope: secret }));
  const asked = { kind: 'dataAction', name: getSecret, scope: subscription } as const;
  assert.ok(mayAtOrBelow(compiled, caller(), asked));
  assert.ok(mayAtOrBelow(compiled, caller(), { ...asked, scope: `${secret}/x` }));
  assert.ok(!mayAtOrBelow(compiled, caller(), { ...asked, scope: `${subscription}/resourcegroups/other` }));
  assert.ok(!mayAtOrBelow(compiled, caller(), { ...asked, name: 'other/action' }));
  assert.ok(!mayAtOrBelow(compiled, caller({ objectId: group }), asked));
  assert.ok(hasAssignment(compiled, caller()));
  assert.ok(!hasAssignment(compiled, caller({ objectId: group })));
  assert.deepEqual(permissionsAt(compiled, caller(), secret), reading.permissions);
  assert.deepEqual(permissionsAt(compiled, caller(), vault), []);
});

/** A plain evaluator without indexes, sets or early exits, which the compiled form must agree with. */
function naive(assignments: readonly RoleAssignment[], definitions: readonly RoleDefinition[], asked: Asked): boolean {
  const matches = (pattern: string) =>
    [pattern, pattern.replace('/*/', '/')].some((one) =>
      new RegExp(`^${one.replaceAll('*', '.*')}$`, 'i').test(asked.action),
    );
  return assignments.some((one) => {
    const outer = one.scope.toLowerCase().split('/');
    const inner = asked.scope.toLowerCase().split('/');
    const isIn = outer.every((segment, index) => inner[index] === segment);
    const isHeld = [asked.who, ...asked.groups].includes(one.principalId);
    const permissions = definitions.find(({ id }) => id === one.role)?.permissions ?? [];
    const allows = permissions.some(
      ({ dataActions, notDataActions }) => dataActions.some(matches) && !notDataActions.some(matches),
    );
    return isIn && isHeld && allows;
  });
}

interface Asked {
  readonly who: string;
  readonly groups: readonly string[];
  readonly action: string;
  readonly scope: string;
}

test('the compiled form agrees with an evaluator that checks everything', () => {
  const id = fc.constantFrom('p1', 'p2', 'g1', 'g2');
  const segment = fc.constantFrom('a', 'b', 'ab', 'B');
  const scope = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
  const name = fc.constantFrom('x/read', 'x/write', 'x/y/read', 'X/*', '*/read', '*', 'x/*/read');
  const names = fc.array(name, { maxLength: 2 });
  const permissions = fc.array(fc.record({ dataActions: names, notDataActions: names }), { maxLength: 2 });
  const definition = fc.tuple(fc.constantFrom('r1', 'r2', 'r3'), permissions).map(([of, given]) => role(of, given));
  const definitions = fc.uniqueArray(definition, { selector: ({ id: of }) => of, maxLength: 3 });
  const one = fc
    .record({ scope, role: fc.constantFrom('r1', 'r2', 'r3', 'gone'), principalId: id })
    .map((given) => assignment('a', given));
  const asked = fc.record({
    who: id,
    groups: fc.array(id, { maxLength: 2 }),
    action: fc.constantFrom('x/read', 'x/write', 'x/y/read', 'y/read', 'read'),
    scope,
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), definitions, asked, (assignments, given, request) => {
      const compiled = compileAssignments(tenant, assignments, new Map(given.map((of) => [of.id, of])));
      const found = authorizeRbac(compiled, caller({ objectId: request.who, groups: request.groups }), {
        kind: 'dataAction',
        name: request.action,
        scope: request.scope.toLowerCase(),
      });
      assert.equal(found.allowed, naive(assignments, given, request));
    }),
    { numRuns: 2000 },
  );
});
