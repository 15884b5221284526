import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { register } from '../data-plane/vaults.ts';
import type { Registered } from '../data-plane/vaults.ts';
import { assign, roleDefinitionId } from '../world/assign.ts';
import type { Answered, Sent } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import {
  at,
  expectError,
  expectStatus,
  group,
  location,
  namesIn,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  subnetId,
  vaultBody,
  vaults,
} from './resources.ts';

const assignments = '/providers/Microsoft.Authorization/roleAssignments';
const definitions = '/providers/Microsoft.Authorization/roleDefinitions';
const kv = `${vaults}/kv-one`;

let world: TestServer;
before(async () => {
  world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-one'), 200);
  expectStatus(await putVault(client, 'kv-two'), 200);
  expectStatus(await putNetwork(client, 'net', ['apps', 'other']), 201);
  expectStatus(await client.arm('PUT', '/resourceGroups/rg2', { location }), 201);
});
after(() => world[Symbol.asyncDispose]());

/** A new caller, with the given roles at paths below the subscription. */
async function callerWith(...roles: readonly (readonly [role: string, at: string])[]): Promise<Registered> {
  const caller = await register(world);
  for (const [role, path] of roles) {
    await assign(world.client, { role, principalId: caller.objectId, principalType: 'ServicePrincipal', at: path });
  }
  return caller;
}

async function as(caller: Registered, method: string, path: string, body?: unknown): Promise<Answered> {
  const sent: Sent = { token: await world.client.token('arm', caller) };
  return world.client.arm(method, path, body, sent);
}

function subscription(): string {
  return `/subscriptions/${world.client.identity.subscriptionId}`;
}

