/** Clients that end their side of a connection in clear before they have the answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { countRequests, createPlainHttp, Drain } from '../../src/http/http-server.ts';

/** A server that answers each request with its target, in a later turn as the edges do, but `/held` when `release` is called. */
async function open(t: TestContext) {
  const drain = new Drain();
  const http = createPlainHttp(drain);
  countRequests(http, [drain]);
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const connections = new Set<Socket>();
  let closed = 0;
  http.on('request', (request, response) => {
    response.once('close', () => (closed += 1));
    const answer = () => void response.end(`[${request.url}]`);
    if (request.url !== '/held') setImmediate(answer);
    else void held.promise.then(answer);
    asked.resolve();
  });
  const listener = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => undefined).once('close', () => connections.delete(socket));
    http.emit('connection', socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  t.after(() => {
    listener.close();
    http.closeAllConnections();
    http.close();
  });
  return {
    release: held.resolve,
    asked: asked.promise,
    /** Sends and ends its side. */
    send: (sent: string): Socket => {
      const client = connect(port, '127.0.0.1');
      client.on('error', () => undefined).end(sent);
      return client;
    },
    /** Resolves when the server has no connection. */
    async empty(): Promise<{ readonly closed: number }> {
      while (connections.size > 0) await new Promise(setImmediate);
      return { closed };
    },
  };
}

async function answersTo(client: Socket): Promise<readonly string[]> {
  let received = '';
  client.setEncoding('latin1').on('data', (piece: string) => (received += piece));
  await once(client, 'close');
  return Array.from(received.matchAll(/\[(.*?)\]|HTTP\/1\.1 (4\d\d)/g), ([, target, status]) => target ?? status ?? '');
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

test('a client that has ended its side gets the answers to all that it sent, also while connections are divided', async (t) => {
  const server = await open(t);
  const targets = Array.from({ length: 20 }, (_, at) => `/${at}`);
  // From the first time on each connection is divided.
  for (const _ of [1, 2, 3]) {
    assert.deepEqual(await answersTo(server.send(targets.map(get).join(''))), targets);
    assert.deepEqual(await answersTo(server.send(get('/one') + get('/two'))), ['/one', '/two']);
  }
  assert.deepEqual(await server.empty(), { closed: 66 });
});

test('an answer that takes longer than the end needs comes, and the connection ends after it', async (t) => {
  const server = await open(t);
  const answers = answersTo(server.send(get('/first') + get('/held')));
  await server.asked;
  setImmediate(() => setImmediate(server.release));
  assert.deepEqual(await answers, ['/first', '/held']);
  assert.deepEqual(await server.empty(), { closed: 2 });
});

test('without an outstanding answer the connection ends at once: before, between and in the middle of requests', async (t) => {
  const server = await open(t);
  for (const [sent, answers] of [
    ['', []],
    ['GET / HT', ['400']],
    [get('/whole'), ['/whole']],
  ] as const)
    assert.deepEqual(await answersTo(server.send(sent)), answers, sent);
  // Whether its answer or the end is first, it ends.
  await answersTo(server.send('PUT /half HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'));
  await server.empty();
});

test('a client that is gone leaves no connection once its request is answered', async (t) => {
  const server = await open(t);
  const client = server.send(get('/held'));
  await server.asked;
  client.destroy();
  await once(client, 'close');
  server.release();
  assert.deepEqual(await server.empty(), { closed: 1 });
});
