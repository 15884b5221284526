import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { createHttp } from '../../src/http/http-server.ts';

const http = createHttp({ header: 500, request: 1_000, keepAlive: 60_000, stalled: 3_000, check: 50 });
let listener: Server;

before(async () => {
  http.on('request', (request, response) => {
    request.resume().on('end', () => response.end('answered'));
  });
  listener = createServer((socket) => http.emit('connection', socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
});

after(() => {
  listener.close();
  http.closeAllConnections();
  http.close();
});

function open(): Socket {
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  // A client that does not close when the server does.
  return connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
}

const timedOut = JSON.stringify({
  error: { code: 'RequestTimeout', message: 'The request did not arrive in time.' },
});

suite('a connection that was handed over ends', () => {
  for (const [what, sent] of [
    ['without a byte of a request', ''],
    ['with half of a header', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['with half of a body', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'],
  ] as const) {
    test(what, async () => {
      const accepted = once(listener, 'connection') as Promise<[Socket]>;
      const socket = open();
      const [end] = await accepted;
      const closed = once(end, 'close');
      socket.write(sent);
      const [head = '', body] = (await text(socket)).split('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.equal(body, timedOut);
      await closed;
      socket.destroy();
    });
  }
});

test('a connection with a whole request in time is answered, and stays open', async () => {
  const socket = open();
  const answers: string[] = [];
  socket.setEncoding('utf8').on('data', (answer: string) => answers.push(answer));
  for (const _ of [1, 2]) {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    // Longer than a header may take: none has begun.
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 OK')).length, 2);
  socket.destroy();
});
