import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, errorBody, location, networks, putVault, vaultPath } from './vaults.ts';

const issuer = 'https://keycloak.example.org/realms/apps';
const tenantId = randomUUID();
const objectId = randomUUID();
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let jwks: Server;
let world: TestServer;

before(async () => {
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  jwks = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  const port = await new Promise<number>((resolve) => {
    jwks.listen(0, '127.0.0.1', () => {
      const address = jwks.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const issuers = [{ issuer, tenantId, audiences: ['apps'], jwksUri: `http://127.0.0.1:${port}/certs` }];
  world = await startServerWith({ config: { issuers } });
  const policy = { tenantId, objectId, permissions: { secrets: ['all'] } };
  await putVault(world.client, 'kv-external', { networkAcls: acls.deny, tenantId, accessPolicies: [policy] });
  await putVault(world.client, 'kv-own');
});

after(async () => {
  await world[Symbol.asyncDispose]();
  jwks.close();
});

function token(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: 'apps', oid: objectId, iat: now, nbf: now, exp: now + 600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
}

suite('an issuer that the operator added', () => {
  test('its token, for its own audience, opens the vault of its tenant', async () => {
    const from = networks.allowed;
    const sent = { token: await token(), from, body: { value: 'v' } };
    assert.equal((await world.client.vault('kv-external', 'PUT', '/secrets/s', sent)).status, 200);
  });

  test('the firewall stands before it all the same, also for what it claims of trusted services', async () => {
    const xms_mirid = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a';
    await world.client.arm('PATCH', vaultPath('kv-external'), {
      location,
      properties: { networkAcls: acls.denyBypass },
    });
    const sent = { token: await token({ xms_mirid }), from: networks.refused };
    const { status, body } = await world.client.vault('kv-external', 'GET', '/secrets/s', sent);
    assert.equal(status, 403);
    assert.equal(body['error']?.['innererror']?.['code'], 'ForbiddenByFirewall');
  });

  test('another audience is refused', async () => {
    const sent = { token: await token({ aud: 'others' }), from: networks.allowed };
    const { status, body } = await world.client.vault('kv-external', 'GET', '/secrets/s', sent);
    assert.equal(status, 401);
    assert.match(
      String(body['error']?.['message']),
      /^AKV10022: Invalid audience\. Expected .*apps.*, found: others\.$/,
    );
  });

  test('the vault of another tenant is closed to it, whatever tenant it claims', async () => {
    const own = world.client.identity.tenantId;
    const sent = { token: await token({ tid: own }), from: networks.allowed };
    const { status, body } = await world.client.vault('kv-own', 'GET', '/secrets/s', sent);
    const services = 'https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/';
    const expected = `https://sts.windows.net/${own}/, ${services}`;
    const message = `AKV10032: Invalid issuer. Expected one of ${expected}, found ${issuer}.`;
    assert.equal(status, 401);
    assert.deepEqual(body, errorBody('Unauthorized', message));
  });
});
