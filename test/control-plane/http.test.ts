import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import type { TestServer } from '../world/server.ts';
import { putVault, startWithGroup, vaults } from './resources.ts';

/** How the resource manager handles HTTP itself. */

let world: TestServer;
let token: string;
let root: string;
before(async () => {
  world = await startWithGroup();
  token = await world.client.token('arm');
  root = `/subscriptions/${world.client.identity.subscriptionId}`;
  assert.equal((await putVault(world.client, 'kv-one')).status, 200);
});
after(() => world[Symbol.asyncDispose]());

interface Asked {
  readonly method: string;
  /** The path below the subscription. */
  readonly path: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly stranger?: boolean;
  /** Whether the client asks to close the connection; otherwise the server must close it. */
  readonly close?: boolean;
}

/** Sends these bytes and reads until the server closes the connection. */
async function ask({ method, path, headers = [], body, stranger = false, close = true }: Asked) {
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.client.ca, servername: 'localhost' });
  const isFramed = headers.some((header) => /^(?:content-length|transfer-encoding):/i.test(header));
  const lines = [
    `${method} ${root}${path}?api-version=2023-07-01 HTTP/1.1`,
    `Host: localhost:${world.port}`,
    ...(stranger ? [] : [`Authorization: Bearer ${token}`]),
    ...headers,
    ...(body === undefined || isFramed ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(close ? ['Connection: close'] : []),
  ];
  socket.write([...lines, '', body ?? ''].join('\r\n'));
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: `${head}\r\n`, text: rest.join('\r\n\r\n') };
}

function expectAzure(
  { status, head, text: body }: Awaited<ReturnType<typeof ask>>,
  expected: { readonly status: number; readonly says: RegExp },
): void {
  assert.equal(status, expected.status, body);
  assert.match(head, /\r\nx-ms-request-id: [0-9a-f-]{36}\r\n/);
  assert.match(head, /\r\nx-ms-correlation-request-id: [0-9a-f-]{36}\r\n/);
  assert.match(head, /\r\ncache-control: no-cache\r\n/);
  assert.match(body, expected.says);
}

