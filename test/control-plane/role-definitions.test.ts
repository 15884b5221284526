import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import { register } from '../data-plane/vaults.ts';
import { assign, roleDefinitionId } from '../world/assign.ts';
import type { TestServer } from '../world/server.ts';
import { at, expectError, expectStatus, group, location, putVault, startWithGroup, vaults } from './resources.ts';

const definitions = '/providers/Microsoft.Authorization/roleDefinitions';
const owner = roleDefinitionId('Owner').split('/').at(-1) ?? '';

let world: TestServer;
before(async () => {
  world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-one'), 200);
  expectStatus(await world.client.arm('PUT', '/resourceGroups/rg2', { location }), 201);
});
after(() => world[Symbol.asyncDispose]());

function subscription(): string {
  return `/subscriptions/${world.client.identity.subscriptionId}`;
}

async function list(scope: string, filter = ''): Promise<readonly string[]> {
  const query = filter === '' ? '' : `?$filter=${encodeURIComponent(filter)}`;
  const { body } = expectStatus(await world.client.arm('GET', `${scope}${definitions}${query}`), 200);
  const value: unknown = at(body, 'value');
  assert.ok(Array.isArray(value));
  return value.map((item: unknown) => String(Reflect.get(Object(Reflect.get(Object(item), 'properties')), 'roleName')));
}

function put(id: string, properties: unknown) {
  return world.client.arm('PUT', `${definitions}/${id}`, { properties });
}

function definition(others: object = {}) {
  const permissions = [{ actions: ['Microsoft.KeyVault/vaults/read'] }];
  return { roleName: `role ${randomUUID()}`, permissions, assignableScopes: [subscription()], ...others };
}

test('the built-in ones are found by id, by name and in the tenant', async () => {
  const { client } = world;
  const names = [...builtInRoles.values()].map(({ roleName }) => roleName);
  assert.deepEqual(await list(''), names);
  assert.deepEqual(await list(`${vaults}/kv-one`, "roleName eq 'key vault secrets user'"), ['Key Vault Secrets User']);
  assert.deepEqual(await list('', "type eq 'BuiltInRole' and roleName eq 'Owner'"), ['Owner']);
  assert.deepEqual(await list('', "roleName eq 'Owner''s'"), []);
  const one = expectStatus(await client.arm('GET', `${definitions}/${owner.toUpperCase()}`), 200).body;
  const expected = {
    roleName: 'Owner',
    type: 'BuiltInRole',
    description: 'Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.',
    assignableScopes: ['/'],
    permissions: [{ actions: ['*'], notActions: [], dataActions: [], notDataActions: [] }],
  };
  const { createdOn, updatedOn, createdBy, updatedBy, ...properties } = Object(at(one, 'properties')) as Record<
    string,
    unknown
  >;
  assert.deepEqual(properties, expected);
  assert.ok(Date.parse(String(createdOn)) > 0 && createdOn === updatedOn);
  assert.deepEqual([createdBy, updatedBy], [null, null]);
  assert.equal(at(one, 'id'), `${subscription()}${definitions}/${owner}`);
  assert.equal(at(one, 'name'), owner);
  assert.equal(at(one, 'type'), 'Microsoft.Authorization/roleDefinitions');

  // The tenant's path is open to every valid token.
  const token = await client.token('arm', await register(world));
  const url = (id: string) => `${client.home}${definitions}/${id}?api-version=2022-04-01`;
  const read = expectStatus(await client.send(url(owner), { token }), 200);
  assert.equal(at(read.body, 'id'), `${definitions}/${owner}`);
  expectStatus(await client.send(url(owner)), 401);
  const other = randomUUID();
  const message = `The specified role definition with ID '${other}' does not exist.`;
  expectError(await client.send(url(other), { token }), 404, 'RoleDefinitionDoesNotExist', message);
  expectError(await client.arm('GET', `${definitions}/${other}`), 404, 'RoleDefinitionDoesNotExist', message);
});

test('a custom one is created, changed, assigned and, once it has no assignments, deleted', async () => {
  const { client } = world;
  const id = randomUUID();
  const path = `${definitions}/${id}`;
  const wanted = definition({ description: 'd', assignableScopes: [`${subscription()}${group}`] });
  const made = expectStatus(await put(id, wanted), 201).body;
  assert.deepEqual(at(made, 'properties', 'permissions', 0, 'actions'), wanted.permissions[0]?.actions);
  assert.deepEqual(at(made, 'properties', 'permissions', 0, 'notDataActions'), []);
  assert.equal(at(made, 'properties', 'type'), 'CustomRole');
  assert.equal(at(made, 'properties', 'createdBy'), client.identity.objectId);
  assert.deepEqual((await client.arm('GET', `${group}${path}`)).body, made);
  assert.deepEqual(await list(group, "type eq 'CustomRole'"), [wanted.roleName]);
  assert.deepEqual(await list('/resourceGroups/rg2', "type eq 'CustomRole'"), []);
  assert.deepEqual(await list('', "type eq 'CustomRole'"), []);
  assert.deepEqual(await list('', "atScopeAndBelow() and type eq 'CustomRole'"), [wanted.roleName]);

  const caller = await register(world);
  const given = { roleDefinitionId: `${subscription()}${path}`, principalId: caller.objectId };
  const elsewhere = `/resourceGroups/rg2/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  expectError(
    await client.arm('PUT', elsewhere, { properties: given }),
    400,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${subscription()}${path}' does not exist.`,
  );
  const assignment = await assign(client, { role: id, principalId: caller.objectId, at: group });
  const asCaller = async () =>
    client.arm('GET', `${vaults}/kv-one`, undefined, { token: await client.token('arm', caller) });
  expectStatus(await asCaller(), 200);
  const changed = { ...wanted, permissions: [{ actions: ['*'], notActions: ['Microsoft.KeyVault/vaults/read'] }] };
  expectStatus(await put(id, changed), 201);
  expectStatus(await asCaller(), 403);

  expectError(
    await client.arm('DELETE', `${group}${path}`),
    400,
    'RoleDefinitionHasAssignments',
    'There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).',
  );
  expectStatus(await client.arm('DELETE', assignment), 200);
  expectStatus(await client.arm('DELETE', `${group}${path}`), 200);
  expectStatus(await client.arm('DELETE', `${group}${path}`), 204);
  expectStatus(await client.arm('GET', path), 404);
});

