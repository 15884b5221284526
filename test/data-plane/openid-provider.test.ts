/** Tokens of a real OpenID provider: its discovery, its keys as they change, and what its callers may do. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { after, before, test } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { startOpenIdProvider } from '../caller/openid-provider.ts';
import type { OpenIdProvider } from '../caller/openid-provider.ts';
import { at } from '../control-plane/resources.ts';
import type { Answered } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, networks, putVault } from './vaults.ts';

const audience = 'https://vaults.contoso.example';
const tenantId = randomUUID();
const user = randomUUID();
const from = networks.allowed;

let provider: OpenIdProvider;
let stranger: OpenIdProvider;
let world: TestServer;

before(async () => {
  [provider, stranger] = [await startOpenIdProvider(), await startOpenIdProvider()];
  world = await startServerWith({
    still: true,
    config: { issuers: [{ issuer: provider.issuer, tenantId, audiences: [audience] }] },
  });
  const accessPolicies = [
    { tenantId, objectId: provider.clientId, permissions: { secrets: ['set', 'get'] } },
    { tenantId, objectId: user, permissions: { secrets: ['get'] } },
  ];
  await putVault(world.client, 'kv-openid', { networkAcls: acls.deny, tenantId, accessPolicies });
});

after(async () => {
  await world[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await stranger[Symbol.asyncDispose]();
});

const read = (token: string) => world.client.vault('kv-openid', 'GET', '/secrets/s', { token, from });

function reasonOf({ status, body }: Answered): readonly [number, string] {
  return [status, String(at(body, 'error', 'message'))];
}

test('by discovery alone a service and a user of the provider do what policies let them, and nothing else', async () => {
  const service = await provider.clientToken(audience);
  const { iss, aud, sub } = decodeJwt(service);
  assert.deepEqual([iss, aud, sub], [provider.issuer, audience, provider.clientId]);
  const written = await world.client.vault('kv-openid', 'PUT', '/secrets/s', {
    token: service,
    from,
    body: { value: 'v' },
  });
  assert.equal(written.status, 200);
  assert.deepEqual(
    provider.asked.filter((path) => path !== '/token'),
    ['/.well-known/openid-configuration', '/jwks'],
  );
  const signedIn = await provider.userToken(user, audience);
  assert.equal(decodeJwt(signedIn).sub, user);
  assert.equal((await read(signedIn)).body['value'], 'v');
  const [status, message] = reasonOf(
    await world.client.vault('kv-openid', 'PUT', '/secrets/s', { token: signedIn, from, body: { value: 'w' } }),
  );
  assert.equal(status, 403);
  assert.match(message, /does not have secrets set permission on key vault 'kv-openid/);
  const elsewhere = await world.client.vault('kv-openid', 'GET', '/secrets/s', {
    token: signedIn,
    from: networks.refused,
  });
  assert.equal(at(elsewhere.body, 'error', 'innererror', 'code'), 'ForbiddenByFirewall');
});

test('a user without a policy, another audience and another provider are refused, each with its reason', async () => {
  const [withoutPolicy, why] = reasonOf(await read(await provider.userToken(randomUUID(), audience)));
  assert.equal(withoutPolicy, 403);
  assert.match(why, /does not have secrets get permission/);
  const other = 'https://mail.contoso.example';
  const [status, message] = reasonOf(await read(await provider.clientToken(other)));
  assert.deepEqual([status, message.endsWith(`, found: ${other}.`), message.includes(audience)], [401, true, true]);
  assert.match(message, /^AKV10022: Invalid audience\./);
  const foreign = reasonOf(await read(await stranger.clientToken(audience)));
  assert.equal(foreign[0], 401);
  assert.match(foreign[1], /^AKV10032: Invalid issuer\. Expected one of /);
  assert.ok(foreign[1].endsWith(`, found ${stranger.issuer}.`));
  assert.deepEqual(stranger.asked, ['/token'], 'it is never asked for keys');
});

test('a new key of the provider is fetched for its first token, and a withdrawn one ends in ten minutes', async () => {
  const kept = await provider.userToken(user, audience);
  assert.equal((await read(kept)).status, 200);
  await provider.rotate(true);
  const [first, second] = [await provider.clientToken(audience), await provider.clientToken(audience)];
  assert.notEqual(decodeProtectedHeader(first).kid, decodeProtectedHeader(kept).kid);
  provider.asked.length = 0;
  assert.match(reasonOf(await read(first))[1], /^AKV10046: Unable to resolve the key/);
  assert.deepEqual(provider.asked, [], 'half a minute after a fetch, there is not another one');
  world.advance(30_000);
  assert.equal((await read(first)).status, 200);
  assert.equal((await read(second)).status, 200);
  assert.equal((await read(kept)).status, 200);
  assert.deepEqual(provider.asked, ['/.well-known/openid-configuration', '/jwks']);
  const withdrawn = await provider.clientToken(audience);
  await provider.rotate(false);
  world.advance(600_000);
  const [status, message] = reasonOf(await read(withdrawn));
  assert.equal(status, 401);
  assert.match(message, /^AKV10046/);
});

test('while the provider does not answer its known keys go on, and unknown ones are refused with the reason', async () => {
  const [known, another] = [await provider.clientToken(audience), await provider.clientToken(audience)];
  world.advance(30_000);
  assert.equal((await read(known)).status, 200);
  await provider.rotate(true);
  const unknown = await provider.clientToken(audience);
  provider.stop();
  world.advance(700_000);
  assert.equal((await read(another)).status, 200, 'verified now, with a key from before');
  const expected = `The signing keys of the token's issuer ${provider.issuer} cannot be fetched now. Try again later.`;
  assert.deepEqual(reasonOf(await read(unknown)), [503, expected]);
  provider.go();
  world.advance(30_000);
  assert.equal((await read(unknown)).status, 200);
});

test('an official client takes the token from a credential of the program', async () => {
  const toLoopback: LookupFunction = (_name, options, found) => lookup('127.0.0.1', options, found);
  const agent = new Agent({ ca: world.client.ca, lookup: toLoopback, localAddress: from });
  const credential = {
    getToken: async () => ({ token: await provider.clientToken(audience), expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const client = new SecretClient(`https://kv-openid.vault.localhost:${world.port}`, credential, {
    disableChallengeResourceVerification: true,
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'agent',
          sendRequest(outgoing, next) {
            outgoing.agent = agent;
            return next(outgoing);
          },
        },
      },
    ],
  });
  assert.equal((await client.getSecret('s')).value, 'v');
  agent.destroy();
});

test('a token that has expired is refused', async () => {
  const token = await provider.clientToken(audience);
  world.advance(3_600_000 + 300_000);
  const [status, message] = reasonOf(await read(token));
  assert.equal(status, 401);
  assert.match(message, /expired/i);
});
