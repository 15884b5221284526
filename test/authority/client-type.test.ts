import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { redirectOf } from './browser.ts';
import {
  browserOf,
  origin,
  password,
  postToken,
  secret,
  startAuthority,
  tenant,
  user,
  vaultResource,
} from './world.ts';
import type { TestAuthority, TokenResponse } from './world.ts';

const redirectUris = {
  web: 'https://app.example/cb',
  spa: 'https://app.example/spa',
  publicClient: 'http://localhost/native',
} as const;
const scope = `${vaultResource}/.default offline_access`;
const verifier = randomBytes(32).toString('base64url');

/** An authority with a client that has a secret, redirect URIs of each platform and optionally the fallback to a public client. */
async function startWith(t: TestContext, publicClient: boolean) {
  const authority = await startAuthority(t);
  const clientId = randomUUID();
  const { web, spa, publicClient: native } = redirectUris;
  await registerClient(authority.world.store, {
    clientId,
    objectId: randomUUID(),
    tenantId: tenant,
    displayName: 'both',
    secrets: [secret],
    redirectUris: { web: [web], spa: [spa], publicClient: [native] },
    publicClient,
  });
  return { authority, clientId };
}

/** The form that redeems a code that the sign-in page sent to `redirectUri`. */
async function codeForm(authority: TestAuthority, clientId: string, redirectUri: string) {
  const browser = browserOf(authority);
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await browser.open(`${origin}/${tenant}/oauth2/v2.0/authorize?${query.toString()}`);
  const answer = redirectOf(await browser.submit(page, { login: user.userPrincipalName, passwd: password }));
  const code = answer.searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri, code };
  return { ...form, code_verifier: verifier };
}

function expectCredentialNeeded({ body }: TokenResponse): void {
  assert.deepEqual(body['error_codes'], [7000218], JSON.stringify(body));
}

function refreshTokenOf({ status, body }: TokenResponse): string {
  assert.equal(status, 200, JSON.stringify(body));
  return String(body['refresh_token']);
}

for (const publicClient of [true, false]) {
  const fallback = publicClient ? 'with' : 'without';
  test(`a code of a web platform is redeemed with the client's credential, ${fallback} the fallback to a public client`, async (t) => {
    const { authority, clientId } = await startWith(t, publicClient);
    const redeem = await codeForm(authority, clientId, redirectUris.web);
    expectCredentialNeeded(await postToken(authority, redeem));
    const form = { ...(await codeForm(authority, clientId, redirectUris.web)), client_secret: secret };
    const token = refreshTokenOf(await postToken(authority, form));
    const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token, scope };
    expectCredentialNeeded(await postToken(authority, refresh));
    const wrong = await postToken(authority, { ...refresh, client_secret: 'another' });
    assert.deepEqual(wrong.body['error_codes'], [7000215]);
    refreshTokenOf(await postToken(authority, { ...refresh, client_secret: secret }));
  });

  test(`a code of a public platform needs none, ${fallback} the fallback`, async (t) => {
    const { authority, clientId } = await startWith(t, publicClient);
    for (const redirectUri of [redirectUris.spa, redirectUris.publicClient, 'http://localhost:5000/native']) {
      const token = refreshTokenOf(await postToken(authority, await codeForm(authority, clientId, redirectUri)));
      const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token, scope };
      refreshTokenOf(await postToken(authority, refresh));
    }
  });
}

test('without a redirect URI, the fallback alone makes the client public', async (t) => {
  for (const publicClient of [true, false]) {
    const { authority, clientId } = await startWith(t, publicClient);
    const form = { grant_type: 'password', client_id: clientId, username: user.userPrincipalName, password, scope };
    const asked = await postToken(authority, form);
    if (publicClient) refreshTokenOf(asked);
    else expectCredentialNeeded(asked);
    const polled = await postToken(authority, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: clientId,
      device_code: 'none',
    });
    if (publicClient) assert.deepEqual(polled.body['error_codes'], [70019]);
    else expectCredentialNeeded(polled);
  }
});
