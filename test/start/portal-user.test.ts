import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { portalClientId } from '../../src/directory/well-known.ts';
import { browserAt } from '../authority/browser-at.ts';
import { redirectOf } from '../authority/browser.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

/** Signs in to the portal as a browser does; returns a token for `resource`. */
async function signIn({ ready, client }: RunningPostern, resource: string): Promise<string> {
  const { url, user = '', password = '' } = ready.portal;
  const asked = {
    client_id: portalClientId,
    response_type: 'code',
    redirect_uri: url,
    scope: `${resource}/.default openid offline_access`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  const browser = browserAt({ port: Number(new URL(ready.home).port), ca: client.ca });
  const page = await browser.open(
    `${ready.home}/${ready.tenantId}/oauth2/v2.0/authorize?${new URLSearchParams(asked).toString()}`,
  );
  assert.match(page.text, /to continue to <b>Postern portal<\/b>/);
  const back = redirectOf(await browser.submit(page, { login: user, passwd: password }));
  assert.equal(`${back.origin}${back.pathname}`, url);
  const redeemed = await client.send(`${ready.home}/${ready.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ready.home },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: portalClientId,
      redirect_uri: url,
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }).toString(),
  });
  assert.equal(redeemed.status, 200, JSON.stringify(redeemed.body));
  return String(redeemed.body['access_token']);
}

test('the user of the demo world signs in to the portal, owns the subscription and may use the demo vaults', async () => {
  using data = dataFolder();
  let made;
  {
    await using world = await startPostern(['--data', data.path]);
    const { client, ready } = world;
    made = ready.portal;
    assert.deepEqual(Object.keys(made), ['url', 'user', 'password']);
    assert.equal(made.url, `${ready.home}/portal/`);
    assert.match(made.password ?? '', /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    const file = join(data.path, 'connection.json');
    assert.deepEqual((JSON.parse(readFileSync(file, 'utf8')) as RunningPostern['ready']).portal, made);
    assert.equal(statSync(file).mode & 0o777, 0o600);

    const arm = await signIn(world, ready.home);
    const group = `${ready.home}/subscriptions/${ready.subscriptionId}/resourceGroups/of-the-user?api-version=2023-07-01`;
    const put = { method: 'PUT', token: arm, body: { location: 'westeurope' } };
    assert.equal((await client.send(group, put)).status, 201, 'an owner makes a resource group');

    const vaults = await signIn(world, `https://vault.${new URL(ready.home).host}`);
    for (const [vault, from] of [
      ['demo', '127.0.0.7'],
      ['open', '127.0.0.8'],
    ] as const) {
      const read = { token: vaults, from };
      for (const collection of ['secrets', 'keys', 'certificates']) {
        const listed = await client.vault(vault, 'GET', `/${collection}`, read);
        assert.equal(listed.status, 200, `${collection} of ${vault}: ${JSON.stringify(listed.body)}`);
      }
    }
    // The boundary is for this user too.
    const outside = await client.vault('demo', 'GET', '/secrets', { token: vaults, from: '127.0.0.8' });
    assert.equal(outside.body['error']?.['innererror']?.['code'], 'ForbiddenByFirewall');
  }
  await using again = await startPostern(['--data', data.path]);
  assert.deepEqual(
    { ...again.ready.portal, url: '' },
    { ...made, url: '' },
    'the next start makes no other user or password',
  );
});

test('a password that somebody changed is shown no longer, and a user that was removed stays so', async () => {
  using data = dataFolder();
  {
    await using world = await startPostern(['--data', data.path]);
    const { client, ready } = world;
    const graph = await client.token('https://graph.microsoft.com');
    const url = `${ready.home}/v1.0/users/${ready.portal.user}`;
    const body = { passwordProfile: { password: 'another one, 42', forceChangePasswordNextSignIn: false } };
    const changed = await client.send(url, { method: 'PATCH', token: graph, body });
    assert.equal(changed.status, 204, JSON.stringify(changed.body));
  }
  {
    await using world = await startPostern(['--data', data.path]);
    const { client, ready } = world;
    assert.deepEqual(ready.portal, { url: `${ready.home}/portal/` });
    const graph = await client.token('https://graph.microsoft.com');
    const removed = await client.send(`${ready.home}/v1.0/users/demo@localhost`, { method: 'DELETE', token: graph });
    assert.equal(removed.status, 204, JSON.stringify(removed.body));
  }
  await using world = await startPostern(['--data', data.path]);
  assert.deepEqual(world.ready.portal, { url: `${world.ready.home}/portal/` });
});

test('without a demo world there is no such user', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path, '--no-demo']);
  const { client, ready } = world;
  assert.deepEqual(ready.portal, { url: `${ready.home}/portal/` });
  const users = await client.send(`${ready.home}/v1.0/users`, {
    token: await client.token('https://graph.microsoft.com'),
  });
  assert.deepEqual(users.body['value'], []);
});
