import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  AuthorizationCodeCredential,
  ClientAssertionCredential,
  DeviceCodeCredential,
  UsernamePasswordCredential,
} from '@azure/identity';
import { decodeJwt } from 'jose';
import { claimsOf } from '../control-plane/resources.ts';
import { putVault } from '../data-plane/vaults.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { redirectOf } from './browser.ts';
import { browserAt } from './browser-at.ts';
import { exchangeAudience, startCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';

const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery' };
const desktop = 'a0000000-0000-4000-8000-000000000001';
const web = { clientId: 'a0000000-0000-4000-8000-000000000002', secret: 'a secret of the application' };
const robot = 'a0000000-0000-4000-8000-000000000003';
const machine = {
  clientId: 'a0000000-0000-4000-8000-000000000004',
  identityHeader: '0123456789abcdef0123456789abcdef',
};
const redirectUri = 'https://app.example/cb';
const subject = 'system:serviceaccount:default:robot';

const program = fileURLToPath(new URL('managed-identity-client.ts', import.meta.url));

let cluster: Cluster;
let world: TestServer;
before(async () => {
  cluster = await startCluster();
  const federated = { name: 'robot', issuer: cluster.issuer, subject, audiences: [exchangeAudience] };
  world = await startServerWith({
    config: {
      users: [{ ...ada, displayName: 'Ada', objectId: 'f0000000-0000-4000-8000-000000000001' }],
      clients: [
        { clientId: desktop, publicClient: true },
        { ...web, redirectUris: { web: [redirectUri] } },
        { clientId: robot, federatedCredentials: [federated] },
        { ...machine, managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app' },
      ],
      issuers: [cluster.configured],
    },
  });
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const tenant = () => world.client.identity.tenantId;
const scope = () => `https://vault.localhost:${world.port}/.default`;
const options = () => ({
  authorityHost: world.client.home,
  disableInstanceDiscovery: true,
  tlsOptions: { ca: world.client.ca },
});

const browser = () => browserAt({ port: world.port, ca: world.client.ca });

const credentials = { login: ada.userPrincipalName, passwd: ada.password };

function passwordCredential(password: string) {
  // oxlint-disable-next-line typescript/no-deprecated -- applications that use it must get the same answers as from Entra
  return new UsernamePasswordCredential(tenant(), desktop, ada.userPrincipalName, password, options());
}

test('UsernamePasswordCredential gets a token that a vault accepts, with the user in its policy', async () => {
  const credential = passwordCredential(ada.password);
  const { token } = await credential.getToken(scope());
  const { oid } = claimsOf(token);
  const { client } = world;
  await putVault(client, 'kv-user', { policies: [{ objectId: String(oid), secrets: ['list'] }] });
  assert.equal((await client.vault('kv-user', 'GET', '/secrets', { token })).status, 200);
  const denied = await client.vault('kv-user', 'GET', '/secrets/x', { token });
  assert.equal(denied.status, 403);
  assert.match(String(denied.body['error']?.['message']), new RegExp(`appid=${desktop};oid=${String(oid)};`));
  // For another resource it sends the refresh token that it has kept.
  const again = await credential.getToken(`${client.home}/.default`);
  assert.equal(claimsOf(again.token)['aud'], client.home);
});

test("a wrong password gives the application Entra's message", async () => {
  await assert.rejects(passwordCredential('wrong').getToken(scope()), /AADSTS50126: Error validating credentials/);
});

test('DeviceCodeCredential waits until the user has typed its code into the page', async () => {
  const controller = new AbortController();
  async function signIn(verificationUri: string, userCode: string): Promise<void> {
    const mine = browser();
    const page = await mine.submit(await mine.open(verificationUri), { otc: userCode });
    assert.match((await mine.submit(page, credentials)).text, /You have signed in to Microsoft Azure CLI/);
  }
  let signedIn = Promise.resolve();
  const credential = new DeviceCodeCredential({
    ...options(),
    tenantId: 'organizations',
    userPromptCallback: ({ userCode, verificationUri }) => {
      signedIn = signIn(verificationUri, userCode);
      signedIn.catch(() => controller.abort());
    },
  });
  const { token } = await credential.getToken(scope(), { abortSignal: controller.signal });
  await signedIn;
  assert.equal(claimsOf(token)['upn'], ada.userPrincipalName);
});

test('AuthorizationCodeCredential redeems what the sign-in page sent to its redirect URI', async () => {
  const mine = browser();
  const query = { client_id: web.clientId, response_type: 'code', redirect_uri: redirectUri, scope: scope() };
  const address = `${world.client.home}/${tenant()}/oauth2/v2.0/authorize?${new URLSearchParams(query).toString()}`;
  const answer = redirectOf(await mine.submit(await mine.open(address), credentials));
  const code = answer.searchParams.get('code') ?? '';
  const { clientId, secret } = web;
  const credential = new AuthorizationCodeCredential(tenant(), clientId, secret, code, redirectUri, options());
  const { token } = await credential.getToken(scope());
  assert.deepEqual([claimsOf(token)['upn'], claimsOf(token)['appid']], [ada.userPrincipalName, clientId]);
});

test("ClientAssertionCredential exchanges a cluster's token for one of the client's own", async () => {
  const assertion = () => cluster.sign({ subject });
  const credential = new ClientAssertionCredential(tenant(), robot, assertion, options());
  const { token } = await credential.getToken(scope());
  assert.deepEqual([decodeJwt(token)['appid'], decodeJwt(token)['idtyp']], [robot, 'app']);
  // The cluster's own token is refused here.
  const refused = await world.client.vault('kv-user', 'GET', '/secrets', { token: await assertion() });
  assert.equal(refused.status, 401);
});

test("ManagedIdentityCredential finds App Service's endpoint in its environment, and gets the workload's identity", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(world.folder.path, 'ca.pem'),
      IDENTITY_ENDPOINT: `${world.client.home}/msi/token`,
      IDENTITY_HEADER: machine.identityHeader,
      POSTERN_TEST: JSON.stringify({ scope: scope() }),
    },
    timeout: 60_000,
  });
  const claims = claimsOf(stdout.trim());
  assert.equal(claims['appid'], machine.clientId);
  assert.equal(claims['xms_mirid'], '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app');
});
