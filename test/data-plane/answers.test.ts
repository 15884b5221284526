import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Answered } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { accessDenied, acls, callerLine, errorBody, location, networks, putVault, register } from './vaults.ts';
import type { Registered } from './vaults.ts';

let world: TestServer;
let nobody: Registered;

before(async () => {
  world = await startServer();
  nobody = await register(world);
  const { client } = world;
  await putVault(client, 'kv-deny', { networkAcls: acls.deny });
  await putVault(client, 'kv-deny-bypass', { networkAcls: acls.denyBypass });
  await putVault(client, 'kv-closed', { networkAcls: acls.deny, publicNetworkAccess: 'Disabled' });
  await putVault(client, 'kv-closed-bypass', { networkAcls: acls.denyBypass, publicNetworkAccess: 'Disabled' });
  await putVault(client, 'kv-rbac', { networkAcls: acls.allow, enableRbacAuthorization: true });
  await putVault(client, 'kv-open', { networkAcls: acls.allow });
});

after(() => world[Symbol.asyncDispose]());

suite('the 403 for the network and for the permission, word by word', () => {
  interface Denied {
    readonly vault: string;
    readonly from: string;
    readonly inner: string;
    readonly message: (admin: Registered) => string;
  }

  const vaultLine = (vault: string) => `Vault: ${vault};location=${location}`;
  const cases: readonly Denied[] = [
    {
      vault: 'kv-deny',
      from: networks.refused,
      inner: 'ForbiddenByFirewall',
      message: (admin) =>
        'Client address is not authorized and caller was ignored because bypass is set to None\r\n' +
        `Client address: 203.0.113.8\r\nCaller: ${callerLine(admin)}\r\n${vaultLine('kv-deny')}`,
    },
    {
      vault: 'kv-deny-bypass',
      from: networks.refused,
      inner: 'ForbiddenByFirewall',
      message: (admin) =>
        'Client address is not authorized and caller is not a trusted service.\r\n' +
        `Client address: 203.0.113.8\r\nCaller: ${callerLine(admin)}\r\n${vaultLine('kv-deny-bypass')}`,
    },
    {
      vault: 'kv-closed',
      from: networks.allowed,
      inner: 'ForbiddenByConnection',
      message: (admin) =>
        "Connection is not an approved private link and caller was ignored because bypass is not set to 'AzureServices' " +
        "and PublicNetworkAccess is set to 'Disabled'.\r\n" +
        `Caller: ${callerLine(admin)}\r\n${vaultLine('kv-closed')}`,
    },
    {
      vault: 'kv-closed-bypass',
      from: networks.allowed,
      inner: 'ForbiddenByConnection',
      message: (admin) =>
        'Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\n' +
        `Caller: ${callerLine(admin)}\r\n${vaultLine('kv-closed-bypass')}`,
    },
    {
      vault: 'kv-rbac',
      from: networks.allowed,
      inner: 'ForbiddenByRbac',
      message: (admin) =>
        'Caller is not authorized to perform action on resource.\r\n' +
        'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n' +
        `Caller: ${callerLine(admin)}\r\n` +
        "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n" +
        `Resource: '/subscriptions/${world.client.identity.subscriptionId}` +
        "/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv-rbac/secrets/x'\r\n" +
        'Assignment: (not found)\r\nDenyAssignmentId: null\r\n' +
        `DecisionReason: 'DeniedWithNoValidRBAC' \r\n${vaultLine('kv-rbac')}\r\n`,
    },
  ];

  for (const { vault, from, inner, message } of cases) {
    test(`${vault} answers ${inner} to ${from}`, async () => {
      const answer = await world.client.vault(vault, 'GET', '/secrets/X', { from });
      assert.equal(answer.status, 403);
      assert.deepEqual(answer.body, errorBody('Forbidden', message(world.client.identity), inner));
    });
  }

  test('a caller without an access policy gets AccessDenied', async () => {
    const token = await world.client.token('vault', nobody);
    const answer = await world.client.vault('kv-open', 'GET', '/secrets/x', { token });
    assert.equal(answer.status, 403);
    assert.deepEqual(
      answer.body,
      errorBody('Forbidden', accessDenied(nobody, 'secrets/get', 'kv-open'), 'AccessDenied'),
    );
  });

  test('a caller without an access policy is told how many groups were checked, but not by the firewall', async () => {
    const member = await register(world, { groups: [randomUUID(), randomUUID()] });
    const token = await world.client.token('vault', member);
    const ask = async (vault: string) => {
      const { status, body } = await world.client.vault(vault, 'GET', '/secrets/x', { token, from: networks.refused });
      return [status, String(body['error']?.['message'])] as const;
    };
    const denied = accessDenied(member, 'secrets/get', 'kv-open');
    assert.deepEqual(await ask('kv-open'), [403, denied.replace(';iss=', ';numgroups=2;iss=')]);
    const [, refused] = await ask('kv-deny');
    assert.ok(refused.includes(`\r\nCaller: ${callerLine(member)}\r\n`), refused);
  });

  test('a client at ::1 is refused by the address that the NAT table gives it', async () => {
    const answer = await world.client.send(`${world.client.vaultOrigin('kv-deny')}/secrets/x?api-version=7.4`, {
      token: await world.client.token('vault'),
      from: '::1',
    });
    assert.equal(answer.status, 403);
    assert.match(String(answer.body['error']?.['message']), /\r\nClient address: 203\.0\.113\.1\r\n/);
  });
});

