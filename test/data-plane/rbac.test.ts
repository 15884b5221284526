import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import { dataActionOf } from '../../src/access/data-actions.ts';
import { operations } from '../../src/data-plane/operations.ts';
import { authorizationKey } from '../../src/resources/keys.ts';
import { encode } from '../../src/store/store.ts';
import { assign } from '../world/assign.ts';
import type { Answered } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { certificateRows, certificateSetUp } from './rows/certificates.ts';
import { keyRows, keySetUp } from './rows/keys.ts';
import type { Row } from './rows/row.ts';
import { secretRows, secretSetUp } from './rows/secrets.ts';
import { auditRecords, callerLine, errorBody, location, putVault, register, vaultPath } from './vaults.ts';
import type { Registered } from './vaults.ts';

const vault = 'kv-rbac';
const rows: Readonly<Record<string, Row>> = { ...secretRows, ...keyRows, ...certificateRows };

let world: TestServer;
before(async () => {
  world = await startServer();
  const { client } = world;
  await putVault(client, vault, { enableRbacAuthorization: true });
  const principalId = client.identity.objectId;
  await assign(client, { role: 'Key Vault Administrator', principalId, at: vaultPath(vault) });
  for (const [method, path, body] of [...secretSetUp, ...keySetUp, ...certificateSetUp]) {
    const { status } = await client.vault(vault, method, path, body === undefined ? {} : { body });
    assert.ok(status < 300, `${method} ${path}: ${status}`);
  }
});
after(() => world[Symbol.asyncDispose]());

async function as(caller: Registered, [method, path, body]: Row['request'], agent?: Agent): Promise<Answered> {
  const token = await world.client.token('vault', caller);
  const sent = { token, ...(body !== undefined && { body }), ...(agent !== undefined && { agent }) };
  return world.client.vault(vault, method, path, sent);
}

function isForbidden({ status, body }: Answered): boolean {
  return status === 403 && body['error']?.['innererror']?.['code'] === 'ForbiddenByRbac';
}