function expectDenied(answered: Answered, caller: Registered, action: string, path: string): void {
  expectError(
    answered,
    403,
    'AuthorizationFailed',
    `The client '${caller.objectId}' with object id '${caller.objectId}' does not have authorization to perform action '${action}' over scope '${subscription()}${path}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

suite('a role', () => {
  test('lets a Reader read everything and change nothing, also not the firewall', async () => {
    const reader = await callerWith(['Reader', '']);
    const unchanged = expectStatus(await as(reader, 'GET', kv), 200);
    expectStatus(await as(reader, 'GET', `${networks}/net`), 200);
    expectStatus(await as(reader, 'GET', assignments), 200);
    const firewall = { networkAcls: { defaultAction: 'Allow', bypass: 'AzureServices' } };
    const write = 'Microsoft.KeyVault/vaults/write';
    expectDenied(await as(reader, 'PUT', kv, vaultBody(world.client, firewall)), reader, write, kv);
    expectDenied(await as(reader, 'PATCH', kv, { properties: firewall }), reader, write, kv);
    expectDenied(await as(reader, 'DELETE', kv), reader, 'Microsoft.KeyVault/vaults/delete', kv);
    const policies = `${kv}/accessPolicies/add`;
    const accessPolicies = 'Microsoft.KeyVault/vaults/accessPolicies/write';
    expectDenied(await as(reader, 'PUT', policies, {}), reader, accessPolicies, policies);
    const path = `${kv}${assignments}/${randomUUID()}`;
    expectDenied(await as(reader, 'PUT', path, {}), reader, 'Microsoft.Authorization/roleAssignments/write', path);
    assert.deepEqual((await as(reader, 'GET', kv)).body, unchanged.body);
  });

  test('lets a Contributor change everything except access', async () => {
    const contributor = await callerWith(['Contributor', '']);
    expectStatus(await as(contributor, 'PUT', kv, vaultBody(world.client)), 200);
    for (const path of [`${kv}${assignments}/${randomUUID()}`, `${definitions}/${randomUUID()}`]) {
      const action = `Microsoft.Authorization/${path.includes('roleDef') ? 'roleDefinitions' : 'roleAssignments'}`;
      expectDenied(await as(contributor, 'PUT', path, {}), contributor, `${action}/write`, path);
      expectDenied(await as(contributor, 'DELETE', path), contributor, `${action}/delete`, path);
    }
    const lock = `${kv}/providers/Microsoft.Authorization/locks/l`;
    expectDenied(await as(contributor, 'PUT', lock, {}), contributor, 'Microsoft.Authorization/locks/write', lock);
  });

  test('applies at its scope and below, however the path is written', async () => {
    const caller = await callerWith([
      'Key Vault Contributor',
      kv.toUpperCase().replace('/RESOURCEGROUPS', '/resourceGroups'),
    ]);
    for (const path of [kv, `${kv}/`, kv.replace('/rg/', '/RG//'), kv.replace('kv-one', 'kv%2Done')]) {
      assert.equal((await as(caller, 'GET', path)).status, 200, path);
    }
    const read = 'Microsoft.KeyVault/vaults/read';
    for (const path of [`${vaults}/kv-two`, kv.replace('/rg/', '/rg2/'), `${vaults}/kv-one2`]) {
      expectDenied(await as(caller, 'GET', path), caller, read, path);
    }
    expectDenied(
      await as(caller, 'GET', group),
      caller,
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      group,
    );
  });

  test('allows changes of access policies with their own action or with that of the vault', async () => {
    const accessPolicies = [{ tenantId: world.client.identity.tenantId, objectId: randomUUID(), permissions: {} }];
    const path = `${kv}/accessPolicies/add`;
    for (const action of ['Microsoft.KeyVault/vaults/accessPolicies/write', 'Microsoft.KeyVault/vaults/write']) {
      const caller = await callerWith([await customRole([action]), kv]);
      expectStatus(await as(caller, 'PUT', path, { properties: { accessPolicies } }), 200);
    }
    const other = await callerWith([await customRole(['Microsoft.KeyVault/vaults/read']), kv]);
    expectStatus(await as(other, 'PUT', path, { properties: { accessPolicies } }), 403);
  });

  test('no longer applies to the next request after it is taken away', async () => {
    const { client } = world;
    const caller = await register(world);
    const path = await assign(client, { role: 'Reader', principalId: caller.objectId, at: group });
    expectStatus(await as(caller, 'GET', kv), 200);
    expectStatus(await client.arm('DELETE', path), 200);
    expectDenied(await as(caller, 'GET', kv), caller, 'Microsoft.KeyVault/vaults/read', kv);
  });

  test('is shown to its holder among the permissions', async () => {
    const caller = await callerWith(['Reader', ''], ['Key Vault Secrets User', kv]);
    const path = '/providers/Microsoft.Authorization/permissions';
    const reading = { actions: ['*/read'], notActions: [], dataActions: [], notDataActions: [] };
    const listed = await as(caller, 'GET', `${group}${path}`);
    assert.deepEqual(expectStatus(listed, 200).body, { value: [reading], nextLink: null });
    assert.equal(at((await as(caller, 'GET', `${kv}${path}`)).body, 'value', 'length'), 2);
    const withoutRoles = await callerWith();
    assert.deepEqual((await as(withoutRoles, 'GET', `${kv}${path}`)).body, { value: [], nextLink: null });
  });
});

suite('lists', () => {
  test('show the resources that the caller may read', async () => {
    const one = await callerWith(['Key Vault Reader', kv], ['Reader', `${networks}/net`]);
    assert.deepEqual(namesIn((await as(one, 'GET', vaults)).body), ['kv-one']);
    assert.deepEqual(namesIn((await as(one, 'GET', '/providers/Microsoft.KeyVault/vaults')).body), ['kv-one']);
    const filter = encodeURIComponent("resourceType eq 'Microsoft.KeyVault/vaults'");
    assert.deepEqual(namesIn((await as(one, 'GET', `/resources?$filter=${filter}`)).body), ['kv-one']);
    assert.deepEqual(namesIn((await as(one, 'GET', networks)).body), ['net']);
    const whole = await callerWith(['Reader', group]);
    assert.deepEqual(namesIn((await as(whole, 'GET', vaults)).body), ['kv-one', 'kv-two']);
    assert.deepEqual(namesIn((await as(whole, 'GET', '/resourceGroups')).body), ['rg']);
    assert.deepEqual(namesIn((await world.client.arm('GET', '/resourceGroups')).body), ['rg', 'rg2']);
  });

  test('are refused to a caller who may read none of their items', async () => {
    const caller = await callerWith(['Key Vault Reader', '/resourceGroups/rg2']);
    expectDenied(await as(caller, 'GET', vaults), caller, 'Microsoft.KeyVault/vaults/read', vaults);
    assert.deepEqual(namesIn((await as(caller, 'GET', '/providers/Microsoft.KeyVault/vaults')).body), []);
  });

  test('of subscriptions show those in which the caller has any role', async () => {
    const url = `${world.client.home}/subscriptions?api-version=2022-12-01`;
    const list = async (caller: Registered) => {
      const token = await world.client.token('arm', caller);
      return at(expectStatus(await world.client.send(url, { token }), 200).body, 'value', 'length');
    };
    assert.equal(await list(await callerWith(['Key Vault Secrets User', `${kv}/secrets/one`])), 1);
    assert.equal(await list(await callerWith()), 0);
  });
});

suite('linked access', () => {
  const rule = (...ids: readonly string[]) => ({
    networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: ids.map((id) => ({ id })) },
  });
  const join = 'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action';

  test('a Key Vault Contributor adds no rule for a subnet that it may not join', async () => {
    const { client } = world;
    const caller = await callerWith(['Key Vault Contributor', group]);
    const [apps, other] = [subnetId(client, 'net', 'apps'), subnetId(client, 'net', 'other')];
    const refusedFor = (answered: Answered, subnet: string) =>
      expectError(
        answered,
        403,
        'LinkedAuthorizationFailed',
        `The client '${caller.objectId}' with object id '${caller.objectId}' has permission to perform action 'Microsoft.KeyVault/vaults/write' on scope '${subscription()}${kv}'; however, it does not have permission to perform action(s) '${join}' on the linked scope(s) '${subnet}' (respectively) or the linked scope(s) are invalid.`,
      );
    refusedFor(await as(caller, 'PUT', kv, vaultBody(client, rule(apps))), apps);
    refusedFor(await as(caller, 'PATCH', kv, { properties: rule(apps) }), apps);
    // Nor is the caller told whether the subnet exists.
    const gone = subnetId(client, 'net', 'gone');
    refusedFor(await as(caller, 'PUT', kv, vaultBody(client, rule(gone))), gone);
    assert.equal(at((await client.arm('GET', kv)).body, 'properties', 'networkAcls'), undefined);

    // With the permission on that subnet the caller may, and may later send existing rules without it.
    const path = await assign(client, {
      role: 'Network Contributor',
      principalId: caller.objectId,
      at: `${networks}/net/subnets/apps`,
    });
    expectStatus(await as(caller, 'PUT', kv, vaultBody(client, rule(apps))), 200);
    refusedFor(await as(caller, 'PUT', kv, vaultBody(client, rule(apps, other))), other);
    expectStatus(await client.arm('DELETE', path), 200);
    expectStatus(await as(caller, 'PUT', kv, vaultBody(client, rule(apps), { tags: { a: 'b' } })), 200);
    expectStatus(await as(caller, 'PUT', kv, vaultBody(client, rule())), 200);
    refusedFor(await as(caller, 'PUT', kv, vaultBody(client, rule(apps))), apps);
  });

  test('a caller who may not assign roles cannot change how access to a vault is given', async () => {
    const { client } = world;
    const caller = await callerWith(['Key Vault Contributor', group]);
    expectStatus(await putVault(client, 'kv-model', { enableRbacAuthorization: true }), 200);
    const path = `${vaults}/kv-model`;
    const refused = await as(caller, 'PATCH', path, { properties: { enableRbacAuthorization: false } });
    expectError(
      refused,
      403,
      'LinkedAuthorizationFailed',
      `The client '${caller.objectId}' with object id '${caller.objectId}' has permission to perform action 'Microsoft.KeyVault/vaults/write' on scope '${subscription()}${path}'; however, it does not have permission to perform action(s) 'Microsoft.Authorization/roleAssignments/write' on the linked scope(s) '${subscription()}${path}' (respectively) or the linked scope(s) are invalid.`,
    );
    expectStatus(await as(caller, 'PATCH', path, { properties: { enableRbacAuthorization: true } }), 200);
    await assign(client, { role: 'User Access Administrator', principalId: caller.objectId, at: path });
    expectStatus(await as(caller, 'PATCH', path, { properties: { enableRbacAuthorization: false } }), 200);
  });
});

async function customRole(actions: readonly string[]): Promise<string> {
  const id = randomUUID();
  const properties = { roleName: `custom ${id}`, permissions: [{ actions }], assignableScopes: [subscription()] };
  expectStatus(await world.client.arm('PUT', `${definitions}/${id}`, { properties }), 201);
  return id;
}

suite('role assignments', () => {
  const put = (path: string, properties: object) => world.client.arm('PUT', path, { properties });

  test("are created, read, given a new description and deleted, with Azure's answers", async () => {
    const { client } = world;
    const [name, principalId] = [randomUUID(), randomUUID()];
    const path = `${kv}${assignments}/${name}`;
    const role = roleDefinitionId('Reader');
    const created = expectStatus(await put(path, { roleDefinitionId: role, principalId, principalType: 'Group' }), 201);
    const createdOn = new Date(Date.parse(String(at(created.body, 'properties', 'createdOn')))).toISOString();
    const expected = {
      properties: {
        roleDefinitionId: `${subscription()}${role}`,
        principalId,
        principalType: 'Group',
        scope: `${subscription()}${kv}`,
        condition: null,
        conditionVersion: null,
        createdOn,
        updatedOn: createdOn,
        createdBy: client.identity.objectId,
        updatedBy: client.identity.objectId,
        delegatedManagedIdentityResourceId: null,
        description: null,
      },
      id: `${subscription()}${path}`,
      type: 'Microsoft.Authorization/roleAssignments',
      name,
    };
    assert.deepEqual(created.body, expected);
    assert.deepEqual((await client.arm('GET', path)).body, expected);
    world.advance(1000);
    const again = { roleDefinitionId: `${subscription()}${role}`, principalId, description: 'because' };
    const described = expectStatus(await put(path, again), 200);
    assert.equal(at(described.body, 'properties', 'description'), 'because');
    assert.equal(at(described.body, 'properties', 'principalType'), 'Group');
    assert.equal(at(described.body, 'properties', 'createdOn'), createdOn);
    assert.notEqual(at(described.body, 'properties', 'updatedOn'), createdOn);
    assert.deepEqual(expectStatus(await client.arm('DELETE', path), 200).body, described.body);
    expectStatus(await client.arm('DELETE', path), 204);
    expectError(
      await client.arm('GET', path),
      404,
      'RoleAssignmentNotFound',
      `The role assignment '${name}' is not found.`,
    );
  });

  test('are unique, and cannot be changed into others', async () => {
    const [name, principalId] = [randomUUID(), randomUUID()];
    const path = `${kv}${assignments}/${name}`;
    const reader = { roleDefinitionId: roleDefinitionId('Reader'), principalId };
    expectStatus(await put(path, reader), 201);
    expectError(
      await put(`${kv.toLowerCase()}${assignments}/${randomUUID()}`, reader),
      409,
      'RoleAssignmentExists',
      `The role assignment already exists. The ID of the existing role assignment is ${name.replaceAll('-', '')}.`,
    );
    const others: readonly (readonly [string, object])[] = [
      [path, { ...reader, roleDefinitionId: roleDefinitionId('Owner') }],
      [path, { ...reader, principalId: randomUUID() }],
      [`${group}${assignments}/${name}`, reader],
    ];
    for (const [to, properties] of others) {
      expectError(
        await put(to, properties),
        400,
        'RoleAssignmentUpdateNotPermitted',
        'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
      );
    }
    // The same assignment at another scope is a different one.
    expectStatus(await put(`${group}${assignments}/${randomUUID()}`, reader), 201);
  });

  test('are refused with the reason', async () => {
    const reader = { roleDefinitionId: roleDefinitionId('Reader'), principalId: randomUUID() };
    const path = `${kv}${assignments}/${randomUUID()}`;
    const unknown = roleDefinitionId(randomUUID());
    const doesNotExist = (id: string) => `The specified role definition with ID '${id}' does not exist.`;
    const invalid = 'Invalid value found at properties';
    const wrong: readonly (readonly [path: string, properties: unknown, status: number, code: string, text: string])[] =
      [
        [path, { ...reader, roleDefinitionId: unknown }, 400, 'RoleDefinitionDoesNotExist', doesNotExist(unknown)],
        [path, { ...reader, roleDefinitionId: 'Reader' }, 400, 'RoleDefinitionDoesNotExist', doesNotExist('Reader')],
        [path, { principalId: reader.principalId }, 400, 'RoleDefinitionDoesNotExist', doesNotExist('')],
        [
          path,
          { ...reader, principalId: 'me' },
          400,
          'InvalidPrincipalId',
          "The principal ID 'me' is not valid. Principal ID must be a GUID.",
        ],
        [
          `${kv}${assignments}/name`,
          reader,
          400,
          'InvalidRoleAssignmentId',
          "The role assignment ID 'name' is not valid. The role assignment ID must be a GUID.",
        ],
        [
          path,
          { ...reader, condition: '@Resource[x] exists' },
          400,
          'BadRequest',
          `${invalid}.condition: this is "@Resource[x] exists"; it must be null, because this is not supported here.`,
        ],
        [
          path,
          { ...reader, principalType: 'Robot' },
          400,
          'BadRequest',
          `${invalid}.principalType: "Robot" is not a choice; use User or Group or ServicePrincipal or ForeignGroup or Device.`,
        ],
        [path, 'x', 400, 'BadRequest', `${invalid}: this is a string; it must be an object.`],
        [
          `/resourceGroups/none${assignments}/${randomUUID()}`,
          reader,
          404,
          'ResourceGroupNotFound',
          "Resource group 'none' could not be found.",
        ],
        [
          `${vaults}/kv-none${assignments}/${randomUUID()}`,
          reader,
          404,
          'ResourceNotFound',
          "The Resource 'Microsoft.KeyVault/vaults/kv-none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ],
        [
          `${networks}/net/subnets/none${assignments}/${randomUUID()}`,
          reader,
          404,
          'ResourceNotFound',
          "The Resource 'Microsoft.Network/virtualNetworks/subnets/net/none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ],
        [
          `${vaults}${assignments}/${randomUUID()}`,
          reader,
          400,
          'InvalidScope',
          `'${subscription()}${vaults}' is not a scope: give the id of a subscription, a resource group, a resource, or an object of a vault, such as '…/providers/Microsoft.KeyVault/vaults/kv/secrets/name'.`,
        ],
      ];
    for (const [to, properties, status, code, message] of wrong) {
      expectError(await world.client.arm('PUT', to, { properties }), status, code, message);
    }
    expectStatus(await world.client.arm('GET', path), 404);
  });

  test('are listed at a scope, above and below it, and by filter', async () => {
    const principalId = randomUUID();
    const scopes = ['', group, kv, `${kv}/secrets/one`, `${vaults}/kv-two`];
    for (const scope of scopes) await assign(world.client, { role: 'Reader', principalId, at: scope });
    const list = async (scope: string, filter: string) => {
      const query = filter === '' ? '' : `?$filter=${encodeURIComponent(filter)}`;
      const { body } = expectStatus(await world.client.arm('GET', `${scope}${assignments}${query}`), 200);
      const value: unknown = at(body, 'value');
      assert.ok(Array.isArray(value));
      return value
        .filter((item: unknown) => JSON.stringify(item).includes(principalId))
        .map((item: unknown) => String(Reflect.get(Object(Reflect.get(Object(item), 'properties')), 'scope')))
        .map((scopeId) => scopeId.slice(subscription().length));
    };
    const by = `principalId eq '${principalId.toUpperCase()}'`;
    assert.deepEqual((await list('', '')).toSorted(), scopes.toSorted());
    assert.deepEqual((await list(kv, '')).toSorted(), scopes.slice(0, 4).toSorted());
    assert.deepEqual((await list(kv, by)).toSorted(), scopes.slice(0, 4).toSorted());
    assert.deepEqual((await list(kv, 'atScope()')).toSorted(), scopes.slice(0, 3).toSorted());
    assert.deepEqual((await list(kv, `atScope() and ${by}`)).toSorted(), scopes.slice(0, 3).toSorted());
    assert.deepEqual((await list(kv, `assignedTo('${principalId}')`)).toSorted(), scopes.slice(0, 4).toSorted());
    assert.deepEqual(await list(kv, `assignedTo('${randomUUID()}')`), []);
    assert.deepEqual(await list(kv, `principalId eq '${randomUUID()}'`), []);
    expectError(
      await world.client.arm('GET', `${assignments}?$filter=${encodeURIComponent("roleName eq 'x'")}`),
      400,
      'BadRequest',
      "$filter has 'roleName eq 'x''; supported are atScope(), principalId eq '…', assignedTo('…'), joined by and.",
    );
  });

  test('of the caller include those of its groups', async () => {
    const groupId = randomUUID();
    const member = await register(world, { groups: [groupId] });
    await assign(world.client, { role: 'Reader', principalId: groupId, principalType: 'Group', at: group });
    const filter = encodeURIComponent(`assignedTo('${member.objectId}')`);
    const own = await as(member, 'GET', `${group}${assignments}?$filter=${filter}`);
    assert.equal(at(expectStatus(own, 200).body, 'value', 0, 'properties', 'principalId'), groupId);
  });

  test('can be created and deleted by a Key Vault Data Access Administrator for some roles only', async () => {
    const caller = await callerWith(['Key Vault Data Access Administrator', group]);
    const principalId = randomUUID();
    const assignAs = (role: string, name: string) =>
      as(caller, 'PUT', `${kv}${assignments}/${name}`, {
        properties: { roleDefinitionId: roleDefinitionId(role), principalId },
      });
    const [user, owner] = [randomUUID(), randomUUID()];
    expectStatus(await assignAs('Key Vault Secrets User', user), 201);
    const action = 'Microsoft.Authorization/roleAssignments';
    for (const role of [
      'Owner',
      'Reader',
      'Key Vault Data Access Administrator',
      'Key Vault Crypto Service Release User',
    ]) {
      expectDenied(await assignAs(role, owner), caller, `${action}/write`, `${kv}${assignments}/${owner}`);
    }
    const held = await assign(world.client, { role: 'Reader', principalId, at: kv });
    expectDenied(await as(caller, 'DELETE', held), caller, `${action}/delete`, held);
    expectStatus(await world.client.arm('GET', held), 200);
    expectStatus(await as(caller, 'DELETE', `${kv}${assignments}/${user}`), 200);
  });

  test('to oneself need the permission to assign at that scope', async () => {
    const caller = await callerWith(['User Access Administrator', kv]);
    const path = `${group}${assignments}/${randomUUID()}`;
    const properties = { roleDefinitionId: roleDefinitionId('Owner'), principalId: caller.objectId };
    const action = 'Microsoft.Authorization/roleAssignments/write';
    expectDenied(await as(caller, 'PUT', path, { properties }), caller, action, path);
    const below = `${kv}${assignments}/${randomUUID()}`;
    expectStatus(await as(caller, 'PUT', below, { properties }), 201);
  });
});