suite('the 401 of a token that is not for this vault', () => {
  const text = (answer: Answered) => String(answer.body['error']?.['message']);

  test('another audience is AKV10022', async () => {
    const token = await world.client.token('arm');
    const answer = await world.client.vault('kv-open', 'GET', '/secrets/x', { token });
    assert.equal(answer.status, 401);
    assert.equal(
      text(answer),
      `AKV10022: Invalid audience. Expected https://vault.localhost:${world.port} or https://vault.azure.net or ` +
        `cfa8b339-82a2-471a-a3c9-0fc0be7a4093, found: ${world.client.home}.`,
    );
    assert.match(String(answer.headers['www-authenticate']), /^Bearer authorization="/);
  });

  test('another tenant is AKV10032, with the issuers that are accepted', async () => {
    const { client } = world;
    const tenantId = '11111111-2222-3333-4444-555555555555';
    await putVault(client, 'kv-elsewhere', { tenantId, policies: [], networkAcls: acls.allow });
    const answer = await client.vault('kv-elsewhere', 'GET', '/secrets/x');
    assert.equal(answer.status, 401);
    assert.equal(
      text(answer),
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${servicesTenant}/, ` +
        `found https://sts.windows.net/${client.identity.tenantId}/.`,
    );
    assert.match(String(answer.headers['www-authenticate']), new RegExp(`/${tenantId}", resource="`));
  });

  for (const [what, authorization] of [
    ['another scheme', 'Basic abc'],
    ['no token after the scheme', 'Bearer '],
    ['a token in the query only', undefined],
  ] as const) {
    test(`${what} counts as a missing token`, async () => {
      const token = await world.client.token('vault');
      const query = authorization === undefined ? `&access_token=${token}` : '';
      const answer = await world.client.send(`${world.client.vaultOrigin('kv-open')}/secrets?api-version=7.4${query}`, {
        ...(authorization !== undefined && { headers: { authorization } }),
      });
      assert.equal(answer.status, 401);
      assert.equal(text(answer), 'AKV10000: Request is missing a Bearer or PoP token.');
    });
  }

  test('an unknown signing key is AKV10046, with the header of the token and no other part of it', async () => {
    const [header = '', payload = '', signature = ''] = (await world.client.token('vault')).split('.');
    const read = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
    const foreign = Buffer.from(JSON.stringify({ ...read, kid: 'nobody' })).toString('base64url');
    const token = `${foreign}.${payload}.${signature}`;
    const answer = await world.client.vault('kv-open', 'GET', '/secrets/x', { token });
    assert.equal(answer.status, 401);
    assert.equal(
      text(answer),
      `AKV10046: Unable to resolve the key used for signature validation. EncodedJwtHeader: '${foreign}'.`,
    );
  });

  test('a token that is not a JWT is refused without repeating it', async () => {
    const answer = await world.client.vault('kv-open', 'GET', '/secrets/x', { token: 'not-a-token' });
    assert.equal(answer.status, 401);
    assert.equal(
      text(answer),
      'Error validating token: it is not a JWT, or its token is missing or of the wrong form.',
    );
  });
});

suite('the 405 of a path that has other methods', () => {
  for (const [method, path, allowed] of [
    ['POST', '/secrets/x', 'GET, PUT, PATCH, DELETE'],
    ['DELETE', '/secrets', 'GET'],
    ['DELETE', '/keys/x/create', 'GET, POST, PATCH'],
  ] as const) {
    test(`${method} ${path} names them`, async () => {
      const answer = await world.client.vault('kv-open', method, path);
      assert.equal(answer.status, 405);
      assert.equal(answer.headers['allow'], allowed);
      const message = `The data plane has no operation ${method} ${path}; the path takes ${allowed}.`;
      assert.deepEqual(answer.body, errorBody('MethodNotAllowed', message));
    });
  }

  test('an unknown path is a 404', async () => {
    const answer = await world.client.vault('kv-open', 'DELETE', '/no/such/thing');
    assert.deepEqual([answer.status, answer.headers['allow']], [404, undefined]);
  });
});

suite('the headers of every answer', () => {
  const fixed = {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'content-type': 'application/json; charset=utf-8',
    'x-ms-keyvault-region': location,
    'x-ms-keyvault-service-version': '1.9.3038.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;',
    'x-ms-client-request-id': 'mine-1',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
  };
  const also = ['x-ms-request-id', 'content-length', 'date', 'connection'];
  const answers: Readonly<Record<string, readonly [status: number, vault: string, path: string]>> = {
    'a success': [200, 'kv-open', '/secrets'],
    'a refusal of the network': [403, 'kv-closed', '/secrets'],
    'an error of the operation': [404, 'kv-open', '/secrets/none'],
    'a path without an operation': [404, 'kv-open', '/no/such/thing'],
    'a path that cannot be decoded': [404, 'kv-open', '/secrets/%zz'],
    'a path that is far too long': [404, 'kv-open', `/secrets/${'a'.repeat(3000)}`],
  };

  for (const [what, [status, vault, path]] of Object.entries(answers)) {
    test(`${what} has Azure's headers and no others`, async () => {
      const headers = { 'x-ms-client-request-id': 'mine-1' };
      // A connection that is kept has a header of HTTP's besides: how long.
      const answer = await world.client.vault(vault, 'GET', path, { from: networks.allowed, headers, agent: false });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      const rest = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !also.includes(name)));
      assert.deepEqual(rest, fixed);
      for (const name of also) assert.ok(answer.headers[name], name);
    });
  }

  test('a challenge has them too', async () => {
    const headers = { 'x-ms-client-request-id': 'mine-1' };
    const answer = await world.client.vault('kv-open', 'GET', '/secrets', {
      from: networks.allowed,
      headers,
      token: undefined,
    });
    assert.equal(answer.status, 401);
    for (const [name, value] of Object.entries(fixed)) assert.equal(answer.headers[name], value, name);
  });

  for (const [from, seen] of [
    ['127.0.0.7', 'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;'],
    ['127.0.0.254', 'conn_type=Ipv4;addr=203.0.113.254;act_addr_fam=InterNetwork;'],
    ['::1', 'conn_type=Ipv4;addr=203.0.113.1;act_addr_fam=InterNetwork;'],
    ['127.0.1.7', 'conn_type=Ipv4;addr=127.0.1.7;act_addr_fam=InterNetwork;'],
  ] as const) {
    test(`a client at ${from} is told its address as the vault sees it: ${seen}`, async () => {
      const { headers } = await world.client.vault('kv-open', 'GET', '/secrets', { from });
      assert.equal(headers['x-ms-keyvault-network-info'], seen);
    });
  }

  test('a client’s request id is returned only if it is short and printable', async () => {
    for (const [id, echoed] of [
      ['x'.repeat(128), 'x'.repeat(128)],
      ['x'.repeat(129), undefined],
      ['two words', undefined],
    ] as const) {
      const { headers } = await world.client.vault('kv-open', 'GET', '/secrets', {
        headers: { 'x-ms-client-request-id': id },
      });
      assert.equal(headers['x-ms-client-request-id'], echoed);
    }
  });
});