/** Azure's message; `resource` is below the vault. */
function denied(caller: Registered, action: string, resource = ''): unknown {
  const id = `/subscriptions/${world.client.identity.subscriptionId}${vaultPath(vault)}`.toLowerCase();
  const message = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: ${callerLine(caller)}`,
    `Action: 'Microsoft.KeyVault/vaults/${action}'`,
    `Resource: '${id}${resource}'`,
    'Assignment: (not found)',
    'DenyAssignmentId: null',
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    `Vault: ${vault};location=${location}`,
    '',
  ].join('\r\n');
  return errorBody('Forbidden', message, 'ForbiddenByRbac');
}

/** The operations on secrets that a role allows, listed by hand; those on others come from the definitions. */
const onSecrets: Readonly<Record<string, readonly string[]>> = {
  'Key Vault Reader': ['SecretList', 'SecretListVersions', 'SecretListDeleted'],
  'Key Vault Secrets User': ['SecretGet', 'SecretGetDeleted', 'SecretList', 'SecretListVersions', 'SecretListDeleted'],
  'Key Vault Crypto Officer': [],
  Contributor: [],
  Owner: [],
};

suite('each built-in role', () => {
  for (const { roleName, permissions } of builtInRoles.values()) {
    test(`${roleName} allows its operations, and no other`, async () => {
      const caller = await register(world);
      await assign(world.client, { role: roleName, principalId: caller.objectId, at: vaultPath(vault) });
      const patterns = permissions.flatMap(({ dataActions }) => dataActions);
      for (const card of operations) {
        const row = rows[card.name];
        assert.ok(row !== undefined, card.name);
        const { name, perObject } = dataActionOf(card);
        const isAllowed = patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
        const byHand = onSecrets[roleName];
        if (byHand !== undefined && card.name.startsWith('Secret')) {
          assert.equal(isAllowed, byHand.includes(card.name), card.name);
        }
        const answer = await as(caller, row.request);
        assert.equal(isForbidden(answer), !isAllowed, `${card.name}: ${JSON.stringify(answer.body)}`);
        if (isAllowed) continue;
        const [, collection = '', object] = /^\/(?:deleted)?([a-z]+)(?:\/([^/?]+))?/.exec(row.request[1]) ?? [];
        const isOne = perObject && object !== undefined && card.path.includes('/:name');
        const resource = isOne ? `/${collection}/${object.toLowerCase()}` : '';
        assert.deepEqual(answer.body, denied(caller, name.replace('Microsoft.KeyVault/vaults/', ''), resource));
      }
    });
  }
});

test('a caller without a role is refused, and the answer and the record say so', async () => {
  const caller = await register(world);
  const answer = await as(caller, ['GET', '/secrets/there']);
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.body, denied(caller, 'secrets/getSecret/action', '/secrets/there'));
  assert.equal(answer.headers['x-ms-keyvault-rbac-assignment-id'], undefined);
  assert.match(String(answer.headers['x-ms-keyvault-rbac-cache']), /^ra_age=0;.*dec_lev=1;$/);
  const { properties } = auditRecords(world).at(-1) ?? {};
  assert.equal(properties?.isRbacAuthorized, false);
  assert.equal(properties?.appliedAssignmentId, undefined);
  assert.equal(properties?.isAccessPolicyMatch, undefined);
});

test('the answer and the record name the assignment that allowed the caller', async () => {
  const caller = await register(world);
  const path = await assign(world.client, {
    role: 'Key Vault Secrets User',
    principalId: caller.objectId,
    at: vaultPath(vault),
  });
  const name = path.slice(path.lastIndexOf('/') + 1);
  const answer = await as(caller, ['GET', '/secrets/there']);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-ms-keyvault-rbac-assignment-id'], name);
  const { properties } = auditRecords(world).at(-1) ?? {};
  assert.equal(properties?.isRbacAuthorized, true);
  assert.equal(properties?.appliedAssignmentId, name);
  assert.equal(properties?.isAccessPolicyMatch, undefined);
});

test('an access policy has no effect on an RBAC vault, and a role none on a vault with access policies', async () => {
  const caller = await register(world);
  const every = { objectId: caller.objectId, secrets: ['all'] };
  await putVault(world.client, 'kv-both', { enableRbacAuthorization: true, policies: [every] });
  await putVault(world.client, 'kv-policies', { enableRbacAuthorization: false, policies: [] });
  await assign(world.client, {
    role: 'Key Vault Administrator',
    principalId: caller.objectId,
    at: vaultPath('kv-policies'),
  });
  const token = await world.client.token('vault', caller);
  assert.ok(isForbidden(await world.client.vault('kv-both', 'GET', '/secrets', { token })));
  const answer = await world.client.vault('kv-policies', 'GET', '/secrets', { token });
  assert.equal(answer.body['error']?.['innererror']?.['code'], 'AccessDenied');
  assert.equal(answer.headers['x-ms-keyvault-rbac-cache'], undefined);
});

suite('a scope', () => {
  const role = 'Key Vault Secrets User';
  const scopes: readonly (readonly [what: string, at: string, sees: readonly string[]])[] = [
    ['the subscription', '', ['/secrets/there', '/secrets/new', '/secrets']],
    ['the resource group', '/resourceGroups/RG', ['/secrets/there', '/secrets/new', '/secrets']],
    ['the vault', vaultPath(vault.toUpperCase()), ['/secrets/there', '/secrets/new', '/secrets']],
    ['a single secret', `${vaultPath(vault)}/secrets/There`, ['/secrets/there']],
    ['another vault', vaultPath('kv-rbac-2'), []],
    ['a key of the name', `${vaultPath(vault)}/keys/there`, []],
  ];
  before(() => putVault(world.client, 'kv-rbac-2', { enableRbacAuthorization: true }));

  for (const [what, at, sees] of scopes) {
    test(`${what} is where the role applies, and nowhere else`, async () => {
      const caller = await register(world);
      await assign(world.client, { role, principalId: caller.objectId, at });
      for (const path of ['/secrets/there', '/secrets/new', '/secrets']) {
        const answer = await as(caller, ['GET', path]);
        assert.equal(isForbidden(answer), !sees.includes(path), `${path}: ${answer.status}`);
      }
      const versions = await as(caller, ['GET', '/secrets/THERE/versions']);
      assert.equal(isForbidden(versions), !sees.includes('/secrets/there'));
    });
  }

  test('of a single secret is not escaped by a name that hides a slash', async () => {
    const caller = await register(world);
    await assign(world.client, { role, principalId: caller.objectId, at: `${vaultPath(vault)}/secrets/there` });
    for (const path of ['/secrets/there%2F..%2Fnew', '/secrets/new%2F..%2Fthere', '/secrets/there2']) {
      const answer = await as(caller, ['GET', path]);
      assert.ok(answer.status === 400 || isForbidden(answer), `${path}: ${answer.status}`);
    }
  });
});

test('a group holds a role for its members', async () => {
  const group = randomUUID();
  const member = await register(world, { groups: [randomUUID(), group] });
  const stranger = await register(world, { groups: [randomUUID()] });
  await assign(world.client, {
    role: 'Key Vault Secrets User',
    principalId: group,
    principalType: 'Group',
    at: vaultPath(vault),
  });
  assert.equal((await as(member, ['GET', '/secrets/there'])).status, 200);
  assert.ok(isForbidden(await as(stranger, ['GET', '/secrets/there'])));
});

test('a group also holds it for a member of more groups than a token can name', async () => {
  const groups = Array.from({ length: 201 }, () => randomUUID());
  const member = await register(world, { groups });
  const role = { role: 'Key Vault Secrets User', principalType: 'Group', at: vaultPath(vault) };
  assert.ok(isForbidden(await as(member, ['GET', '/secrets/there'])));
  await assign(world.client, { ...role, principalId: groups.at(-1) ?? '' });
  assert.equal((await as(member, ['GET', '/secrets/there'])).status, 200);
});

test('a custom role allows its actions without its notActions, and a change of it is in force at once', async () => {
  const { client } = world;
  const caller = await register(world);
  const id = randomUUID();
  const path = `/providers/Microsoft.Authorization/roleDefinitions/${id}`;
  const put = async (permission: object) => {
    const assignableScopes = [`/subscriptions/${client.identity.subscriptionId}`];
    const properties = { roleName: `custom ${id}`, type: 'CustomRole', assignableScopes, permissions: [permission] };
    const answer = await client.arm('PUT', path, { properties });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  };
  const setSecret = 'Microsoft.KeyVault/vaults/secrets/setSecret/action';
  await put({ dataActions: ['Microsoft.KeyVault/vaults/secrets/*'], notDataActions: [setSecret] });
  await assign(client, { role: id, principalId: caller.objectId, at: vaultPath(vault) });
  const set: Row['request'] = ['PUT', '/secrets/new', { value: 'v' }];
  assert.equal((await as(caller, ['GET', '/secrets/there'])).status, 200);
  assert.ok(isForbidden(await as(caller, set)));
  await put({ dataActions: [setSecret] });
  assert.ok(isForbidden(await as(caller, ['GET', '/secrets/there'])));
  assert.equal((await as(caller, set)).status, 200);
  // Setting a value is one action, and changing its attributes another.
  assert.ok(isForbidden(await as(caller, ['PATCH', '/secrets/new', { tags: {} }])));
});

suite('a role assignment that is deleted', () => {
  test('has no effect on the next request, also on a connection that was open before', async () => {
    const { client } = world;
    const caller = await register(world);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const at = vaultPath(vault);
    const path = await assign(client, { role: 'Key Vault Secrets User', principalId: caller.objectId, at });
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await as(caller, ['GET', '/secrets/there'], agent)).status, 200);
    }
    assert.equal((await client.arm('DELETE', path)).status, 200);
    assert.ok(isForbidden(await as(caller, ['GET', '/secrets/there'], agent)));
    await assign(client, { role: 'Key Vault Secrets User', principalId: caller.objectId, at });
    assert.equal((await as(caller, ['GET', '/secrets/there'], agent)).status, 200);
    agent.destroy();
  });

  test('by another node, without notice to this one, has no effect either', async () => {
    const { client, folder } = world;
    const caller = await register(world);
    const at = vaultPath(vault);
    const path = await assign(client, { role: 'Key Vault Secrets Officer', principalId: caller.objectId, at });
    assert.equal((await as(caller, ['GET', '/secrets/there'])).status, 200);
    const { subscriptionId } = client.identity;
    const name = path.slice(path.lastIndexOf('/') + 1);
    await folder.store.transact({
      delete: [`role-assignment/${subscriptionId}/${name}`],
      put: [{ key: authorizationKey(subscriptionId), value: encode(null) }],
    });
    assert.ok(isForbidden(await as(caller, ['GET', '/secrets/there'])));
    assert.ok(isForbidden(await as(caller, ['PUT', '/secrets/new', { value: 'v' }])));
  });

  test('with its vault does not come back with the vault', async () => {
    const { client } = world;
    const caller = await register(world);
    await putVault(client, 'kv-recovered', { enableRbacAuthorization: true });
    const { objectId: principalId } = caller;
    await assign(client, { role: 'Key Vault Secrets User', principalId, at: vaultPath('kv-recovered') });
    await assign(client, { role: 'Key Vault Reader', principalId, at: `${vaultPath('kv-recovered')}/secrets/a` });
    assert.equal((await client.arm('DELETE', vaultPath('kv-recovered'))).status, 200);
    await putVault(client, 'kv-recovered', { createMode: 'recover' });
    const token = await client.token('vault', caller);
    assert.ok(isForbidden(await client.vault('kv-recovered', 'GET', '/secrets', { token })));
    const path = `/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(`principalId eq '${principalId}'`)}`;
    assert.deepEqual((await client.arm('GET', path)).body['value'], []);
  });
});
