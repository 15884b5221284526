import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WorkloadIdentityCredential } from '@azure/identity';
import { at, claimsOf, expectStatus, group, location, putVault } from '../control-plane/resources.ts';
import type { Answered } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { exchangeAudience, startCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';

const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const app = `${identities}/App`;
const credential = `${app}/federatedIdentityCredentials/aks`;
const subject = 'system:serviceaccount:shop:cart';

interface Federated extends AsyncDisposable {
  readonly world: TestServer;
  readonly cluster: Cluster;
  readonly clientId: string;
  readonly principalId: string;
  readonly properties: object;
}

/** A server with the cluster as an issuer, an identity with its credential, and a vault in which the identity may read `s`. */
async function startFederated(): Promise<Federated> {
  const cluster = await startCluster();
  const world = await startServerWith({ config: { issuers: [cluster.configured] } });
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const made = expectStatus(await client.arm('PUT', app, { location }), 201);
  const clientId = String(at(made.body, 'properties', 'clientId'));
  const principalId = String(at(made.body, 'properties', 'principalId'));
  const properties = { issuer: cluster.issuer, subject, audiences: [exchangeAudience] };
  expectStatus(await client.arm('PUT', credential, { properties }), 201);
  const { tenantId, objectId } = client.identity;
  const accessPolicies = [objectId, principalId].map((id) => ({
    tenantId,
    objectId: id,
    permissions: { secrets: ['get', 'set'] },
  }));
  expectStatus(await putVault(client, 'kv-aks', { accessPolicies }), 200);
  expectStatus(await client.vault('kv-aks', 'PUT', '/secrets/s', { body: { value: 'v' } }), 200);
  return {
    world,
    cluster,
    clientId,
    principalId,
    properties,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

async function signIn({ world, clientId }: Federated, assertion: string): Promise<Answered> {
  const { home, identity, send } = world.client;
  return send(`${home}/${identity.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      scope: `https://vault.localhost:${world.port}/.default`,
    }).toString(),
  });
}

function expectRefused({ status, body }: Answered, expected: number, says: string): void {
  const text = String(body['error_description']);
  assert.ok(text.startsWith(says), text);
  assert.equal(status, expected, text);
}

test("a workload reads a secret as the user-assigned identity that its cluster's token authenticates", async () => {
  await using federated = await startFederated();
  const { world, cluster, clientId, principalId } = federated;
  const { client } = world;
  const answered = expectStatus(await signIn(federated, await cluster.sign({ subject })), 200);
  const token = String(answered.body['access_token']);
  const claims = claimsOf(token);
  const identity = `/subscriptions/${client.identity.subscriptionId}${app}`;
  assert.deepEqual(
    [claims['oid'], claims['appid'], claims['appidacr'], claims['xms_mirid'], claims['idtyp']],
    [principalId, clientId, '2', identity, 'app'],
  );
  assert.equal(expectStatus(await client.vault('kv-aks', 'GET', '/secrets/s', { token }), 200).body['value'], 'v');
  const own = await cluster.sign({ subject });
  assert.equal((await client.vault('kv-aks', 'GET', '/secrets/s', { token: own })).status, 401, 'it gives no access');
});

test('WorkloadIdentityCredential reads the token from its file, and again when it has changed', async () => {
  await using federated = await startFederated();
  const { world, cluster, clientId, principalId } = federated;
  const tokenFilePath = join(world.folder.path, 'projected-token');
  writeFileSync(tokenFilePath, await cluster.sign({ subject }));
  const options = {
    tenantId: world.client.identity.tenantId,
    clientId,
    tokenFilePath,
    authorityHost: world.client.home,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: world.client.ca },
  };
  const scope = `https://vault.localhost:${world.port}/.default`;
  const { token } = await new WorkloadIdentityCredential(options).getToken(scope);
  assert.equal(claimsOf(token)['oid'], principalId);
  const read = await world.client.vault('kv-aks', 'GET', '/secrets/s', { token });
  assert.equal(expectStatus(read, 200).body['value'], 'v');
  writeFileSync(tokenFilePath, await cluster.sign({ subject: `${subject}2` }));
  await assert.rejects(new WorkloadIdentityCredential(options).getToken(scope), /AADSTS700213: No matching federated/);
});

