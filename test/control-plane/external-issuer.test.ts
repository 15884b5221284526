import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import { registerClient } from '../../src/directory/client-registration.ts';
import { globalAdministrators } from '../../src/directory/groups.ts';
import { putVault, recordsWhere, register, vaultPath } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Answered } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { at, expectStatus } from './resources.ts';

const issuer = 'https://keycloak.example.org/realms/apps';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const vault = 'kv-issuer';
/** An object of the directory that the configuration lets the issuer's tokens act as. */
const named = randomUUID();

let jwks: Server;
let data: string;
let world: TestServer;

before(async () => {
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  jwks = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1');
  await once(jwks, 'listening');
  const address = jwks.address();
  assert.ok(typeof address === 'object' && address !== null);
  data = mkdtempSync(join(tmpdir(), 'postern-test-'));
  // The first start creates the tenant, which the issuer's configuration then names.
  const first = await startServerWith({ data });
  const { tenantId } = first.client.identity;
  await first[Symbol.asyncDispose]();
  const entry = { issuer, tenantId, audiences: ['apps'], jwksUri: `http://127.0.0.1:${address.port}/certs` };
  world = await startServerWith({ data, config: { issuers: [{ ...entry, directoryObjects: [named] }] } });
  await putVault(world.client, vault);
});

after(async () => {
  await world[Symbol.asyncDispose]();
  jwks.close();
  rmSync(data, { recursive: true, force: true });
});

function token(claims: Readonly<Record<string, unknown>>): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: 'apps', iat: seconds, nbf: seconds, exp: seconds + 600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
}

/** The answers of the resource manager and of a vault to the issuer's token with these claims. */
async function asked(claims: Readonly<Record<string, unknown>>): Promise<readonly [Answered, Answered]> {
  const sent = { token: await token(claims) };
  return [
    await world.client.arm('GET', vaultPath(vault), undefined, sent),
    await world.client.vault(vault, 'GET', '/secrets', sent),
  ];
}

async function expectStatuses(claims: Readonly<Record<string, unknown>>, arm: number, vaults: number): Promise<void> {
  const [first, second] = await asked(claims);
  assert.deepEqual([first.status, second.status], [arm, vaults], JSON.stringify([first.body, second.body]));
}

/** Lets an object read the vault's resource through a role, and list its secrets through a policy. */
async function grant(objectId: string): Promise<void> {
  await assign(world.client, { role: 'Reader', principalId: objectId, at: vaultPath(vault) });
  const { tenantId } = world.client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['list'] } }];
  const added = await world.client.arm('PUT', `${vaultPath(vault)}/accessPolicies/add`, {
    properties: { accessPolicies },
  });
  assert.ok(added.status === 200 || added.status === 201);
}

suite("an external issuer of the server's own tenant", () => {
  test("cannot act as the administrator, with its object id in any case, as 'sub' or as 'oid'", async () => {
    const { objectId } = world.client.identity;
    const variants = [{ oid: objectId }, { sub: objectId }, { oid: objectId.toUpperCase() }];
    for (const claims of variants) {
      const [arm, inVault] = await asked(claims);
      const who = String(Object.values(claims)[0]);
      const rule = (of: string) =>
        `'${who}' is an object of this directory, and the issuer ${of} may act as it only if the issuer's entry in the configuration lists it in 'directoryObjects'.`;
      assert.equal(arm.status, 401);
      assert.equal(at(arm.body, 'error', 'code'), 'InvalidAuthenticationToken');
      assert.equal(at(arm.body, 'error', 'message'), `The access token is invalid: ${rule(`'${issuer}'`)}`);
      assert.equal(inVault.status, 401);
      assert.equal(at(inVault.body, 'error', 'message'), `Error validating token: ${rule(issuer)}`);
    }
  });

  test('cannot give membership in a group of the directory, or act as a group', async () => {
    const group = randomUUID();
    const member = await register(world, { groups: [group] });
    for (const id of [group, member.objectId]) await grant(id);
    for (const id of [group, member.objectId, globalAdministrators, world.client.identity.objectId]) {
      await expectStatuses({ oid: randomUUID(), groups: [randomUUID(), id] }, 403, 403);
      await expectStatuses({ oid: randomUUID(), groups: [id.toUpperCase()] }, 403, 403);
    }
  });

  test('cannot act as a deleted object, though its roles and policies still exist', async () => {
    const gone = await register(world);
    await grant(gone.objectId);
    const graph = `${world.client.home}/v1.0/servicePrincipals/${gone.objectId}`;
    expectStatus(await world.client.send(graph, { method: 'DELETE', token: await world.client.token('arm') }), 204);
    await expectStatuses({ oid: gone.objectId }, 401, 401);
    await expectStatuses({ oid: randomUUID(), groups: [gone.objectId] }, 403, 403);
  });

  test('has subjects and groups of its own, which have the permissions that they are given, and no others', async () => {
    const [subject, group] = [randomUUID(), randomUUID()];
    await expectStatuses({ oid: subject }, 403, 403);
    for (const id of [subject, group]) await grant(id);
    await expectStatuses({ oid: subject }, 200, 200);
    await expectStatuses({ oid: randomUUID(), groups: [group] }, 200, 200);
    await expectStatuses({ oid: randomUUID() }, 403, 403);
    const is = (record: { readonly identity?: { readonly claim?: Readonly<Record<string, unknown>> } }) =>
      record.identity?.claim?.['oid'] === subject;
    const [record] = await recordsWhere(world, is);
    assert.equal(record?.identity?.claim['iss'], issuer, 'the record names the issuer');
  });

  test('can act as the directory object that the configuration names, and as no other', async () => {
    const { tenantId } = world.client.identity;
    const registration = { clientId: randomUUID(), objectId: named, tenantId, displayName: 'named', secrets: [] };
    await registerClient(world.folder.store, registration);
    const other = (await register(world)).objectId;
    for (const id of [named, other]) await grant(id);
    await expectStatuses({ oid: named }, 200, 200);
    await expectStatuses({ oid: other }, 401, 401);
  });
});
