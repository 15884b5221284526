import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { Answered, Sent } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  accessDenied,
  acls,
  auditRecords,
  callerLine,
  errorBody,
  location,
  networks,
  putVault,
  register,
} from './vaults.ts';
import type { Registered } from './vaults.ts';

const vault = 'kv-order';

/** A request, step by step: `good` passes the step, `bad` fails it. */
interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly apiVersion?: string | undefined;
  readonly token?: string | undefined;
  readonly from?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

suite('the order of a request', () => {
  let world: TestServer;
  let good: string;
  let nobody: Registered;
  let powerless: string;
  const requestId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  before(async () => {
    world = await startServer();
    nobody = await register(world);
    await putVault(world.client, vault, { networkAcls: acls.deny });
    good = await world.client.token('vault');
    powerless = await world.client.token('vault', nobody);
    const set = await world.client.vault(vault, 'PUT', '/secrets/there', {
      body: { value: 'v' },
      from: networks.allowed,
    });
    assert.equal(set.status, 200);
  });

  after(() => world[Symbol.asyncDispose]());

  async function ask(asked: Asked): Promise<Answered> {
    const { host = vault, path = '/secrets/there', apiVersion = '7.4', from = networks.allowed } = asked;
    const query = 'apiVersion' in asked && asked.apiVersion === undefined ? '' : `?api-version=${apiVersion}`;
    const sent: Sent = {
      method: asked.method ?? 'GET',
      token: 'token' in asked ? asked.token : good,
      from,
      ...('body' in asked && { body: asked.body }),
      ...(asked.headers !== undefined && { headers: asked.headers }),
    };
    const answer = await world.client.send(`${world.client.vaultOrigin(host)}${path}${query}`, sent);
    assert.match(String(answer.headers['x-ms-request-id']), requestId, 'the request id comes before everything');
    return answer;
  }

  const tampered = (token: string) => `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(342)}`;
  const admin = () => world.client.identity;
  const challenge = () =>
    `Bearer authorization="${world.client.home}/${admin().tenantId}", resource="https://vault.localhost:${world.port}"`;

  const firewallText = (caller: Omit<Registered, 'clientSecret'>) =>
    'Client address is not authorized and caller was ignored because bypass is set to None\r\n' +
    `Client address: 203.0.113.8\r\nCaller: ${callerLine(caller)}\r\nVault: ${vault};location=${location}`;

  interface Pair {
    readonly name: string;
    /** Fails both steps. */
    readonly request: () => Asked;
    readonly status: number;
    readonly body: () => unknown;
    readonly headers?: () => Readonly<Record<string, string | undefined>>;
  }

  const pairs: readonly Pair[] = [
    {
      name: 'a preflight is answered before its vault is looked up',
      request: () => ({
        method: 'OPTIONS',
        host: 'no-such-vault',
        token: undefined,
        headers: { origin: world.client.home },
      }),
      status: 204,
      body: () => undefined,
      headers: () => ({
        'access-control-allow-origin': world.client.home,
        'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE',
        'access-control-allow-headers':
          'authorization, content-type, if-match, if-none-match, x-ms-client-request-id, x-ms-useragent',
        'access-control-max-age': '600',
        vary: 'Origin',
      }),
    },
    {
      name: 'a vault that does not exist comes before the route',
      request: () => ({ host: 'no-such-vault', path: '/no-such-thing' }),
      status: 404,
      body: () =>
        errorBody(
          'VaultNotFound',
          "There is no key vault 'no-such-vault' here. On Azure its name would not resolve; check the vault's name and that it is not soft-deleted.",
        ),
    },
    {
      name: 'the route comes before the api-version',
      request: () => ({ path: '/no-such-thing', apiVersion: undefined }),
      status: 404,
      body: () => errorBody('NotFound', 'The data plane has no operation GET /no-such-thing.'),
    },
    {
      name: 'a missing api-version comes before the bearer token',
      request: () => ({ apiVersion: undefined, token: undefined }),
      status: 400,
      body: () =>
        errorBody(
          'BadParameter',
          'The query parameter api-version is missing. The latest supported version is 2026-04-01.',
        ),
      headers: () => ({ 'www-authenticate': undefined }),
    },
    {
      name: 'an unknown api-version comes before the bearer token',
      request: () => ({ apiVersion: '6.9', token: undefined }),
      status: 400,
      body: () =>
        errorBody(
          'BadParameter',
          'The specified version (6.9) is not recognized. Consider using the latest supported version (2026-04-01).',
        ),
      headers: () => ({ 'www-authenticate': undefined }),
    },
    {
      name: 'a missing token is challenged before its validity and before the firewall',
      request: () => ({ token: undefined, from: networks.refused }),
      status: 401,
      body: () => errorBody('Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.'),
      headers: () => ({ 'www-authenticate': challenge(), 'content-length': '97' }),
    },
    {
      name: 'an invalid token is refused before the firewall',
      request: () => ({ token: tampered(good), from: networks.refused }),
      status: 401,
      body: () => errorBody('Unauthorized', "Error validating token: its signature does not match its issuer's key."),
      headers: () => ({ 'www-authenticate': challenge() }),
    },
    {
      name: 'the firewall comes before the permission',
      request: () => ({ token: powerless, from: networks.refused }),
      status: 403,
      body: () => errorBody('Forbidden', firewallText(nobody), 'ForbiddenByFirewall'),
      headers: () => ({ 'www-authenticate': undefined }),
    },
    {
      name: 'the permission comes before the body',
      request: () => ({ method: 'PUT', token: powerless, body: '{"value":' }),
      status: 403,
      body: () => errorBody('Forbidden', accessDenied(nobody, 'secrets/set', vault), 'AccessDenied'),
    },
    {
      name: 'the permission comes before the existence of the object',
      request: () => ({ path: '/secrets/missing', token: powerless }),
      status: 403,
      body: () => errorBody('Forbidden', accessDenied(nobody, 'secrets/get', vault), 'AccessDenied'),
    },
    {
      name: 'the body comes before the operation',
      request: () => ({ method: 'PATCH', path: '/secrets/missing', body: '{"tags":' }),
      status: 400,
      body: () => errorBody('BadParameter', 'The request body is not valid JSON.'),
    },
  ];

  for (const { name, request, status, body, headers } of pairs) {
    test(name, async () => {
      const answer = await ask(request());
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.deepEqual(answer.body, body());
      for (const [header, value] of Object.entries(headers?.() ?? {}))
        assert.equal(answer.headers[header], value, header);
    });
  }

  test('the operation comes before its audit record, which has the outcome and is written before the answer', async () => {
    const id = randomUUID();
    const answer = await ask({ path: '/secrets/missing', headers: { 'x-ms-client-request-id': id } });
    assert.equal(answer.status, 404);
    const record = auditRecords(world).find(({ correlationId }) => correlationId === id);
    assert.equal(record?.operationName, 'SecretGet');
    assert.equal(record.properties.httpStatusCode, 404);
  });

  test('a body is read only after the permission: the large body of an unknown caller is not waited for', async () => {
    const body = `{"value":"${'x'.repeat(2_000_000)}"}`;
    const admitted = await ask({ method: 'PUT', path: '/secrets/large', body });
    assert.equal(admitted.status, 413);
    assert.deepEqual(
      admitted.body,
      errorBody('RequestEntityTooLarge', 'The request body is larger than the 1048576 bytes that are allowed.'),
    );
    // It is announced and never sent, so waiting for it would never end.
    const refused = await ask({
      method: 'PUT',
      path: '/secrets/large',
      from: networks.refused,
      body: '{',
      headers: { 'content-length': '1000000' },
    });
    assert.equal(refused.status, 403);
  });

  test('a request that passes every step is answered', async () => {
    const answer = await ask({});
    assert.equal(answer.status, 200);
    assert.equal(answer.body['value'], 'v');
  });
});
