import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { connect } from '../world/client.ts';
import type { Answered, Client, Sent } from '../world/client.ts';
import { acls, putVault, vaultPath } from '../data-plane/vaults.ts';
import { headerBinding } from '../../src/directory/bindings.ts';
import { registerClient } from '../../src/directory/client-registration.ts';
import type { Service } from '../../src/types/service.ts';

const services = ['vaults', 'authority', 'resourceManager', 'graph'] as const;
const vault = 'kv-azure-names';
const login = 'https://login.microsoftonline.com';
const arm = 'https://management.azure.com';
const graph = 'https://graph.microsoft.com';
const homes = { authority: new URL(login).host, resourceManager: new URL(arm).host, graph: new URL(graph).host };

/** A server with a listener of the fabric for each service, each on a port of its own. */
describe("the fabric's listeners", () => {
  let world: TestServer;
  let tenant: string;
  const clients = new Map<Service, Client>();
  const ports = new Map<Service, number>();

  before(async () => {
    world = await startServer();
    tenant = world.client.identity.tenantId;
    await putVault(world.client, vault, { networkAcls: acls.allow });
    const ca = world.folder.azureCertificates.authority.certificate;
    for (const service of services) {
      const { address } = await world.server.ingress.addPublic({ host: '127.0.0.1', port: 0 }, service);
      assert.ok(typeof address === 'object' && address !== null);
      ports.set(service, address.port);
      const { identity } = world.client;
      clients.set(service, connect({ port: address.port, domain: 'localhost', ca, identity }));
    }
  });
  after(() => world[Symbol.asyncDispose]());

  function ask(service: Service, url: string, sent: Sent = {}): Promise<Answered> {
    const client = clients.get(service);
    assert.ok(client !== undefined);
    return client.send(url, sent);
  }

  /** The answer to a GET with this host over a connection to that name. */
  async function exchange(port: number, host: string, servername: string): Promise<string> {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      servername,
      ca: [world.client.ca, world.folder.azureCertificates.authority.certificate],
      // Some of these names are in no certificate; the test needs the server's answer to them.
      checkServerIdentity: () => undefined,
    });
    socket.write(`GET /nothing HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  }

  async function tokenFor(resource: string): Promise<string> {
    const { clientId, clientSecret } = world.client.identity;
    const { status, body } = await ask('authority', `${login}/${tenant}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${resource}/.default`,
      }).toString(),
    });
    assert.equal(status, 200, JSON.stringify(body));
    return String(body['access_token']);
  }

  it('serve a vault by its name in Azure, challenge included', async () => {
    const url = `https://${vault}.vault.azure.net/secrets/s?api-version=7.4`;
    const challenged = await ask('vaults', url);
    assert.equal(challenged.status, 401);
    assert.equal(
      challenged.headers['www-authenticate'],
      `Bearer authorization="${login}/${tenant}", resource="https://vault.azure.net"`,
    );
    const token = await tokenFor('https://vault.azure.net');
    const set = await ask('vaults', url, { method: 'PUT', token, body: { value: 'v' } });
    assert.equal(set.status, 200, JSON.stringify(set.body));
    assert.match(String(set.body['id']), new RegExp(`^https://${vault}\\.vault\\.azure\\.net/secrets/s/`));
    await ask('vaults', url.replace('/s?', '/t?'), { method: 'PUT', token, body: { value: 'v' } });
    const list = await ask('vaults', url.replace('/s?', '?maxresults=1&'), { token });
    assert.match(String(list.body['nextLink']), new RegExp(`^https://${vault}\\.vault\\.azure\\.net/secrets\\?`));
  });

  it('serve the resource manager, whose answers have the same names', async () => {
    const token = await tokenFor(arm);
    const path = `/subscriptions/${world.client.identity.subscriptionId}${vaultPath(vault)}`;
    const { status, body } = await ask('resourceManager', `${arm}${path}?api-version=2023-07-01`, { token });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body['properties']?.['vaultUri'], `https://${vault}.vault.azure.net/`);
    const cloud = await ask('resourceManager', `${arm}/metadata/endpoints?api-version=2022-09-01`);
    assert.equal(cloud.body['name'], 'AzureCloud');
    assert.equal(cloud.body['resourceManager'], arm);
    assert.equal(cloud.body['microsoftGraphResourceId'], graph);
    assert.equal(cloud.body['authentication']?.['loginEndpoint'], login);
    assert.deepEqual(cloud.body['suffixes'], {
      keyVaultDns: 'vault.azure.net',
      storage: 'core.windows.net',
      acrLoginServer: 'azurecr.io',
      sqlServerHostname: 'database.windows.net',
    });
  });

  it('serve Graph to tokens for Graph, and not to those for the resource manager', async () => {
    const url = `${graph}/v1.0/users`;
    const own = await ask('graph', url, { token: await tokenFor(graph) });
    assert.equal(own.status, 200, JSON.stringify(own.body));
    assert.equal(own.body['@odata.context'], `${graph}/v1.0/$metadata#users`);
    const other = await ask('graph', url, { token: await tokenFor(arm) });
    assert.equal(other.status, 401);
    assert.match(JSON.stringify(other.body), /audience/i);
  });

  it('serve the authority by four names, and discovery names the first', async () => {
    for (const host of ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net']) {
      for (const segment of [tenant, 'common', 'organizations']) {
        const url = `https://${host}/${segment}/v2.0/.well-known/openid-configuration`;
        const { status, body } = await ask('authority', url);
        assert.equal(status, 200, url);
        assert.equal(body['issuer'], `${login}/${segment === tenant ? tenant : '{tenantid}'}/v2.0`);
        assert.equal(body['token_endpoint'], `${login}/${segment}/oauth2/v2.0/token`);
        assert.equal(body['device_authorization_endpoint'], `${login}/${segment}/oauth2/v2.0/devicecode`);
        assert.equal(body['userinfo_endpoint'], `${graph}/oidc/userinfo`);
      }
    }
  });

  it('vouch for Azure as one instance with its four names, and our own listeners do not', async () => {
    const path = '/common/discovery/instance?api-version=1.1&authorization_endpoint=';
    const endpoint = (origin: string) => `${path}${encodeURIComponent(`${origin}/${tenant}/oauth2/v2.0/authorize`)}`;
    const aliases = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'];
    const { status, body } = await ask('authority', `${login}${endpoint('https://login.windows.net')}`);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      tenant_discovery_endpoint: `${login}/${tenant}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: 'login.microsoftonline.com', preferred_cache: 'login.windows.net', aliases }],
    });
    const refusals = [
      await world.client.send(`${world.client.home}${endpoint(login)}`),
      await ask('authority', `${login}${endpoint(world.client.home)}`),
      await ask('authority', `${login}${endpoint('https://login.microsoftonline.us')}`),
      await ask('authority', `${login}${endpoint('http://login.microsoftonline.com')}`),
    ];
    for (const refused of refusals) {
      assert.equal(refused.status, 400);
      assert.equal(refused.body['error'], 'invalid_instance');
    }
  });

  it('begin a device code under the name in Azure', async () => {
    const { status, body } = await ask('authority', `${login}/organizations/oauth2/v2.0/devicecode`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        // The Azure CLI's own client, which every tenant has.
        client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        scope: `${arm}/.default openid profile offline_access`,
      }).toString(),
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(String(body['verification_uri']).startsWith(`${login}/`));
  });

  it('answer the hosts of their own service alone', async () => {
    const hosts: readonly (readonly [Service, string])[] = [
      ['vaults', `https://${vault}.vault.azure.net`],
      ['authority', login],
      ['authority', 'https://sts.windows.net'],
      ['resourceManager', arm],
      ['graph', graph],
    ];
    for (const listener of services) {
      for (const [service, origin] of hosts) {
        const { status, body } = await ask(listener, `${origin}/nothing/of/this`);
        if (service === listener) assert.notEqual(status, 421, `${origin} on ${listener}`);
        else
          assert.deepEqual([status, body['error']?.['code']], [421, 'MisdirectedRequest'], `${origin} on ${listener}`);
      }
    }
  });

  it('answer neither our own names nor names that are close', async () => {
    const names = [
      world.client.home,
      'https://localhost',
      world.client.vaultOrigin(vault),
      'https://vault.azure.net',
      `https://a.${vault}.vault.azure.net`,
      `https://${vault}.vault.azure.net:8443`,
      `https://${vault}.vault.azure.net.evil.example`,
      'https://management.azure.com:8443',
      'https://azure.com',
      'https://device.login.microsoftonline.com',
      'https://login.microsoftonline.us',
    ];
    for (const service of services) {
      const port = ports.get(service) ?? 0;
      for (const name of names) {
        const { host, hostname } = new URL(name);
        assert.match(await exchange(port, host, hostname), /^HTTP\/1\.1 421 /, `${name} on ${service}`);
      }
    }
  });

  it("are the only ones that answer Azure's names", async () => {
    for (const host of [`${vault}.vault.azure.net`, 'login.microsoftonline.com', 'management.azure.com']) {
      for (const named of [host, `${host}:${world.port}`]) {
        assert.match(await exchange(world.port, named, host), /^HTTP\/1\.1 421 /, named);
      }
    }
  });

  it('refuse a host that is not the one in SNI, also of the same service', async () => {
    const cases: readonly (readonly [Service, string, string])[] = [
      ['vaults', `${vault}.vault.azure.net`, 'kv-other.vault.azure.net'],
      ['vaults', `${vault}.vault.azure.net`, 'login.microsoftonline.com'],
      ['authority', 'login.microsoftonline.com', 'login.windows.net'],
    ];
    for (const [service, host, servername] of cases) {
      assert.match(await exchange(ports.get(service) ?? 0, host, servername), /^HTTP\/1\.1 421 /);
      assert.doesNotMatch(await exchange(ports.get(service) ?? 0, host, host), /^HTTP\/1\.1 421 /);
    }
  });

  it('take 443 for no port, as every client of HTTPS may', async () => {
    for (const service of services) {
      const host = { vaults: `${vault}.vault.azure.net`, ...homes }[service];
      for (const named of [host, `${host}:443`, `${host.toUpperCase()}:443`])
        assert.doesNotMatch(await exchange(ports.get(service) ?? 0, named, host), /^HTTP\/1\.1 421 /, named);
      for (const named of [`${host}:0443`, `${host}:443:443`, `${host}:4443`, `${host}:`])
        assert.match(await exchange(ports.get(service) ?? 0, named, host), /^HTTP\/1\.1 421 /, named);
    }
  });

  it('give no managed identity, neither for a secret nor for a place', async () => {
    const identityHeader = 'header-of-the-application-0123456789';
    await registerClient(world.folder.store, {
      clientId: 'a5555555-0000-4000-8000-000000000001',
      objectId: 'b5555555-0000-4000-8000-000000000001',
      tenantId: tenant,
      displayName: 'application',
      managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app',
      bindings: [headerBinding(identityHeader)],
    });
    const query = 'api-version=2019-08-01&resource=https://vault.azure.net';
    const asked = { headers: { 'x-identity-header': identityHeader, metadata: 'true' } };
    const own = await world.client.send(`${world.client.home}/msi/token?${query}`, asked);
    assert.equal(own.status, 200, JSON.stringify(own.body));
    for (const service of ['authority', 'resourceManager', 'graph'] as const) {
      for (const path of ['/msi/token', '/metadata/identity/oauth2/token', '/metadata/instance']) {
        const { status, body } = await ask(service, `https://${homes[service]}${path}?${query}`, asked);
        assert.deepEqual([status, body['access_token']], [404, undefined], path);
      }
    }
    const { body } = await ask('authority', `${login}/msi/token?${query}`, asked);
    assert.equal(body['error']?.['message'], "There is nothing at '/msi/token'. This host has the authority only.");
  });

  it('give a service nothing of another on its host', async () => {
    const { status, body } = await ask('authority', `${login}/subscriptions?api-version=2022-12-01`);
    assert.deepEqual([status, body['error']?.['code']], [404, 'NotFound']);
    assert.match(
      String(body['error']?.['message']),
      /^There is nothing at '\/subscriptions'\. This host has the authority only\.$/,
    );
    assert.equal((await ask('graph', `${graph}/${tenant}/oauth2/v2.0/token`, { method: 'POST' })).status, 404);
    const elsewhere = await ask('resourceManager', `${arm}/v1.0/users`);
    assert.equal(elsewhere.body['error']?.['code'], 'InvalidResourceType');
  });

  it("show a certificate that only the fabric's authority signed", async () => {
    const own = world.client.ca;
    const fabric = world.folder.azureCertificates.authority.certificate;
    const port = ports.get('vaults') ?? 0;
    const servername = `${vault}.vault.azure.net`;
    assert.equal(await trusts({ port, ca: fabric, servername }), undefined);
    assert.equal(await trusts({ port, ca: own, servername }), 'SELF_SIGNED_CERT_IN_CHAIN');
    assert.equal(await trusts({ port: world.port, ca: own, servername: 'localhost' }), undefined);
    assert.equal(await trusts({ port: world.port, ca: fabric, servername: 'localhost' }), 'SELF_SIGNED_CERT_IN_CHAIN');
  });

  it("show the client's own address to the vault, where an ordinary one goes through the NAT table", async () => {
    const seen = async (answer: Promise<Answered>) => (await answer).headers['x-ms-keyvault-network-info'];
    const url = `https://${vault}.vault.azure.net/secrets/s?api-version=7.4`;
    assert.match(String(await seen(ask('vaults', url, { from: '127.0.0.7' }))), /addr=127\.0\.0\.7;/);
    const ordinary = world.client.send(`${world.client.vaultOrigin(vault)}/secrets/s?api-version=7.4`, {
      from: '127.0.0.7',
    });
    assert.match(String(await seen(ordinary)), /addr=203\.0\.113\.7;/);
  });
});

/** Why a client that trusts `ca` alone refuses the connection; `undefined` if it does not. */
function trusts(asked: { readonly port: number; readonly ca: string; readonly servername: string }): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', ...asked }, () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.on('error', (error) => resolve('code' in error ? error.code : error));
  });
}
