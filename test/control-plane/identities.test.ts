import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { bindWorkloads } from '../../src/setup/workloads.ts';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { at, claimsOf, expectStatus, followed, group, location, putVault, startWithGroup } from './resources.ts';

const sites = `${group}/providers/Microsoft.Web/sites`;
const userAssigned = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const system = { location, identity: { type: 'SystemAssigned' } };
const header = 'header-of-the-application-0123456789';
const none = { type: 'None' };

function idOf({ identity }: Client, path: string): string {
  return `/subscriptions/${identity.subscriptionId}${path}`;
}

async function graph({ client }: TestServer, method: string, path: string, body?: unknown): Promise<Answered> {
  return client.send(`${client.home}/v1.0${path}`, { method, body, token: await client.token('arm') });
}

async function principalOf(world: TestServer, principalId: unknown): Promise<Json | undefined> {
  const { status, body } = await graph(world, 'GET', `/servicePrincipals/${String(principalId)}`);
  assert.ok(status === 200 || status === 404, JSON.stringify(body));
  return status === 200 ? body : undefined;
}

/** Binds the header's workload to a resource, as the configuration file does at a start. */
function bind({ folder, client }: TestServer, path: string): Promise<void> {
  return bindWorkloads(folder.store, [{ resourceId: idOf(client, path), identityHeader: header, addresses: [] }]);
}

/** The answer to the header's workload when it asks for a token for vaults; `query` names one of its identities. */
function askToken({ client, port }: TestServer, query: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const resource = `https://vault.localhost:${port}`;
  const parameters = new URLSearchParams({ 'api-version': '2019-08-01', resource, ...query });
  return client.send(`${client.home}/msi/token?${parameters.toString()}`, { headers: { 'x-identity-header': header } });
}

async function tokenOf(world: TestServer, query?: Readonly<Record<string, string>>): Promise<string> {
  return String(expectStatus(await askToken(world, query), 200).body['access_token']);
}

test('the identity of any resource is a service principal while the resource has it', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const site = `${sites}/App`;
  const made = expectStatus(await client.arm('PUT', site, system), 201);
  const principalId = at(made.body, 'identity', 'principalId');
  const principal = await principalOf(world, principalId);
  assert.deepEqual(
    [principal?.['displayName'], principal?.['servicePrincipalType'], principal?.['alternativeNames']],
    ['App', 'ManagedIdentity', ['isExplicit=False', idOf(client, site)]],
  );
  const filter = encodeURIComponent(`servicePrincipalNames/any(c:c eq '${String(principal?.['appId'])}')`);
  const listed = expectStatus(await graph(world, 'GET', `/servicePrincipals?$filter=${filter}`), 200);
  assert.equal(at(listed.body, 'value', 0, 'id'), principalId);

  const roles = `${group}/providers/Microsoft.Authorization/roleAssignments`;
  const reader = idOf(
    client,
    '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
  );
  const properties = { roleDefinitionId: reader, principalId, principalType: 'ServicePrincipal' };
  const assigned = expectStatus(await client.arm('PUT', `${roles}/${randomUUID()}`, { properties }), 201);
  assert.equal(at(assigned.body, 'properties', 'principalType'), 'ServicePrincipal');

  expectStatus(await client.arm('PATCH', site, { tags: { a: 'b' } }), 200);
  assert.notEqual(await principalOf(world, principalId), undefined, 'a change of other members keeps it');
  expectStatus(await client.arm('PATCH', site, { identity: none }), 200);
  assert.equal(await principalOf(world, principalId), undefined, 'None takes it away');

  const renewed = at(expectStatus(await client.arm('PUT', site, system), 200).body, 'identity', 'principalId');
  const slot = at(
    expectStatus(await client.arm('PUT', `${site}/slots/next`, system), 201).body,
    'identity',
    'principalId',
  );
  assert.equal(new Set([principalId, renewed, slot]).size, 3);
  const slotPrincipal = await principalOf(world, slot);
  assert.equal(slotPrincipal?.['displayName'], 'next');
  expectStatus(await client.arm('DELETE', site), 200);
  for (const id of [renewed, slot])
    assert.equal(await principalOf(world, id), undefined, 'it is deleted with its resource');
});

