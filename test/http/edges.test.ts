import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

/** How Graph, the authority, the endpoints of managed identities and the home host treat HTTP itself. */

let world: TestServer;
let tenant: string;
let token: string;
before(async () => {
  world = await startServer();
  tenant = world.client.identity.tenantId;
  token = await world.client.token('arm');
});
after(() => world[Symbol.asyncDispose]());

interface Asked {
  /** Method and target; `{tenant}` is the home tenant. */
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Whether the client asks for the end of the connection; otherwise the server must end it. */
  readonly close?: boolean;
}

interface Answer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Sends these bytes and reads until the server ends the connection. */
async function ask({ line, headers = [], body, close = true }: Asked): Promise<Answer> {
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.client.ca, servername: 'localhost' });
  const head = [
    `${line.replace('{tenant}', tenant)} HTTP/1.1`,
    `Host: localhost:${world.port}`,
    ...headers,
    ...(body === undefined || headers.some((header) => /^(?:content-length|transfer-encoding):/i.test(header))
      ? []
      : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(close ? ['Connection: close'] : []),
  ];
  socket.write([...head, '', body ?? ''].join('\r\n'));
  const [lines = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  const [statusLine = '', ...fields] = lines.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: new Map(
      fields.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    ),
    text: rest.join('\r\n\r\n'),
  };
}

/** Sends to Graph, as the administrator. */
const askGraph = ({ headers = [], ...asked }: Asked) =>
  ask({ ...asked, headers: [`Authorization: Bearer ${token}`, ...headers] });

const type = (mediaType: string) => `Content-Type: ${mediaType}`;
const form = type('application/x-www-form-urlencoded');
const nobody = '/v1.0/users/11111111-1111-4111-8111-111111111111';

function expectGraph({ status, headers, text: body }: Answer, expected: { status: number; says?: RegExp }): void {
  assert.equal(status, expected.status, body);
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('content-type'), 'application/json;odata.metadata=minimal;charset=utf-8');
  assert.match(headers.get('request-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.match(body, expected.says ?? /^\{"error":/);
}

function expectOAuth({ status, headers, text: body }: Answer, expected: { status: number; says: RegExp }): void {
  assert.equal(status, expected.status, body);
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('pragma'), 'no-cache');
  assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
  assert.match(body, expected.says);
}

