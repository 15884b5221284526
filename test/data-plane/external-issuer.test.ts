import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import { auditLog } from '../control-plane/resources.ts';
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
  test('may open the vault of its tenant with a token for its own audience', async () => {
    const from = networks.allowed;
    const sent = { token: await token(), from, body: { value: 'v' } };
    assert.equal((await world.client.vault('kv-external', 'PUT', '/secrets/s', sent)).status, 200);
  });

  test('is still subject to the firewall, even if it claims to be a trusted service', async () => {
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

  test('cannot open the vault of another tenant, whatever tenant it claims', async () => {
    const own = world.client.identity.tenantId;
    const sent = { token: await token({ tid: own }), from: networks.allowed };
    const { status, body } = await world.client.vault('kv-own', 'GET', '/secrets/s', sent);
    const services = 'https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/';
    const expected = `https://sts.windows.net/${own}/, ${services}`;
    const message = `AKV10032: Invalid issuer. Expected one of ${expected}, found ${issuer}.`;
    assert.equal(status, 401);
    assert.deepEqual(body, errorBody('Unauthorized', message));
  });

  const times = [1e300, -1e300, -1, 1e14, '1700000000', 'NaN', null, {}, [1]];
  for (const claim of ['exp', 'nbf']) {
    test(`${claim} that is not a time is refused, with an answer and a record`, async () => {
      for (const time of times) {
        // RFC 7519 section 4.1.5: without `nbf` a token is valid from the start.
        if (claim === 'nbf' && time === null) continue;
        const alreadyRefused = refusals();
        const sent = { token: await token({ [claim]: time }), from: networks.allowed };
        const { status, body } = await world.client.vault('kv-external', 'GET', '/secrets/s', sent);
        assert.equal(status, 401, `${claim} ${JSON.stringify(time)}`);
        assert.match(String(body['error']?.['message']), new RegExp(`\\b${claim}\\b`));
        assert.equal(refusals(), alreadyRefused + 1);
        const asked = await world.client.send(`${world.client.home}/v1.0/groups`, { token: sent.token });
        assert.equal(asked.status, 401);
        assert.equal((await world.client.arm('GET', '/resourceGroups', undefined, { token: sent.token })).status, 401);
      }
    });
  }

  test('the last second that a date can show is a time, and so is minus zero', async () => {
    for (const claims of [{ exp: 253_402_300_799 }, { nbf: -0 }, { nbf: 1.5 }]) {
      const sent = { token: await token(claims), from: networks.allowed };
      assert.equal((await world.client.vault('kv-external', 'GET', '/secrets/s', sent)).status, 200);
    }
    const late = { token: await token({ nbf: 253_402_300_799 }), from: networks.allowed };
    const { status, body } = await world.client.vault('kv-external', 'GET', '/secrets/s', late);
    assert.equal(status, 401);
    assert.match(String(body['error']?.['message']), /not valid before 9999-12-31T23:59:59\.000Z/);
  });

  test('claims that are nested or many are refused before they are parsed', async () => {
    const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`c${index}`, 1])));
    const header = Buffer.from('{"alg":"RS256","kid":"k1"}').toString('base64url');
    for (const payload of [`{"iss":"${issuer}","a":${deep}}`, many.replaceAll(':1', ':[1,1,1]').repeat(2), deep]) {
      const forged = `${header}.${Buffer.from(payload).toString('base64url')}.AAAA`.slice(0, 15_000);
      const { status } = await world.client.vault('kv-external', 'GET', '/secrets/s', { token: forged });
      assert.equal(status, 401);
    }
  });
});

function refusals(): number {
  return auditLog(world).filter(({ resultSignature }) => resultSignature === 'Unauthorized').length;
}
