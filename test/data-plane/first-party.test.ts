/** Applications of Microsoft's own: a service principal in the tenant, a secret that an administrator adds, a service's token. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { firstPartyApplications } from '../../src/directory/first-party.ts';
import { trustFor } from '../../src/firewall/trust.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, networks, newClient, ok, putVault } from './vaults.ts';

const databricks = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

let world: TestServer;
let objectId = '';
let clientSecret = '';

async function graph(path: string, body: object, status: number) {
  const { client } = world;
  const token = await client.token(client.home);
  return ok(client.send(`${client.home}/v1.0${path}`, { method: 'POST', token, body }), status);
}

before(async () => {
  world = await startServer();
  const principal = await graph('/servicePrincipals', { appId: databricks.toUpperCase() }, 201);
  assert.equal(principal['appOwnerOrganizationId'], servicesTenant);
  assert.equal(principal['displayName'], 'AzureDatabricks');
  objectId = String(principal['id']);
  const added = await graph(`/servicePrincipals/${objectId}/addPassword`, {}, 200);
  clientSecret = String(added['secretText']);
  const { identity } = world.client;
  const policies = [
    { objectId, secrets: ['get'] },
    { objectId: identity.objectId, secrets: ['all'] },
  ];
  await putVault(world.client, 'kv-notebooks', { networkAcls: acls.denyBypass, policies });
  await ok(world.client.vault('kv-notebooks', 'PUT', '/secrets/s', { body: { value: 'v' }, from: networks.allowed }));
});
after(() => world[Symbol.asyncDispose]());

async function ask(tenantId: string): Promise<string> {
  // Another client each time: one keeps a token by the client's id, whatever its tenant.
  const token = await newClient(world).token('vault', { tenantId, clientId: databricks, clientSecret });
  const { status, body } = await world.client.vault('kv-notebooks', 'GET', '/secrets/s', {
    token,
    from: networks.refused,
  });
  return `${status} ${String(body['error']?.['innererror']?.['code'] ?? body['value'])}`;
}

test("a token of the services' tenant names the principal that the vault's policy names, and is a trusted service", async () => {
  assert.equal(await ask(servicesTenant), '200 v');
});

test("the same application and secret in the vault's own tenant is not a trusted service", async () => {
  assert.equal(await ask(world.client.identity.tenantId), '403 ForbiddenByFirewall');
});

test("an application that is not Microsoft's has no principal without an application", async () => {
  await graph('/servicePrincipals', { appId: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1e' }, 400);
});

test('each application of the trusted services is known by a name', () => {
  const ids = trustFor('current', 'scenario').services.flatMap(({ callers }) =>
    callers.flatMap((caller) => ('applicationIds' in caller ? caller.applicationIds : [])),
  );
  assert.deepEqual([...new Set(ids)].toSorted(), [...firstPartyApplications.keys()].toSorted());
});