suite("a path at home without an operation gets the resource manager's 404", () => {
  for (const line of [
    'GET /',
    'POST /nothing/is/here',
    'HEAD /nothing',
    'GET /v1.0',
    'GET /v1.0/',
    'POST /oidc/userinfo',
    // A wrong method is not an operation either.
    'PUT /msi/token',
    'PUT /devicelogin',
    'GET /{tenant}/oauth2/token',
    'PUT /{tenant}/oauth2/v2.0/token',
    // HEAD is answered where an operation has it, and nowhere else.
    'HEAD /devicelogin',
    'HEAD /{tenant}/.well-known/openid-configuration',
    'HEAD /msi/token',
    'QUERY /nothing',
    // A path that cannot be decoded belongs to no edge, and no tenant has such a name.
    'GET /%zz',
    'POST /%zz/oauth2/token',
    `POST /${'x'.repeat(2100)}/oauth2/token`,
  ]) {
    test(line.slice(0, 60), async () => {
      const { status, headers, text: body } = await ask({ line });
      assert.equal(status, 404, body);
      assert.match(headers.get('x-ms-request-id') ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(headers.get('strict-transport-security'), undefined, 'the whole machine would be https only');
      assert.match(body, line.startsWith('HEAD') ? /^$/ : /^\{"error":\{"code":"InvalidResourceType",/);
    });
  }
});

suite('a path or method that Graph does not have', () => {
  for (const line of [
    'GET /v1.0/nothing',
    'PUT /v1.0/nothing',
    'PUT /v1.0/users',
    'OPTIONS /v1.0/users',
    'TRACE /v1.0/users',
    'HEAD /v1.0/users',
    'QUERY /v1.0/users',
    `GET /v1.0/users/${'x'.repeat(2100)}`,
    'GET /v1.0/users/%zz',
    'GET /v1.0/users/%ff',
  ]) {
    test(`${line.slice(0, 40)} gets its 400, even without a token`, async () => {
      const says = line.startsWith('HEAD')
        ? /^$/
        : /"code":"BadRequest","message":"Resource not found for the segment '/;
      for (const answer of [await ask({ line }), await askGraph({ line })]) expectGraph(answer, { status: 400, says });
    });
  }

  test('is found in any case, with double slashes and with one at the end', async () => {
    assert.equal((await askGraph({ line: 'GET //V1.0//Organization/' })).status, 200);
  });
});

suite('the body of a request to Graph', () => {
  const made = (answer: Answer) =>
    expectGraph(answer, { status: 400, says: /'userPrincipalName' .* A value is required/ });

  for (const mediaType of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'A/b; c=d']) {
    test(`of the type ${mediaType} is read as JSON`, async () => {
      made(await askGraph({ line: 'POST /v1.0/users', headers: [type(mediaType)], body: '{}' }));
    });
  }

  for (const mediaType of ['text', 'a/', '/b', 'a b/c', '']) {
    test(`of '${mediaType}', which is not a media type, is refused`, async () => {
      const unsupported = { status: 415, says: /"code":"UnsupportedMediaType"/ };
      for (const line of ['POST /v1.0/users', `DELETE ${nobody}`]) {
        expectGraph(await askGraph({ line, headers: [type(mediaType)], body: '{}' }), unsupported);
      }
    });
  }

  test('without a type is read as JSON', async () => {
    made(await askGraph({ line: 'POST /v1.0/users', body: '{}' }));
  });

  test('that is absent or empty is an empty object', async () => {
    made(await askGraph({ line: 'POST /v1.0/users' }));
    made(await askGraph({ line: 'POST /v1.0/users', body: '' }));
    made(await askGraph({ line: 'POST /v1.0/users', headers: [type('application/json')], body: '' }));
    made(await askGraph({ line: 'POST /v1.0/users', headers: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' }));
  });

  test('that is not an object is refused', async () => {
    for (const body of ['[1]', '{', '1']) {
      const answer = await askGraph({ line: 'POST /v1.0/users', headers: [type('application/json')], body });
      expectGraph(answer, { status: 400, says: /Unable to read JSON request payload: it is not an object/ });
    }
  });

  test('is ignored in a GET, whatever it is', async () => {
    for (const headers of [[], [type('application/json')], [type('text')]]) {
      assert.equal((await askGraph({ line: 'GET /v1.0/organization', headers, body: '{' })).status, 200);
    }
    const headers = ['Content-Length: 2000000'];
    const { status, headers: answered } = await askGraph({
      line: 'GET /v1.0/organization',
      headers,
      body: '{',
      close: false,
    });
    assert.deepEqual([status, answered.get('connection')], [200, 'close']);
  });

  test('is read in a DELETE', async () => {
    expectGraph(await askGraph({ line: `DELETE ${nobody}`, body: '{' }), { status: 400, says: /it is not an object/ });
    expectGraph(await askGraph({ line: `DELETE ${nobody}`, body: '{}' }), { status: 404 });
    expectGraph(await askGraph({ line: `DELETE ${nobody}` }), { status: 404 });
  });

  test('that is too large is refused for its length, and ends the connection', async () => {
    const headers = [type('application/json'), 'Content-Length: 2000000'];
    const answer = await askGraph({ line: 'POST /v1.0/users', headers, body: '{', close: false });
    expectGraph(answer, { status: 413, says: /"code":"RequestEntityTooLarge".* 1048576 bytes/ });
    assert.equal(answer.headers.get('connection'), 'close');
  });

  test('is not waited for if there is no caller', async () => {
    const headers = ['Content-Length: 2000000'];
    const answer = await ask({ line: 'POST /v1.0/users', headers, body: '', close: false });
    expectGraph(answer, { status: 401, says: /"code":"InvalidAuthenticationToken"/ });
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="", authorization_uri="/);
    assert.equal(answer.headers.get('connection'), 'close');
  });
});

suite('a query to Graph', () => {
  test('must not give an option twice', async () => {
    const answer = await askGraph({ line: 'GET /v1.0/organization?a=1&a=2' });
    expectGraph(answer, { status: 400, says: /query option 'a': it is given more than once/ });
  });

  test('may have a percent sign that encodes nothing', async () => {
    assert.equal((await askGraph({ line: 'GET /v1.0/users?$top=%zz' })).status, 400);
    assert.equal((await askGraph({ line: 'GET /v1.0/me?$select=%zz' })).status, 400);
  });
});

const formPaths = [
  '/{tenant}/oauth2/token',
  '/{tenant}/oauth2/v2.0/token',
  '/{tenant}/oauth2/devicecode',
  '/{tenant}/oauth2/v2.0/devicecode',
  '/{tenant}/login',
  '/devicelogin',
];

suite('a form to the authority', () => {
  const unreadable = { status: 400, says: /AADSTS90023: The request body is not a form: send it as / };

  for (const path of formPaths) {
    test(`to ${path} must have the media type of a form`, async () => {
      const line = `POST ${path}`;
      for (const mediaType of ['application/json', 'text/plain', 'text', 'a/', '', 'multipart/form-data; boundary=x']) {
        expectOAuth(await ask({ line, headers: [type(mediaType)], body: 'a=b' }), unreadable);
      }
      expectOAuth(await ask({ line, body: 'a=b' }), unreadable);
      for (const right of ['application/x-www-form-urlencoded; charset=utf-8', 'APPLICATION/X-WWW-FORM-URLENCODED']) {
        assert.doesNotMatch((await ask({ line, headers: [type(right)], body: 'a=b' })).text, /AADSTS90023/);
      }
    });

    test(`to ${path} that is too large is refused for its length, and ends the connection`, async () => {
      const headers = [form, 'Content-Length: 70000'];
      const answer = await ask({ line: `POST ${path}`, headers, body: 'a=b', close: false });
      expectOAuth(answer, { status: 413, says: /AADSTS90023: The request body is larger than 65536 bytes\./ });
      assert.equal(answer.headers.get('connection'), 'close');
    });
  }

  test('may have 100 parameters, and no more', async () => {
    const line = 'POST /{tenant}/oauth2/token';
    const duplicated = { status: 400, says: /AADSTS9000411: .* The parameter 'a' is duplicated/ };
    expectOAuth(await ask({ line, headers: [form], body: '&a'.repeat(99) }), duplicated);
    const tooMany = { status: 400, says: /AADSTS90023: The request has more than 100 parameters\./ };
    expectOAuth(await ask({ line, headers: [form], body: '&a'.repeat(100) }), tooMany);
    const query = `GET /{tenant}/oauth2/v2.0/authorize?${'&a'.repeat(100)}`;
    assert.match((await ask({ line: query })).text, /AADSTS90023: The request has more than 100 parameters\./);
  });

  test('that is absent or empty has no parameters', async () => {
    const missing = { status: 400, says: /AADSTS900144: .* the following parameter: 'grant_type'/ };
    const line = 'POST /{tenant}/oauth2/token';
    for (const asked of [{}, { body: '' }, { headers: [form] }, { headers: [form], body: '' }]) {
      expectOAuth(await ask({ line, ...asked }), missing);
    }
    expectOAuth(await ask({ line, headers: [type('application/json')] }), unreadable);
  });
});

suite('an answer of the authority is not cached', () => {
  const rows: readonly (readonly [line: string, status: number])[] = [
    ['GET /{tenant}/.well-known/openid-configuration', 200],
    ['GET /{tenant}/v2.0/.well-known/openid-configuration', 200],
    ['GET /nowhere/.well-known/openid-configuration', 400],
    ['GET /{tenant}/discovery/keys', 200],
    ['GET /{tenant}/discovery/v2.0/keys', 200],
    ['GET /common/userrealm/a%40b.example?api-version=1.0', 200],
    ['GET /common/discovery/instance', 400],
    ['GET /{tenant}/oauth2/authorize', 400],
    ['GET /{tenant}/oauth2/v2.0/authorize?client_id=a&client_id=b', 400],
    ['GET /nowhere/oauth2/authorize', 400],
    ['GET /{tenant}/oauth2/logout', 200],
    ['GET /{tenant}/oauth2/v2.0/logout', 200],
    ['GET /devicelogin', 200],
    ['POST /devicelogin', 400],
    ['POST /{tenant}/login', 400],
    ['POST /{tenant}/oauth2/token', 400],
    ['POST /{tenant}/oauth2/v2.0/devicecode', 400],
    ['GET /msi/token', 400],
    ['GET /msi/token?a=1&a=2', 400],
    ['GET /metadata/identity/oauth2/token', 400],
  ];
  for (const [line, expected] of rows) {
    test(line, async () => {
      const { status, headers, text: body } = await ask({ line });
      assert.equal(status, expected, body);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('pragma'), 'no-cache');
      assert.equal(Number(headers.get('content-length')), Buffer.byteLength(body));
    });
  }
});

test('the body of a GET to the authority is ignored', async () => {
  for (const line of ['GET /{tenant}/discovery/keys', 'GET /devicelogin', 'GET /common/userrealm/a']) {
    assert.equal((await ask({ line, headers: [type('text')], body: 'a=b&a=b' })).status, 200);
  }
});