suite('GET /healthstatus', () => {
  for (const vault of ['kv-deny', 'kv-closed', 'no-such-vault']) {
    test(`answers from a network that ${vault} refuses, without a token, four bytes`, async () => {
      const answer = await world.client.send(`${world.client.vaultOrigin(vault)}/healthstatus`, {
        from: networks.refused,
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, true);
      assert.equal(answer.headers['content-length'], '4');
      assert.equal(
        answer.headers['x-ms-keyvault-network-info'],
        'conn_type=Ipv4;addr=203.0.113.8;act_addr_fam=InterNetwork;',
      );
    });
  }
});

suite('CORS', () => {
  const ask = (origin: string, method = 'GET') =>
    world.client.vault('kv-deny', method, '/secrets/x', { from: networks.refused, headers: { origin } });

  test('a page of an allowed origin may read its 403 with its address', async () => {
    const answer = await ask(world.client.home);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['access-control-allow-origin'], world.client.home);
    assert.equal(answer.headers.vary, 'Origin');
    assert.match(String(answer.headers['access-control-expose-headers']), /\bx-ms-keyvault-network-info\b/);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  });

  for (const origin of ['https://evil.example', 'null', 'https://localhost:1', 'https://kv-deny.vault.localhost']) {
    test(`a page of ${origin} may read nothing`, async () => {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await ask(origin, method);
        const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
        assert.deepEqual(cors, []);
      }
    });
  }
});

