import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { openHealthListener } from '../../src/health/listener.ts';
import type { HealthListenerParts } from '../../src/health/listener.ts';
import { freePort } from '../world/free-port.ts';

const limits = { connections: 3, headerBytes: 2_048, requestMs: 200, idleMs: 65_000, checkMs: 50 };

async function listener(t: TestContext, parts: Partial<HealthListenerParts> = {}): Promise<number> {
  const port = await freePort();
  const open = await openHealthListener(
    { port, host: '127.0.0.1' },
    {
      names: { domain: 'localhost', hosts: [] },
      answers: { '/healthz': () => ({ status: 200, type: 'text/plain', body: 'live\n' }) },
      logError: (error) => assert.fail(String(error)),
      limits,
      ...parts,
    },
  );
  t.after(() => open.close());
  return port;
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask(port: number, { method = 'GET', path = '/healthz', headers = {}, body }: Asked = {}) {
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end(body);
  });
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** A raw connection, and all that came on it once it has ended. */
function raw(port: number): { readonly socket: Socket; readonly all: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  return { socket, all: text(socket).catch(() => '') };
}

test('each path is read, and everything else is refused with what to do', async (t) => {
  const port = await listener(t);
  const rows: readonly (readonly [Asked, number, RegExp])[] = [
    [{}, 200, /^live\n$/],
    [{ path: '/healthz?verbose' }, 200, /^live\n$/],
    [{ method: 'HEAD' }, 200, /^$/],
    [{ path: '/' }, 404, /Ask for \/healthz\./],
    [{ path: '/healthz/' }, 404, /nothing here/],
    [{ path: '/constructor' }, 404, /nothing here/],
    [{ path: '//healthz' }, 404, /nothing here/],
    [{ method: 'POST', body: 'x' }, 405, /use GET or HEAD/],
    [{ method: 'DELETE' }, 405, /use GET or HEAD/],
    [{ headers: { host: 'evil.example' } }, 421, /'evil\.example': add its name to health\.hosts/],
  ];
  for (const [asked, status, body] of rows) {
    const answer = await ask(port, asked);
    assert.equal(answer.status, status, JSON.stringify(asked));
    assert.match(answer.body, body);
    assert.equal(answer.headers['cache-control'], 'no-store');
    if (status === 405) assert.equal(answer.headers['allow'], 'GET, HEAD');
  }
});

test('an answer that fails is logged, and says nothing of the cause', async (t) => {
  const logged: unknown[] = [];
  const cause = new Error('a cause');
  const answers = { '/healthz': () => Promise.reject(cause) };
  const answer = await ask(await listener(t, { answers, logError: (error) => logged.push(error) }));
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.body, /a cause/);
  assert.deepEqual(logged, [cause]);
});

test('a request that is too large, too slow or not HTTP ends its connection', async (t) => {
  const port = await listener(t);
  const large = raw(port);
  large.socket.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(4_096)}\r\n\r\n`);
  assert.match(await large.all, /^HTTP\/1\.1 400 /);
  const slow = raw(port);
  slow.socket.write('GET /healthz HTTP/1.1\r\n');
  assert.match(await slow.all, /^HTTP\/1\.1 400 /);
  const other = raw(port);
  other.socket.write('\x16\x03\x01\x02\x00\x01\x00');
  assert.match(await other.all, /^HTTP\/1\.1 400 /);
  const body = raw(port);
  body.socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\nx');
  assert.match(await body.all, /^HTTP\/1\.1 200 [^]*connection: close/i);
  assert.equal((await ask(port)).status, 200);
});

test('a connection too many ends the one that has waited longest, and never one with a request', async (t) => {
  const going = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const port = await listener(t, {
    limits: { ...limits, requestMs: 60_000 },
    answers: {
      '/healthz': () => ({ status: 200, type: 'text/plain', body: 'live\n' }),
      '/readyz': async () => {
        asked.resolve();
        await going.promise;
        return { status: 200, type: 'text/plain', body: 'ready\n' };
      },
    },
  });
  const busy = ask(port, { path: '/readyz' });
  await asked.promise;
  const silent = [];
  for (let count = 0; count < 2; count += 1) {
    silent.push(raw(port));
    await once(silent.at(-1)?.socket ?? assert.fail(), 'connect');
  }
  // This one makes four.
  assert.equal((await ask(port)).status, 200);
  assert.equal(await silent[0]?.all, '');
  assert.equal(silent[1]?.socket.destroyed, false);
  going.resolve();
  assert.equal((await busy).status, 200);
  silent[1]?.socket.destroy();
});

test('a socket that cannot listen is an error', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const answers = {};
  const parts = { names: { domain: 'localhost', hosts: [] }, answers, logError: () => undefined };
  await assert.rejects(openHealthListener({ port, host: '127.0.0.1' }, parts), { code: 'EADDRINUSE' });
});

test('a connection has one request at a time, and one that sends more before its answer is ended', async (t) => {
  let asked = 0;
  const count = () => ({ status: 200, type: 'text/plain', body: `${(asked += 1)}\n` });
  const port = await listener(t, { answers: { '/healthz': count } });
  const one = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
  const kept = connect(port, '127.0.0.1');
  for (let sent = 1; sent <= 3; sent += 1) {
    kept.write(one);
    const [answer] = (await once(kept, 'data')) as [Buffer];
    assert.match(String(answer), new RegExp(`^HTTP/1\\.1 200 [^]*\\n${sent}\\n$`));
  }
  kept.destroy();
  const many = raw(port);
  many.socket.write(one.repeat(1_000));
  await many.all;
  assert.equal(asked, 4);
  assert.equal((await ask(port)).status, 200);
});
