import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, suite, test } from 'node:test';
import { jsonObjectOrRefuse, jsonOrRefuse, readBody } from '../../src/edge/body-and-query.ts';
import type { Body } from '../../src/edge/body-and-query.ts';
import { parseJsonBody } from '../../src/http/request.ts';
import { freePort } from '../world/free-port.ts';

const limit = 1000;
let tell: (body: Body) => void = () => {};
const server = createServer((request, response) => void answer(request, response));
const port = await freePort();
server.listen(port, '127.0.0.1');
await once(server, 'listening');
after(() => {
  server.closeAllConnections();
  server.close();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  tell(await readBody(request, limit));
  response.end();
}

/** Sends these headers and `sent`, ends the connection, and returns the result of reading the body. */
async function readOf(headers: readonly string[], sent: string): Promise<Body> {
  const body = Promise.withResolvers<Body>();
  tell = body.resolve;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(['PUT / HTTP/1.1', 'Host: a', ...headers, '', sent].join('\r\n'));
  socket.resume();
  return body.promise;
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = ['Transfer-Encoding: chunked'];
const read = (body: Body) => (body.ok ? body.bytes?.toString() : body.fault);

suite('a body', () => {
  test('is read completely, in one piece or in many, up to the limit', async () => {
    const whole = 'w'.repeat(limit);
    assert.equal(read(await readOf([`Content-Length: ${limit}`], whole)), whole);
    assert.equal(
      read(await readOf(chunked, `${chunk('a')}${chunk('b'.repeat(limit - 1))}0\r\n\r\n`)),
      `a${whole.slice(1).replaceAll('w', 'b')}`,
    );
    assert.equal(read(await readOf(['Content-Length: 0'], '')), '');
  });

  test('that has arrived completely is returned without a promise, whatever its size', async () => {
    for (const size of [1, 100, 60_000]) {
      const given = Promise.withResolvers<Body | Promise<Body>>();
      const late = createServer((request, response) => {
        setTimeout(() => {
          given.resolve(request.complete ? readBody(request, 60_000) : Promise.reject(new Error('not there yet')));
          response.end();
        }, 200);
      });
      const latePort = await freePort();
      late.listen(latePort, '127.0.0.1');
      await once(late, 'listening');
      const socket = connect(latePort, '127.0.0.1');
      socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
      const body = await given.promise;
      assert.deepEqual(body, { ok: true, bytes: Buffer.alloc(size, 'x') });
      socket.destroy();
      late.close();
    }
  });

  test('is undefined if no header announces one', async () => {
    assert.deepEqual(await readOf([], ''), { ok: true, bytes: undefined });
  });

  test('with one byte more is refused, because of its header or when that byte arrives', async () => {
    // No byte of it has been sent.
    assert.equal(read(await readOf([`Content-Length: ${limit + 1}`], '')), 'tooLarge');
    assert.equal(read(await readOf(chunked, `${chunk('a'.repeat(limit))}${chunk('b')}`)), 'tooLarge');
  });

  for (const type of ['text', 'a/', '/b', 'a b/c', 'a/b,c/d', '']) {
    test(`with the Content-Type '${type}' is not well formed`, async () => {
      assert.equal(read(await readOf([`Content-Type: ${type}`, 'Content-Length: 2'], '{}')), 'notWellFormed');
    });
  }

  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'text/plain;x',
    'Application/vnd.a+json',
  ]) {
    test(`with the Content-Type '${type}' is read`, async () => {
      assert.equal(read(await readOf([`Content-Type: ${type}`, 'Content-Length: 2'], '{}')), '{}');
    });
  }

  for (const [how, headers, sent] of [
    ['by its length', ['Content-Length: 10'], 'half'],
    ['in chunks', chunked, chunk('half')],
  ] as const) {
    test(`sent ${how} that ends early is cut off`, async () => {
      assert.equal(read(await readOf(headers, sent)), 'cutOff');
    });
  }
});

suite("a body's JSON", () => {
  const parsed = (text: string) => parseJsonBody(Buffer.from(text), { depth: 3, members: 10, values: 10 });
  const notJson = { name: 'Refused', refusal: { kind: 'bodyNotJson' } };
  const tooDeep = { name: 'Refused', refusal: { kind: 'bodyOutOfBounds', fault: { kind: 'tooDeep', most: 3 } } };

  test('is any value, or undefined without a body', () => {
    assert.equal(jsonOrRefuse(parsed('')), undefined);
    assert.equal(jsonOrRefuse(parsed('null')), null);
    assert.deepEqual(jsonOrRefuse(parsed('[1]')), [1]);
    assert.throws(() => jsonOrRefuse(parsed('{')), notJson);
    assert.deepEqual(jsonOrRefuse(parsed('[[[]]]')), [[[]]]);
    assert.throws(() => jsonOrRefuse(parsed('[[[[]]]]')), tooDeep);
  });

  test('that must be an object is refused if it is not one, and is empty without a body', () => {
    assert.deepEqual(jsonObjectOrRefuse(parsed('')), {});
    assert.deepEqual(jsonObjectOrRefuse(parsed('{"a":null}')), { a: null });
    for (const text of ['null', '[]', '"{}"', '1', 'true', '{']) {
      assert.throws(() => jsonObjectOrRefuse(parsed(text)), notJson, text);
    }
    assert.throws(() => jsonObjectOrRefuse(parsed('{"a":[[[]]]}')), tooDeep);
  });

  test('keeps a member called __proto__', () => {
    const members = jsonObjectOrRefuse(parsed('{"__proto__":1}'));
    assert.deepEqual(Object.keys(members), ['__proto__']);
    assert.equal(Object.getPrototypeOf(members), Object.prototype);
  });
});