test('an invalid one is refused, and a built-in one cannot be changed', async () => {
  const { client } = world;
  const taken = definition();
  expectStatus(await put(randomUUID(), taken), 201);
  const id = randomUUID();
  const scope = (assignable: string) =>
    `'${assignable}' is not an assignable scope; it must be this subscription or a resource group of it, such as '${subscription()}'.`;
  const form =
    "is not an action; an action has the form 'Microsoft.KeyVault/vaults/read', where * matches any characters.";
  const wrong: readonly (readonly [properties: unknown, code: string, message: string, status?: number])[] = [
    [definition({ roleName: '' }), 'InvalidRoleDefinition', 'properties.roleName must have 1 to 512 characters.'],
    [
      definition({ type: 'BuiltInRole' }),
      'InvalidRoleDefinition',
      "properties.type is 'BuiltInRole'; it must be 'CustomRole'.",
    ],
    [definition({ permissions: [] }), 'InvalidRoleDefinition', 'properties.permissions must have at least one entry.'],
    [definition({ permissions: [{ actions: ['read'] }] }), 'InvalidRoleDefinition', `'read' ${form}`],
    [definition({ permissions: [{ dataActions: ['a/ b'] }] }), 'InvalidRoleDefinition', `'a/ b' ${form}`],
    [
      definition({ permissions: [{ actions: Array.from({ length: 1001 }, () => 'a/b') }] }),
      'InvalidRoleDefinition',
      'A role can have at most 1000 actions, not 1001.',
    ],
    [
      definition({ assignableScopes: [] }),
      'InvalidRoleDefinition',
      'properties.assignableScopes must have at least one scope.',
    ],
    ...['/', `${subscription()}2`, `${subscription()}${vaults}/kv-one`, 'x'].map(
      (assignable) =>
        [definition({ assignableScopes: [assignable] }), 'InvalidRoleDefinition', scope(assignable)] as const,
    ),
    [
      { ...taken, roleName: taken.roleName.toUpperCase() },
      'RoleDefinitionWithSameNameExists',
      `A custom role with the same name already exists in this directory. Use a different name than '${taken.roleName.toUpperCase()}'.`,
      409,
    ],
    [
      definition({ permissions: [{ actions: ['a/b'], condition: 'x' }] }),
      'BadRequest',
      'Invalid value found at properties.permissions[0].condition: this is "x"; it must be null, because this is not supported here.',
    ],
  ];
  for (const [properties, code, message, status = 400] of wrong) {
    expectError(await put(id, properties), status, code, message);
  }
  expectStatus(await client.arm('GET', `${definitions}/${id}`), 404);
  expectError(
    await put('name', definition()),
    400,
    'InvalidRoleDefinition',
    "The role definition ID 'name' is not a GUID.",
  );
  expectError(
    await put(owner, definition()),
    400,
    'InvalidRoleDefinition',
    "'Owner' is a built-in role and cannot be changed. Create a custom role of another ID.",
  );
  expectError(
    await client.arm('DELETE', `${definitions}/${owner}`),
    400,
    'InvalidRoleDefinition',
    "'Owner' is a built-in role and cannot be deleted.",
  );
});

test('a change needs the permission at every scope where the role can be assigned, before and after', async () => {
  const { client } = world;
  const caller = await register(world);
  await assign(client, { role: 'User Access Administrator', principalId: caller.objectId, at: group });
  const token = await client.token('arm', caller);
  const putAs = (id: string, properties: object) =>
    client.arm('PUT', `${group}${definitions}/${id}`, { properties }, { token });
  const own = randomUUID();
  const ofGroup = definition({ assignableScopes: [`${subscription()}${group}`] });
  expectStatus(await putAs(own, ofGroup), 201);
  const refused = await putAs(own, { ...ofGroup, assignableScopes: [`${subscription()}${group}`, subscription()] });
  expectError(
    refused,
    403,
    'LinkedAuthorizationFailed',
    `The client '${caller.objectId}' with object id '${caller.objectId}' has permission to perform action 'Microsoft.Authorization/roleDefinitions/write' on scope '${subscription()}${group}${definitions}/${own}'; however, it does not have permission to perform action(s) 'Microsoft.Authorization/roleDefinitions/write' on the linked scope(s) '${subscription()}' (respectively) or the linked scope(s) are invalid.`,
  );
  const others = randomUUID();
  expectStatus(await put(others, definition()), 201);
  expectStatus(await putAs(others, ofGroup), 409);
  expectStatus(await putAs(others, definition({ assignableScopes: [`${subscription()}${group}`] })), 403);
  expectStatus(await client.arm('DELETE', `${group}${definitions}/${others}`, undefined, { token }), 403);
});
