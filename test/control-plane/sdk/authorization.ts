/** Run by `sdk.test.ts`: the official authorization client. The vault `kv-roles` already exists. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { credential, objectId, options, subscriptionId } from './connection.ts';

const client = new AuthorizationManagementClient(credential, subscriptionId, options);
const { permissions, roleAssignments, roleDefinitions } = client;

const subscription = `subscriptions/${subscriptionId}`;
const group = `${subscription}/resourceGroups/rg`;
const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-roles`;
const secret = `${vault}/secrets/one`;

async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of list) found.push(item);
  return found;
}

/** The id of a role, found by its name as clients do. */
async function roleNamed(name: string): Promise<string> {
  const [role] = await all(roleDefinitions.list(vault, { filter: `roleName eq '${name}'` }));
  assert.ok(role?.id !== undefined, name);
  assert.equal(role.roleType, 'BuiltInRole');
  assert.deepEqual((await roleDefinitions.getById(role.id)).permissions, role.permissions);
  assert.equal((await roleDefinitions.get(subscription, role.name ?? '')).roleName, name);
  return role.id;
}

async function assignAndRevoke(): Promise<void> {
  const roleDefinitionId = await roleNamed('Key Vault Secrets User');
  const principalId = randomUUID();
  const given = { roleDefinitionId, principalId, principalType: 'ServicePrincipal' };
  const names: string[] = [];
  for (const scope of [subscription, group, vault, secret]) {
    const name = randomUUID();
    names.push(name);
    const made = await roleAssignments.create(scope, name, given);
    assert.equal(made.id, `/${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`);
    assert.deepEqual(
      [made.scope, made.principalId, made.principalType],
      [`/${scope}`, principalId, 'ServicePrincipal'],
    );
    assert.equal(made.roleDefinitionId, roleDefinitionId);
    assert.ok(made.createdOn instanceof Date && made.createdBy === objectId);
    assert.deepEqual(await roleAssignments.get(scope, name), made);
    assert.deepEqual(await roleAssignments.getById(made.id), made);
    const { updatedOn, ...again } = await roleAssignments.createById(made.id, given);
    assert.ok(updatedOn instanceof Date);
    assert.deepEqual({ ...again, updatedOn: made.updatedOn }, made);
  }
  const filter = `principalId eq '${principalId}'`;
  const listed = async (list: AsyncIterable<{ readonly name?: string }>) =>
    (await all(list)).map(({ name }) => name ?? '').toSorted();
  const sorted = names.toSorted();
  assert.deepEqual(await listed(roleAssignments.listForSubscription({ filter })), sorted);
  assert.deepEqual(await listed(roleAssignments.listForResourceGroup('rg', { filter })), sorted);
  const ofVault = ['rg', 'Microsoft.KeyVault', 'vaults', 'kv-roles'] as const;
  assert.deepEqual(await listed(roleAssignments.listForResource(...ofVault, { filter })), sorted);
  assert.deepEqual(await listed(roleAssignments.listForScope(secret, { filter })), sorted);
  // With those of the administrator and of the fabric's reader.
  assert.equal((await listed(roleAssignments.listForScope(vault, { filter: 'atScope()' }))).length, 5);

  await assert.rejects(roleAssignments.create(vault, randomUUID(), given), {
    statusCode: 409,
    code: 'RoleAssignmentExists',
  });
  const [first = '', second = ''] = names;
  assert.equal((await roleAssignments.delete(subscription, first)).name, first);
  await roleAssignments.deleteById(`${group}/providers/Microsoft.Authorization/roleAssignments/${second}`);
  assert.equal((await listed(roleAssignments.listForSubscription({ filter }))).length, 2);
  await assert.rejects(roleAssignments.get(subscription, first), { statusCode: 404, code: 'RoleAssignmentNotFound' });
}

async function customRole(): Promise<void> {
  const id = randomUUID();
  const role = {
    roleName: 'Secret namer',
    description: 'Sees names of secrets.',
    roleType: 'CustomRole',
    permissions: [{ dataActions: ['Microsoft.KeyVault/vaults/secrets/readMetadata/action'] }],
    assignableScopes: [`/${group}`],
  };
  const made = await roleDefinitions.createOrUpdate(subscription, id, role);
  assert.equal(made.name, id);
  assert.deepEqual(made.assignableScopes, role.assignableScopes);
  assert.deepEqual(made.permissions?.[0]?.dataActions, role.permissions[0]?.dataActions);
  const custom = await all(roleDefinitions.list(vault, { filter: "type eq 'CustomRole'" }));
  assert.deepEqual(
    custom.map(({ roleName }) => roleName),
    ['Secret namer'],
  );
  assert.equal((await roleDefinitions.delete(subscription, id)).name, id);
  await assert.rejects(roleDefinitions.get(subscription, id), { statusCode: 404, code: 'RoleDefinitionDoesNotExist' });
}

await assignAndRevoke();
await customRole();
const own = await all(permissions.listForResourceGroup('rg'));
assert.deepEqual(
  own.map(({ actions }) => actions),
  [['*']],
);
const ofVault = await all(permissions.listForResource('rg', 'Microsoft.KeyVault', '', 'vaults', 'kv-roles'));
assert.equal(ofVault.length, 1);
process.stdout.write('done\n');
