import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { register } from '../data-plane/vaults.ts';
import type { Registered } from '../data-plane/vaults.ts';
import { assign, roleDefinitionId } from '../world/assign.ts';
import type { Answered, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { bodyWith, deployments, networkIn, put, vaultIn } from './deployments.ts';
import { at, expectStatus, group, location, namesIn, putVault, startWithGroup, vaults } from './resources.ts';
import { setTimeout as sleep } from 'node:timers/promises';

let world: TestServer;
before(async () => {
  world = await startWithGroup();
});
after(() => world[Symbol.asyncDispose]());

async function callerWith(role: string, path: string): Promise<Registered> {
  const caller = await register(world);
  await assign(world.client, { role, principalId: caller.objectId, principalType: 'ServicePrincipal', at: path });
  return caller;
}

/** Follows an operation as the caller who requested the work. */
async function follow(caller: Registered, answered: Answered): Promise<Json> {
  const { client } = world;
  const url = String(answered.headers['azure-asyncoperation'] ?? answered.headers.location);
  const token = await client.token('arm', caller);
  for (;;) {
    const status = await client.send(url, { token });
    if (status.status !== 202 && status.body?.['status'] !== 'Running') {
      expectStatus(status, 200);
      return status.body;
    }
    await sleep(20);
  }
}

/** A custom role of the subscription, by its GUID. */
async function customRole(
  name: string,
  actions: readonly string[],
  notActions: readonly string[] = [],
): Promise<string> {
  const id = randomUUID();
  const assignableScopes = [`/subscriptions/${world.client.identity.subscriptionId}`];
  const properties = { roleName: name, type: 'CustomRole', permissions: [{ actions, notActions }], assignableScopes };
  const path = `/providers/Microsoft.Authorization/roleDefinitions/${id}`;
  expectStatus(await world.client.arm('PUT', path, { properties }), 201);
  return id;
}

test('each resource needs its own permission, besides the one to deploy', async () => {
  const { client } = world;
  const role = await customRole('Deploys vaults', ['Microsoft.Resources/deployments/*', 'Microsoft.KeyVault/vaults/*']);
  const caller = await callerWith(role, group);
  const token = await client.token('arm', caller);
  const good = expectStatus(
    await put(client, 'vaults-only', { resources: [vaultIn(client, 'kv-allowed')] }, { sent: { token } }),
    201,
  );
  assert.equal(at(await follow(caller, good), 'status'), 'Succeeded');
  const parts = { resources: [vaultIn(client, 'kv-before'), networkIn('net-denied'), vaultIn(client, 'kv-behind')] };
  const bad = expectStatus(await put(client, 'and-networks', parts, { sent: { token } }), 201);
  const ended = await follow(caller, bad);
  assert.equal(at(ended, 'status'), 'Failed');
  const detail = at(ended, 'error', 'details', 0);
  assert.equal(at(detail, 'code'), 'AuthorizationFailed');
  assert.match(
    String(at(detail, 'message')),
    /does not have authorization to perform action 'Microsoft\.Network\/virtualNetworks\/write' over scope/,
  );
  assert.deepEqual(namesIn((await client.arm('GET', vaults)).body), ['kv-allowed', 'kv-before']);
  // Validation and what-if have the same result.
  const dry = expectStatus(await client.arm('POST', `${deployments}/x/validate`, bodyWith(parts), { token }), 400);
  assert.equal(at(dry.body, 'error', 'details', 0, 'code'), 'AuthorizationFailed');
});

test('only the caller who requested the work, and a Reader of the subscription, can ask for its status', async () => {
  const { client } = world;
  const made = expectStatus(
    await client.arm('PUT', `${group}/providers/Microsoft.Network/virtualNetworks/asked`, networkIn('asked')),
    201,
  );
  const url = String(made.headers['azure-asyncoperation']);
  const stranger = await callerWith('Contributor', group);
  expectStatus(await client.send(url, { token: await client.token('arm', stranger) }), 404);
  const reader = await callerWith('Reader', '');
  expectStatus(await client.send(url, { token: await client.token('arm', reader) }), 200);
});

test('a Key Vault reference needs vaults/deploy/action on the vault', async () => {
  const { client } = world;
  const { subscriptionId, tenantId, objectId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-deploy', { accessPolicies, enabledForTemplateDeployment: true }), 200);
  expectStatus(await client.vault('kv-deploy', 'PUT', '/secrets/word', { body: { value: 'x' } }), 200);
  const id = `/subscriptions/${subscriptionId}${vaults}/kv-deploy`;
  const parameters = { word: { reference: { keyVault: { id }, secretName: 'word' } } };
  const parts = { parameters: { word: { type: 'securestring' } } };
  const role = await customRole('All but deploy', ['*'], ['Microsoft.KeyVault/vaults/deploy/action']);
  const without = await callerWith(role, group);
  const refused = await put(client, 'without', parts, {
    parameters,
    sent: { token: await client.token('arm', without) },
  });
  assert.deepEqual(expectStatus(refused, 403).body, {
    error: {
      code: 'KeyVaultParameterReferenceAuthorizationFailed',
      message: `The client '${without.objectId}' with object id '${without.objectId}' does not have permission to perform action 'Microsoft.KeyVault/vaults/deploy/action' on the specified KeyVault resource '${id}'. Please see https://aka.ms/arm-keyvault for usage details.`,
    },
  });
  const contributor = await callerWith('Contributor', group);
  const allowed = await put(client, 'with', parts, {
    parameters,
    sent: { token: await client.token('arm', contributor) },
  });
  assert.equal(at(await follow(contributor, expectStatus(allowed, 201)), 'status'), 'Succeeded');
});

test('a template assigns roles and locks the resources that it creates', async () => {
  const { client } = world;
  const principal = await register(world);
  const name = "[guid(resourceGroup().id, 'reader')]";
  const parts = {
    resources: [
      vaultIn(client, 'kv-locked'),
      {
        type: 'Microsoft.Authorization/roleAssignments',
        apiVersion: '2022-04-01',
        name,
        scope: 'Microsoft.KeyVault/vaults/kv-locked',
        dependsOn: ['kv-locked'],
        properties: {
          roleDefinitionId: roleDefinitionId('Key Vault Reader'),
          principalId: principal.objectId,
          principalType: 'ServicePrincipal',
        },
      },
      {
        type: 'Microsoft.Authorization/roleAssignments',
        apiVersion: '2022-04-01',
        name: "[guid(resourceGroup().id, 'second')]",
        properties: { roleDefinitionId: roleDefinitionId('Reader'), principalId: randomUUID() },
      },
      {
        type: 'Microsoft.KeyVault/vaults/providers/locks',
        apiVersion: '2020-05-01',
        name: 'kv-locked/Microsoft.Authorization/keep',
        dependsOn: ['kv-locked'],
        properties: { level: 'CanNotDelete' },
      },
    ],
  };
  // Also in a trial, and more than once: none of it is in force.
  for (const what of ['validate', 'whatIf', 'validate']) {
    expectStatus(await client.arm('POST', `${deployments}/locks/${what}`, bodyWith(parts)), 200);
  }
  const contributor = await callerWith('Contributor', group);
  const refused = await put(client, 'locks', parts, { sent: { token: await client.token('arm', contributor) } });
  const ended = await follow(contributor, expectStatus(refused, 201));
  assert.match(
    String(at(ended, 'error', 'details', 0, 'message')),
    /'Microsoft\.Authorization\/roleAssignments\/write'/,
  );
  const owner = await callerWith('Owner', group);
  const made = await put(client, 'locks', parts, { sent: { token: await client.token('arm', owner) } });
  const done = await follow(owner, expectStatus(made, 200));
  assert.equal(at(done, 'status'), 'Succeeded', JSON.stringify(done));
  const seen = await client.arm('GET', `${vaults}/kv-locked`, undefined, {
    token: await client.token('arm', principal),
  });
  expectStatus(seen, 200);
  assert.equal(
    at(expectStatus(await client.arm('DELETE', `${vaults}/kv-locked`), 409).body, 'error', 'code'),
    'ScopeLocked',
  );
  expectStatus(await client.arm('DELETE', `${vaults}/kv-locked/providers/Microsoft.Authorization/locks/keep`), 200);
});

test('an owner of only a group can delete it whole, and its role assignments are deleted last', async () => {
  const { client } = world;
  expectStatus(await client.arm('PUT', '/resourceGroups/owned', { location }), 201);
  const path = '/resourceGroups/owned/providers/Microsoft.KeyVault/vaults/kv-owned';
  const owner = await callerWith('Owner', '/resourceGroups/owned');
  const token = await client.token('arm', owner);
  const { properties, location: where } = vaultIn(client, 'kv-owned');
  expectStatus(await client.arm('PUT', path, { properties, location: where }, { token }), 200);
  const accepted = expectStatus(await client.arm('DELETE', '/resourceGroups/owned', undefined, { token }), 202);
  await follow(owner, accepted);
  expectStatus(await client.arm('GET', '/resourceGroups/owned'), 404);
  // A new group of that name has none of them.
  expectStatus(await client.arm('PUT', '/resourceGroups/owned', { location }), 201);
  expectStatus(await client.arm('GET', '/resourceGroups/owned', undefined, { token }), 403);
});
