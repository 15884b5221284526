/** Requests that a reader hands over, with both ends of the real connection in one process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { createHttp } from '../../src/http/http-server.ts';
import { ShownCertificates } from '../../src/ingress/shown-certificates.ts';
import { Readers } from '../../src/worker/readers/readers.ts';
import { Relay } from '../../src/worker/readers/relay.ts';
import { testAuthority } from '../ingress/certificates.ts';
import { dataFolder } from '../world/process.ts';

const source = { kind: 'public', address: { family: 4, value: 0xcb_00_71_07, text: '203.0.113.7' } } as const;

async function anyCertificate(): Promise<ShownCertificates> {
  const authority = await testAuthority('ca');
  return new ShownCertificates({ own: await authority.issue({ dns: ['a.test'] }) });
}

/** A worker that answers as the test says, a reader that hands everything over, and the reader's port. */
async function bothEnds(t: TestContext, answer: RequestListener, epochOfReader = 1) {
  const folder = dataFolder();
  const path = join(folder.path, 'readers.sock');
  const worker = createHttp();
  worker.on('request', answer);
  const readers = new Readers({ epoch: 1, tenantId: 't', masterKeys: () => [], log: pino({ level: 'silent' }) });
  readers.serve({
    http: worker,
    audit: { readNow: () => undefined },
    requests: { add: () => undefined },
    shown: await anyCertificate(),
  });
  await readers.listen({ path });
  const relay = new Relay({
    path,
    prefaceOf: () => ({ kind: 'requests', epoch: epochOfReader, source, servername: 'a.test', tls: 'TLSv1.3' }),
  });
  const reader = createHttp();
  reader.on('request', (request, response) => void relay.relay(request, response));
  const front = createNetServer((socket) => reader.emit('connection', socket));
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => {
    readers.close();
    for (const http of [reader, worker]) http.closeAllConnections();
    front.close();
    folder[Symbol.dispose]();
  });
  const place = front.address();
  assert.ok(place !== null && typeof place === 'object');
  return { readers, port: place.port, path };
}

/** Sends bytes on one connection, and resolves with everything that came until `isWhole`, or the connection's end. */
async function exchange(port: number, sent: string, isWhole: (received: string) => boolean): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').write(sent, 'latin1');
  let received = '';
  const whole = Promise.withResolvers<void>();
  socket.on('data', (text: string) => {
    received += text;
    if (isWhole(received)) whole.resolve();
  });
  socket.on('close', () => whole.resolve());
  await whole.promise;
  socket.destroy();
  return received;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request.setEncoding('latin1')) body += String(piece);
  return body;
}

test('a request keeps its target, its headers in their order, and its body; hop-by-hop headers do not go on', async (t) => {
  const seen: unknown[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    seen.push([request.method, request.url, body, readers.sourceOf(request.socket)]);
    const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
    seen.push(names.filter((name) => name !== 'Connection'));
    response.writeHead(201, 'Made', { 'x-one': '1', 'content-length': '4' });
    response.end('done');
  };
  const { readers, port } = await bothEnds(t, (request, response) => void answer(request, response));
  const head = ['PUT /a%2Fb?c=%20 HTTP/1.1', 'Host: x', 'host: y', 'TE: trailers', 'Keep-Alive: 5', 'X-Two: \xe9'];
  const chunked = [...head, 'Transfer-Encoding: chunked', '', '3', 'abc', '0', '', ''].join('\r\n');
  const sized = ['PUT /n HTTP/1.1', 'Host: x', 'Content-Length: 2', '', 'hi'].join('\r\n');
  const received = await exchange(port, chunked + sized, (text) => text.split('done').length === 3);
  assert.match(received, /^HTTP\/1\.1 201 Made\r\nx-one: 1\r\n/);
  assert.deepEqual(seen, [
    ['PUT', '/a%2Fb?c=%20', 'abc', source],
    ['Host', 'host', 'X-Two', 'transfer-encoding'],
    ['PUT', '/n', 'hi', source],
    ['Host', 'Content-Length'],
  ]);
});

test('a body waits for the 100 Continue of the worker, and a refusal before its end reaches the client', async (t) => {
  const { port } = await bothEnds(t, (request: IncomingMessage, response) => {
    response.writeHead(403, { 'content-length': '2' });
    response.end('no');
    request.resume();
  });
  const head = ['PUT / HTTP/1.1', 'Host: x', 'Content-Length: 10000000'];
  const expecting = await exchange(port, [...head, 'Expect: 100-continue', '', ''].join('\r\n'), (text) =>
    text.endsWith('no'),
  );
  assert.match(expecting, /^HTTP\/1\.1 403 /);
  const sending = [...head, '', 'x'.repeat(500_000)].join('\r\n');
  assert.match(await exchange(port, sending, (text) => text.endsWith('no')), /^HTTP\/1\.1 403 /);
});

test('a refusal is not awaited with the body, and what the client still sends of it is not its next request', async (t) => {
  const { port } = await bothEnds(t, (request: IncomingMessage, response) => {
    response.end(`[${request.method}]`);
  });
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  const until = async (wanted: string) => {
    while (!received.includes(wanted)) received += String((await once(socket, 'data'))[0]);
  };
  socket.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
  await until('[PUT]');
  socket.write('GET / HTTPGET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('[GET]');
  socket.destroy();
});

test('a reader of another configuration is not believed: its client is cut off', async (t) => {
  let asked = 0;
  const { port } = await bothEnds(t, () => (asked += 1), 2);
  assert.equal(await exchange(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => false), '');
  assert.equal(asked, 0);
});

test('an HTTP client on the socket of the readers proves nothing: without the first line it is cut off', async (t) => {
  let asked = 0;
  const folder = dataFolder();
  t.after(() => folder[Symbol.dispose]());
  const readers = new Readers({ epoch: 1, tenantId: 't', masterKeys: () => [], log: pino({ level: 'silent' }) });
  const worker = createServer(() => (asked += 1));
  readers.serve({
    http: worker,
    audit: { readNow: () => undefined },
    requests: { add: () => undefined },
    shown: await anyCertificate(),
  });
  const path = join(folder.path, 's');
  await readers.listen({ path });
  t.after(() => readers.close());
  for (const first of ['GET / HTTP/1.1', '{"kind":"requests","epoch":1}', '{"kind":"records"}', '[]']) {
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.write(`${first}\r\nHost: x\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal(asked, 0);
});

test('a connection that its reader ends before the first line is over here too', async (t) => {
  const { path } = await bothEnds(t, () => undefined);
  for (const sent of ['', '{"kind":']) {
    const socket = connect(path).resume();
    socket.end(sent);
    await once(socket, 'close');
  }
});