suite('a request that is not well formed', () => {
  for (const type of ['junk', '', ';;;']) {
    test(`with the Content-Type '${type}' is the client's fault`, async () => {
      const answer = await world.client.vault('kv-open', 'PUT', '/secrets/x', {
        body: '{"value":"v"}',
        headers: { 'content-type': type },
      });
      assert.equal(answer.status, 400);
      assert.deepEqual(
        answer.body,
        errorBody(
          'BadParameter',
          'The request body cannot be read: its Content-Type or Content-Length header is not well formed.',
        ),
      );
    });
  }

  test('names an api-version once', async () => {
    const url = `${world.client.vaultOrigin('kv-open')}/secrets?api-version=7.4&api-version=7.3`;
    const answer = await world.client.send(url, { token: await world.client.token('vault') });
    assert.equal(answer.status, 400);
    assert.match(
      String(answer.body['error']?.['message']),
      /^The specified version \(more than one\) is not recognized/,
    );
  });

  for (const version of [
    '2015-06-01',
    '2016-10-01',
    '7.0',
    '7.5',
    '7.6',
    '7.6-preview.2',
    '2025-07-01',
    '2026-04-01',
  ]) {
    test(`the api-version ${version} is known, also with its dash percent-encoded`, async () => {
      const url = `${world.client.vaultOrigin('kv-open')}/secrets?api%2Dversion=${version}`;
      const answer = await world.client.send(url, { token: await world.client.token('vault') });
      assert.equal(answer.status, 200);
    });
  }
});