const group = '/resourceGroups/rg';
const json = 'Content-Type: application/json';
const noOperation = { status: 404, says: /^\{"error":\{"code":"InvalidResourceType",/ };

suite('a path or method without an operation is a 404', () => {
  const rows: readonly (readonly [what: string, method: string, path: string])[] = [
    ['a percent sign without two digits', 'GET', `${group}%zz`],
    ['bytes that are not UTF-8', 'GET', '/resourceGroups/%ff'],
    ['a segment of more than 2,048 characters', 'GET', `/resourceGroups/${'x'.repeat(2_049)}`],
    ['a method that the path does not have', 'POST', group],
    ['a method that no path has', 'OPTIONS', group],
    ['TRACE', 'TRACE', group],
  ];
  for (const [what, method, path] of rows) {
    test(what, async () => {
      expectAzure(await ask({ method, path }), noOperation);
      expectAzure(await ask({ method, path, stranger: true }), noOperation);
    });
  }

  test('a segment of 2,048 characters is accepted as a name', async () => {
    const answer = await ask({ method: 'GET', path: `/resourceGroups/${'x'.repeat(2_048)}` });
    expectAzure(answer, { status: 404, says: /"code":"ResourceGroupNotFound"/ });
  });

  test('HEAD is answered only by operations that have it', async () => {
    const there = await ask({ method: 'HEAD', path: '/resourceGroups/nothing' });
    expectAzure(there, { status: 404, says: /^$/ });
    assert.doesNotMatch(there.head, /\r\ncontent-type:/, 'the operation has no body to describe');
    const nowhere = await ask({ method: 'HEAD', path: '/locations' });
    expectAzure(nowhere, { status: 404, says: /^$/ });
    assert.match(nowhere.head, /\r\ncontent-type: application\/json; charset=utf-8\r\n/);
  });
});

suite('the body of a request', () => {
  const missing = { status: 400, says: /The 'location' property is required/ };
  const notJson = { status: 400, says: /"code":"InvalidRequestContent".*it is not a JSON object/ };

  for (const mediaType of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'A/b; c=d']) {
    test(`of the type ${mediaType} is read as JSON`, async () => {
      const headers = [`Content-Type: ${mediaType}`];
      expectAzure(await ask({ method: 'PUT', path: '/resourceGroups/new', headers, body: '{}' }), missing);
    });
  }

  for (const mediaType of ['text', 'a/', '/b', 'a b/c', ' ']) {
    test(`of the malformed type '${mediaType}' is a 415`, async () => {
      const headers = [`Content-Type: ${mediaType}`];
      const answer = await ask({ method: 'PUT', path: '/resourceGroups/new', headers, body: '{}' });
      expectAzure(answer, { status: 415, says: /^\{"error":\{"code":"UnsupportedMediaType",/ });
    });
  }

  test('counts as an empty object if it is absent or empty', async () => {
    const asked = { method: 'PUT', path: '/resourceGroups/new' };
    expectAzure(await ask(asked), missing);
    expectAzure(await ask({ ...asked, body: '' }), missing);
    expectAzure(await ask({ ...asked, headers: [json], body: '' }), missing);
    expectAzure(await ask({ ...asked, headers: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' }), missing);
  });

  test('is refused if it is not an object', async () => {
    for (const body of ['[1]', '{', '1', 'null']) {
      expectAzure(await ask({ method: 'PUT', path: '/resourceGroups/new', headers: [json], body }), notJson);
    }
  });

  test('is always ignored in a GET', async () => {
    for (const headers of [[], [json], ['Content-Type: text']]) {
      assert.equal((await ask({ method: 'GET', path: group, headers, body: '{' })).status, 200);
    }
    const headers = ['Content-Length: 5000000'];
    const answer = await ask({ method: 'GET', path: group, headers, body: '{', close: false });
    assert.equal(answer.status, 200);
    assert.match(answer.head, /\r\nconnection: close\r\n/i);
  });

  test('is read in a DELETE', async () => {
    const asked = { method: 'DELETE', path: `${vaults}/kv-none` };
    expectAzure(await ask({ ...asked, body: '{' }), notJson);
    assert.equal((await ask({ ...asked, body: '{}' })).status, 204);
    assert.equal((await ask(asked)).status, 204);
  });

  test('is refused by its length if it is too large, and the connection is closed', async () => {
    const headers = [json, 'Content-Length: 5000000'];
    const answer = await ask({ method: 'PUT', path: group, headers, body: '{', close: false });
    expectAzure(answer, { status: 413, says: /"code":"RequestContentTooLarge".* 4194304 bytes/ });
    assert.match(answer.head, /\r\nconnection: close\r\n/i);
  });

  test('is not awaited if the caller lacks the permission', async () => {
    const headers = [json, 'Content-Length: 2000000'];
    const answer = await ask({ method: 'PUT', path: group, headers, body: '', stranger: true, close: false });
    expectAzure(answer, { status: 401, says: /"code":"AuthenticationFailed"/ });
    assert.match(answer.head, /\r\nconnection: close\r\n/i);
  });

  test('is read whole if it arrives in pieces', async () => {
    const tag = 'x'.repeat(200);
    const body = JSON.stringify({ location: 'westeurope', tags: { tag } });
    const pieces = Array.from({ length: Math.ceil(body.length / 7) }, (_, index) =>
      body.slice(index * 7, index * 7 + 7),
    );
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
    const answer = await ask({
      method: 'PUT',
      path: '/resourceGroups/pieces',
      headers: [json, 'Transfer-Encoding: chunked'],
      body: `${chunks.join('')}0\r\n\r\n`,
    });
    expectAzure(answer, { status: 201, says: new RegExp(`"tags":\\{"tag":"${tag}"\\}`) });
  });
});
