import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { startServer } from '../world/server.ts';
import { at, expectError, expectStatus } from './resources.ts';

test('a request without a token gets the endpoints, in the form of each api-version', async () => {
  await using world = await startServer();
  const { client, port } = world;
  const ask = (version: string) => client.send(`${client.home}/metadata/endpoints?api-version=${version}`);
  const cloud = expectStatus(await ask('2022-09-01'), 200).body;
  const keyVaultDns = `vault.localhost:${port}`;
  assert.deepEqual(cloud, {
    name: 'Postern',
    portal: `${client.home}/portal/`,
    authentication: {
      loginEndpoint: client.home,
      audiences: [client.home, 'https://management.core.windows.net/', 'https://management.azure.com/'],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager: client.home,
    graph: client.home,
    graphAudience: client.home,
    microsoftGraphResourceId: client.home,
    suffixes: {
      keyVaultDns,
      storage: `storage.localhost:${port}`,
      acrLoginServer: `registry.localhost:${port}`,
      sqlServerHostname: `database.localhost:${port}`,
    },
  });
  assert.deepEqual(expectStatus(await ask('2019-05-01'), 200).body, [cloud]);
  // Nothing is served below the suffixes of other services.
  for (const name of ['seclogs.blob.storage', 'team.registry', 'orders.database']) {
    const host = `${name}.localhost:${port}`;
    expectStatus(await client.send(`${client.home}/`, { headers: { host } }), 421);
  }
  const { body } = expectStatus(await ask('2015-01-01'), 200);
  assert.equal(at(body, 'keyVaultDns'), keyVaultDns);
  assert.equal(at(body, 'authentication', 'loginEndpoint'), client.home);

  const missing = await client.send(`${client.home}/metadata/endpoints`);
  const text = 'The api-version query parameter (?api-version=) is required for all requests.';
  expectError(missing, 400, 'MissingApiVersionParameter', text);
  expectStatus(await client.send(`${client.home}/metadata/endpoints?api-version=x`), 400);
});

test('tokens are issued for every endpoint in that answer', async () => {
  await using world = await startServer();
  const { client } = world;
  const { body } = await client.send(`${client.home}/metadata/endpoints?api-version=2022-09-01`);
  const audiences = at(body, 'authentication', 'audiences');
  for (const index of [0, 1, 2]) await client.token(String(audiences[index]));
  await client.token(String(body['microsoftGraphResourceId']));
  await client.token('https://graph.microsoft.com');
});

test('every caller is shown the tenant, and the subscriptions in which it has a role', async () => {
  await using world = await startServer();
  const { client, folder } = world;
  const { tenantId, subscriptionId } = client.identity;
  const robot = { clientId: randomUUID(), clientSecret: 'a secret of the robot' };
  const registration = { clientId: robot.clientId, objectId: randomUUID(), tenantId, displayName: 'robot' };
  await registerClient(folder.store, { ...registration, secrets: [robot.clientSecret] });
  for (const [who, seen] of [
    [client.identity, [subscriptionId]],
    [robot, []],
  ] as const) {
    const token = await client.token('arm', who);
    const tenants = await client.send(`${client.home}/tenants?api-version=2022-12-01`, { token });
    assert.equal(at(expectStatus(tenants, 200).body, 'value', 0, 'tenantId'), tenantId);
    const listed = await client.send(`${client.home}/subscriptions?api-version=2022-12-01`, { token });
    const value: unknown = expectStatus(listed, 200).body['value'];
    assert.ok(Array.isArray(value));
    assert.deepEqual(
      value.map((item: { subscriptionId: string }) => item.subscriptionId),
      seen,
    );
    const one = await client.send(`${client.home}/subscriptions/${subscriptionId}?api-version=2022-12-01`, { token });
    expectStatus(one, seen.length === 0 ? 403 : 200);
  }
  expectStatus(await client.send(`${client.home}/tenants?api-version=2022-12-01`), 401);
});
