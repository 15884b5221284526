import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { portalClientId } from '../../src/directory/well-known.ts';
import type { Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

/** Port 18443 is mapped to the listener's, and 18444 is that of another server on the same host. */
const [port, another] = [18_443, 18_444];
const home = `https://localhost:${port}`;
const vault = `https://open.vault.localhost:${port}`;

/** The ports of this host in an answer. */
const ports = (body: Json | undefined): readonly string[] => [
  ...new Set([...(JSON.stringify(body) ?? '').matchAll(/localhost:(\d+)/g)].map(([, digits = '']) => digits)),
];

for (const [setting, told] of [
  ['any', undefined],
  [String(port), port],
] as const) {
  describe(`with --public-port ${setting}, a client that comes by port ${port}`, () => {
    let world: TestServer;
    let subscription: string;
    before(async () => {
      world = await startServerWith({ options: ['--public-port', setting], demo: true });
      subscription = `/subscriptions/${world.folder.identity.subscriptionId}`;
    });
    after(() => world[Symbol.asyncDispose]());
    const token = (resource: string) => tokenAt(world, resource);
    const get = async (url: string, resource?: string) =>
      world.client.send(url, resource === undefined ? {} : { token: await token(resource) });

    it('is told its own port in every document of discovery', async () => {
      const { tenantId } = world.folder.identity;
      for (const path of [
        `/${tenantId}/v2.0/.well-known/openid-configuration`,
        '/metadata/endpoints?api-version=2022-09-01',
        `/common/discovery/instance?api-version=1.1&authorization_endpoint=${home}/${tenantId}/oauth2/v2.0/authorize`,
        '/portal/settings.json',
      ]) {
        const { status, body } = await get(`${home}${path}`);
        assert.equal(status, 200, path);
        assert.deepEqual(ports(body), [String(port)], path);
      }
    });

    it('is not told that the authority at another port is this one', async () => {
      const { status, body } = await get(
        `${home}/common/discovery/instance?api-version=1.1&authorization_endpoint=https://localhost:${another}/x`,
      );
      assert.deepEqual([status, body['error']], [400, 'invalid_instance']);
    });

    it('is challenged for its own port, and the token is for it', async () => {
      const challenged = await get(`${vault}/secrets/greeting?api-version=7.4`);
      assert.equal(challenged.status, 401);
      assert.equal(
        challenged.headers['www-authenticate'],
        `Bearer authorization="${home}/${world.folder.identity.tenantId}", resource="https://vault.localhost:${port}"`,
      );
      const given = await token(`https://vault.localhost:${port}`);
      assert.equal(decodeJwt(given).aud, `https://vault.localhost:${port}`);
      const read = await world.client.send(`${vault}/secrets/greeting?api-version=7.4`, { token: given });
      assert.equal(read.status, 200);
      assert.deepEqual(ports(read.body['id']), [String(port)]);
    });

    it('gets ids, links and addresses of vaults with it', async () => {
      const list = await get(`${vault}/secrets?api-version=7.4&maxresults=1`, `https://vault.localhost:${port}`);
      assert.deepEqual([list.status, ports(list.body)], [200, [String(port)]]);
      const read = await get(
        `${home}${subscription}/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/open?api-version=2023-07-01`,
        home,
      );
      assert.equal(read.body['properties']?.['vaultUri'], `${vault}/`);
      const page = await get(
        `${home}${subscription}/providers/Microsoft.KeyVault/vaults?$top=1&api-version=2023-07-01`,
        home,
      );
      assert.match(String(page.body['nextLink']), new RegExp(`^${home}/`));
    });

    it('opens the portal there, which may call the vaults of this port', async () => {
      const preflight = async (origin: string) => {
        const sent = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } };
        return (await world.client.send(`${vault}/secrets`, sent)).headers['access-control-allow-origin'];
      };
      assert.equal(await preflight(home), home);
      for (const origin of [`https://localhost:${another}`, 'https://evil.example', `http://localhost:${port}`])
        assert.equal(await preflight(origin), undefined, origin);
    });

    it('may be sent back to the portal of this port only', async () => {
      const authorize = async (redirect: string) => {
        const query = new URLSearchParams({
          client_id: portalClientId,
          response_type: 'code',
          redirect_uri: redirect,
          scope: 'openid',
          code_challenge: 'x'.repeat(43),
          code_challenge_method: 'S256',
        });
        const url = `/${world.folder.identity.tenantId}/oauth2/v2.0/authorize?${query.toString()}`;
        return pageAt(world, url);
      };
      assert.match(await authorize(`${home}/portal/`), /name="password"|Sign in/);
      for (const redirect of [`https://localhost:${another}/portal/`, `https://localhost:${port}/portal`])
        assert.match(await authorize(redirect), /AADSTS50011/, redirect);
    });

    it('finds nothing at a port that is not mapped, unless any is', async () => {
      for (const host of [`localhost:${another}`, `open.vault.localhost:${another}`]) {
        const { status } = await get(`https://${host}/healthstatus`);
        if (told === undefined) assert.notEqual(status, 421, host);
        else assert.equal(status, 421, host);
      }
      const own = await get(`https://open.vault.localhost:${world.port}/healthstatus`);
      assert.equal(own.status, told === undefined ? 200 : 421);
      const plain = await get('https://open.vault.localhost/healthstatus');
      assert.equal(plain.status, 200);
    });
  });
}

async function tokenAt({ client, folder: { identity } }: TestServer, resource: string): Promise<string> {
  const { clientId, clientSecret, tenantId } = identity;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const { body } = await client.send(`${home}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, scope: `${resource}/.default` }).toString(),
  });
  return String(body['access_token']);
}

/** A page of the authority, in a browser that came by the mapped port. */
async function pageAt({ client, port: listening }: TestServer, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { host: `localhost:${port}`, accept: 'text/html' };
  const target = { host: '127.0.0.1', port: listening, servername: 'localhost', ca: client.ca, agent: false };
  request({ ...target, path, headers }, (incoming) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => resolve(`${incoming.headers.location ?? ''}${body}`));
  })
    .on('error', reject)
    .end();
  return promise;
}

describe('a token of one port', () => {
  it('is not for the vaults of another, with any', async () => {
    await using world = await startServerWith({ options: ['--public-port', 'any'], demo: true });
    const given = await world.client.token(`https://vault.localhost:${port}`);
    const url = (at: number) => `https://open.vault.localhost:${at}/secrets/greeting?api-version=7.4`;
    assert.equal((await world.client.send(url(port), { token: given })).status, 200);
    const elsewhere = await world.client.send(url(another), { token: given });
    assert.equal(elsewhere.status, 401);
    assert.match(
      elsewhere.headers['www-authenticate'] ?? '',
      new RegExp(`resource="https://vault.localhost:${another}"`),
    );
  });
});