test('a user-assigned identity is a service principal too, and is deleted with its group', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const shared = `${userAssigned}/Shared`;
  const made = expectStatus(await client.arm('PUT', shared, { location }), 201);
  const { principalId, clientId } = { ...members(at(made.body, 'properties')) };
  const principal = await principalOf(world, principalId);
  assert.deepEqual(
    [principal?.['appId'], principal?.['alternativeNames']],
    [clientId, ['isExplicit=True', idOf(client, shared)]],
  );
  for (const [method, path, body] of [
    ['DELETE', `/servicePrincipals/${String(principalId)}`, undefined],
    ['POST', `/servicePrincipals/${String(principalId)}/addPassword`, {}],
  ] as const) {
    const refused = expectStatus(await graph(world, method, path, body), 400);
    assert.equal(
      at(refused.body, 'error', 'message'),
      `The service principal '${String(principalId)}' is the managed identity of ${idOf(client, shared)}: it has no ` +
        'credentials of its own, and is deleted with it.',
    );
  }
  const deletion = expectStatus(await client.arm('DELETE', group), 202);
  assert.equal((await followed(client, deletion)).status, 200);
  assert.equal(await principalOf(world, principalId), undefined);
});

test('a workload reads a secret as its resource until the resource loses its identity', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const site = `${sites}/app`;
  const policyOf = (id: string) => ({ tenantId, objectId: id, permissions: { secrets: ['get', 'set'] } });
  const allow = async (...ids: readonly string[]) =>
    expectStatus(await putVault(client, 'kv-app', { accessPolicies: ids.map(policyOf) }), 200);
  await allow(objectId);
  expectStatus(await client.vault('kv-app', 'PUT', '/secrets/s', { body: { value: 'v' } }), 200);
  const read = (token: string) => client.vault('kv-app', 'GET', '/secrets/s', { token });

  await bind(world, site);
  const unknown = expectStatus(await askToken(world), 401);
  assert.equal(unknown.body['error'], 'unauthorized', 'bound to a resource that does not exist');
  const made = expectStatus(await client.arm('PUT', site, system), 201);
  const principalId = String(at(made.body, 'identity', 'principalId'));
  const token = await tokenOf(world);
  const claims = claimsOf(token);
  assert.deepEqual([claims['oid'], claims['xms_mirid']], [principalId, idOf(client, site)]);
  expectStatus(await read(token), 403);
  await allow(objectId, principalId);
  assert.equal(expectStatus(await read(token), 200).body['value'], 'v');

  expectStatus(await client.arm('PUT', `${sites}/app2`, system), 201);
  assert.equal(claimsOf(await tokenOf(world))['oid'], principalId, 'another resource changes nothing');
  expectStatus(await client.arm('PATCH', site, { identity: none }), 200);
  expectStatus(await askToken(world), 401);
  const again = at(expectStatus(await client.arm('PUT', site, system), 200).body, 'identity', 'principalId');
  assert.notEqual(again, principalId);
  expectStatus(await client.arm('DELETE', site), 200);
  expectStatus(await askToken(world), 401);
  const renewed = at(expectStatus(await client.arm('PUT', site, system), 201).body, 'identity', 'principalId');
  const newToken = await tokenOf(world);
  assert.equal(claimsOf(newToken)['oid'], renewed);
  expectStatus(await read(newToken), 403);
});

test('a workload has the existing user-assigned identities of its resource, and no others', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const site = `${sites}/app`;
  await bind(world, site);
  const clientIds = new Map<string, string>();
  for (const name of ['lent', 'kept']) {
    const made = expectStatus(await client.arm('PUT', `${userAssigned}/${name}`, { location }), 201);
    clientIds.set(name, String(at(made.body, 'properties', 'clientId')));
  }
  const lend = (...names: readonly string[]) => ({
    location,
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: Object.fromEntries(names.map((name) => [idOf(client, `${userAssigned}/${name}`), {}])),
    },
  });
  expectStatus(await client.arm('PUT', site, lend('lent')), 201);
  const lent = { client_id: clientIds.get('lent') ?? '' };
  assert.equal(claimsOf(await tokenOf(world, lent))['appid'], lent.client_id);
  const says = async (query: Readonly<Record<string, string>>) =>
    String(expectStatus(await askToken(world, query), 400).body['error_description']);
  assert.match(await says({}), /^The workload has no system-assigned identity: name/);
  assert.match(await says({ client_id: clientIds.get('kept') ?? '' }), /^Identity not found/);
  expectStatus(await client.arm('PUT', site, lend('lent', 'kept')), 200);
  assert.equal(expectStatus(await askToken(world, lent), 200).body['client_id'], lent.client_id);
  expectStatus(await client.arm('DELETE', `${userAssigned}/lent`), 200);
  assert.match(await says(lent), /^Identity not found/);
  expectStatus(await client.arm('PUT', `${userAssigned}/lent`, { location }), 201);
  assert.match(await says(lent), /^Identity not found/, 'a new identity of the same name is not the old one');
});