test('a token that does not match the credential is refused with the difference', async () => {
  await using federated = await startFederated();
  const { cluster } = federated;
  const refused = async (claims: Parameters<Cluster['sign']>[0], says: string) =>
    expectRefused(await signIn(federated, await cluster.sign(claims)), 401, says);
  const other = 'system:serviceaccount:shop:Cart';
  const none = (what: string, found: string) =>
    `No matching federated identity record found for presented assertion ${what} '${found}'.`;
  await refused({ subject: other }, `AADSTS700213: ${none('subject', other)}`);
  await refused({ subject, audience: 'api://other' }, `AADSTS700212: ${none('audience', 'api://other')}`);
  const unslashed = cluster.issuer.slice(0, -1);
  await refused({ subject, issuer: unslashed }, `AADSTS700211: ${none('issuer', unslashed)}`);
  await using impostor = await startCluster();
  const forged = await impostor.sign({ subject });
  expectRefused(await signIn(federated, forged), 401, 'AADSTS700027: Client assertion contains an invalid signature.');
});

test('a changed credential is used at once; a deleted one, or one of a deleted identity, is not', async () => {
  await using federated = await startFederated();
  const { world, cluster, properties, clientId } = federated;
  const { client } = world;
  const assertion = await cluster.sign({ subject });
  const moved = { properties: { ...properties, subject: 'system:serviceaccount:shop:till' } };
  expectStatus(await client.arm('PUT', credential, moved), 200);
  expectRefused(await signIn(federated, assertion), 401, 'AADSTS700213: ');
  expectStatus(await client.arm('PUT', credential, { properties }), 200);
  expectStatus(await signIn(federated, assertion), 200);
  // A change of the identity itself keeps them.
  expectStatus(await client.arm('PUT', app, { location, tags: { a: 'b' } }), 200);
  expectStatus(await signIn(federated, assertion), 200);
  expectStatus(await client.arm('DELETE', credential), 200);
  const none = `AADSTS70025: The client '${clientId}'(App) has no configured federated identity credentials.`;
  expectRefused(await signIn(federated, assertion), 401, none);
  expectStatus(await client.arm('PUT', credential, { properties }), 201);
  expectStatus(await signIn(federated, assertion), 200);
  expectStatus(await client.arm('DELETE', app), 200);
  expectRefused(await signIn(federated, assertion), 400, `AADSTS700016: Application with identifier '${clientId}'`);
  const recreated = expectStatus(await client.arm('PUT', app, { location }), 201);
  expectStatus(await client.arm('GET', credential), 404);
  const another = { ...federated, clientId: String(at(recreated.body, 'properties', 'clientId')) };
  expectRefused(await signIn(another, assertion), 401, 'AADSTS70025: ');
});

test('a system-assigned identity has no federated credentials', async () => {
  await using federated = await startFederated();
  const { world, cluster, properties } = federated;
  const { client } = world;
  const site = `${group}/providers/Microsoft.Web/sites/app`;
  const made = expectStatus(await client.arm('PUT', site, { location, identity: { type: 'SystemAssigned' } }), 201);
  const refused = await client.arm('PUT', `${site}/federatedIdentityCredentials/aks`, { properties });
  assert.equal(at(expectStatus(refused, 404).body, 'error', 'code'), 'InvalidResourceType');
  const principalId = String(at(made.body, 'identity', 'principalId'));
  const token = await client.token('arm');
  const principal = await client.send(`${client.home}/v1.0/servicePrincipals/${principalId}`, { token });
  const itself = { ...federated, clientId: String(expectStatus(principal, 200).body['appId']) };
  expectRefused(await signIn(itself, await cluster.sign({ subject })), 401, 'AADSTS70025: ');
});

test('an issuer that only a credential names is never contacted', async () => {
  await using federated = await startFederated();
  const { world, properties } = federated;
  await using stranger = await startCluster('https://stranger.example');
  const path = `${app}/federatedIdentityCredentials/stranger`;
  const named = { properties: { ...properties, issuer: stranger.issuer } };
  expectStatus(await world.client.arm('PUT', path, named), 201);
  const says = `AADSTS700211: This server does not have the keys of the federated identity record's issuer '${stranger.issuer}'`;
  expectRefused(await signIn(federated, await stranger.sign({ subject })), 401, says);
});
