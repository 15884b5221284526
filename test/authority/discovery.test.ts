import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureOrigin, objectId, origin, startAuthority, tenant } from './world.ts';
import type { TestAuthority } from './world.ts';

async function get(
  { app }: TestAuthority,
  url: string,
  host = 'localhost:8443',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app.inject({ method: 'GET', url, headers: { host } });
  return { status: response.statusCode, body: response.json() };
}

test('both versions of the configuration use the requested name', async (t) => {
  const authority = await startAuthority(t);
  for (const [host, asked] of [
    ['localhost:8443', origin],
    ['login.microsoftonline.com', azureOrigin],
  ] as const) {
    const v1 = await get(authority, `/${tenant}/.well-known/openid-configuration`, host);
    assert.equal(v1.status, 200);
    assert.equal(v1.body['issuer'], `https://sts.windows.net/${tenant}/`);
    assert.equal(v1.body['token_endpoint'], `${asked}/${tenant}/oauth2/token`);
    assert.equal(v1.body['jwks_uri'], `${asked}/${tenant}/discovery/keys`);
    const v2 = await get(authority, `/${tenant}/v2.0/.well-known/openid-configuration`, host);
    assert.equal(v2.body['issuer'], `${asked}/${tenant}/v2.0`);
    assert.equal(v2.body['authorization_endpoint'], `${asked}/${tenant}/oauth2/v2.0/authorize`);
    assert.equal(v2.body['token_endpoint'], `${asked}/${tenant}/oauth2/v2.0/token`);
    assert.equal(v2.body['jwks_uri'], `${asked}/${tenant}/discovery/v2.0/keys`);
  }
});

test('for organizations the issuer is a template', async (t) => {
  const authority = await startAuthority(t);
  assert.equal(
    (await get(authority, '/common/.well-known/openid-configuration')).body['issuer'],
    'https://sts.windows.net/{tenantid}/',
  );
  const { body } = await get(authority, '/organizations/v2.0/.well-known/openid-configuration');
  assert.equal(body['issuer'], `${origin}/{tenantid}/v2.0`);
  assert.equal(body['token_endpoint'], `${origin}/organizations/oauth2/v2.0/token`);
});

test('an unknown tenant has no configuration and no keys', async (t) => {
  const authority = await startAuthority(t);
  for (const path of [
    '.well-known/openid-configuration',
    'v2.0/.well-known/openid-configuration',
    'discovery/v2.0/keys',
  ]) {
    const { status, body } = await get(authority, `/${objectId}/${path}`);
    assert.equal(status, 400);
    assert.equal(body['error'], 'invalid_tenant');
    assert.match(String(body['error_description']), /^AADSTS90002: Tenant 'b1111111-.*' not found\./);
  }
});

test('a host of no name set is told so', async (t) => {
  const { status } = await get(
    await startAuthority(t),
    `/${tenant}/v2.0/.well-known/openid-configuration`,
    'elsewhere.example',
  );
  assert.equal(status, 421);
});

test('both key addresses list the keys of the authority', async (t) => {
  const authority = await startAuthority(t);
  for (const path of ['discovery/keys', 'discovery/v2.0/keys']) {
    for (const who of [tenant, 'common']) {
      assert.deepEqual((await get(authority, `/${who}/${path}`)).body, authority.world.signingKeys.jwks());
    }
  }
});

test('instance discovery vouches for our own names only', async (t) => {
  const authority = await startAuthority(t);
  const ask = (endpoint: string) =>
    get(authority, `/common/discovery/instance?api-version=1.1&authorization_endpoint=${encodeURIComponent(endpoint)}`);
  const { status, body } = await ask(`${origin}/${tenant}/oauth2/v2.0/authorize`);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: 'localhost:8443', preferred_cache: 'localhost:8443', aliases: ['localhost:8443'] }],
  });
  for (const other of [
    'https://localhost:8444/x',
    'http://localhost:8443/x',
    'https://localhost:8443.evil.example/x',
    'no address',
  ]) {
    const refused = await ask(other);
    assert.equal(refused.status, 400);
    assert.equal(refused.body['error'], 'invalid_instance');
  }
  assert.equal((await get(authority, '/common/discovery/instance')).status, 400);
});