suite('to give a resource a user-assigned identity, a caller must be allowed to assign that one', () => {
  const gateway = `${group}/providers/Microsoft.Network/applicationGateways/gw`;
  const operators = 'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action';

  /** A caller who may write gateways, and the two ways to say which identities one has. */
  async function gatewayOwner(world: TestServer) {
    const { client } = world;
    const caller = await register(world);
    const allow = async (actions: readonly string[], scope: string) => {
      const name = randomUUID();
      const definition = `/providers/Microsoft.Authorization/roleDefinitions/${name}`;
      const assignableScopes = [idOf(client, '')];
      const properties = { roleName: `custom ${name}`, permissions: [{ actions }], assignableScopes };
      expectStatus(await client.arm('PUT', definition, { properties }), 201);
      return assign(client, { role: name, principalId: caller.objectId, at: scope });
    };
    await allow(['Microsoft.Network/applicationGateways/*'], group);
    const token = await client.token('arm', caller);
    const send = (method: string, body: unknown) => client.arm(method, gateway, body, { token });
    const identityOf = (...names: readonly string[]) => ({
      type: 'UserAssigned',
      userAssignedIdentities: Object.fromEntries(names.map((name) => [idOf(client, `${userAssigned}/${name}`), {}])),
    });
    const refused = (answered: Answered, name: string) => {
      const { error } = expectStatus(answered, 403).body;
      assert.equal(error?.['code'], 'LinkedAuthorizationFailed');
      assert.match(
        String(error?.['message']),
        new RegExp(`action\\(s\\) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' .*/${name}'`),
      );
    };
    return { allow, send, identityOf, refused };
  }

  test('whether the identity exists or not, and only where it is new on the resource', async () => {
    await using world = await startWithGroup();
    const { client } = world;
    const { allow, send, identityOf, refused } = await gatewayOwner(world);
    for (const name of ['lent', 'other'])
      expectStatus(await client.arm('PUT', `${userAssigned}/${name}`, { location }), 201);
    refused(await send('PUT', { location, identity: identityOf('lent') }), 'lent');
    refused(await send('PUT', { location, identity: identityOf('gone') }), 'gone');
    expectStatus(await client.arm('GET', gateway), 404);
    expectStatus(await send('PUT', system), 201);
    refused(await send('PATCH', { identity: identityOf('lent') }), 'lent');

    const given = await allow([operators], `${userAssigned}/lent`);
    expectStatus(await send('PATCH', { identity: identityOf('LENT') }), 200);
    refused(await send('PUT', { location, identity: identityOf('lent', 'other') }), 'other');
    expectStatus(await client.arm('DELETE', given), 200);
    expectStatus(await send('PUT', { location, tags: { a: 'b' }, identity: identityOf('lent') }), 200);
    expectStatus(await send('PATCH', { tags: { c: 'd' } }), 200);
    expectStatus(await send('PATCH', { identity: none }), 200);
    refused(await send('PATCH', { identity: identityOf('lent') }), 'lent');
  });

  test('an identity that was made again under the name is another one', async () => {
    await using world = await startWithGroup();
    const { client } = world;
    const { allow, send, identityOf, refused } = await gatewayOwner(world);
    expectStatus(await client.arm('PUT', `${userAssigned}/lent`, { location }), 201);
    const given = await allow([operators], `${userAssigned}/lent`);
    expectStatus(await send('PUT', { location, identity: identityOf('lent') }), 201);
    expectStatus(await client.arm('DELETE', given), 200);
    expectStatus(await client.arm('DELETE', `${userAssigned}/lent`), 200);
    expectStatus(await client.arm('PUT', `${userAssigned}/lent`, { location }), 201);
    refused(await send('PATCH', { tags: { a: 'b' } }), 'lent');
  });
});

function members(found: Json): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(found));
}
