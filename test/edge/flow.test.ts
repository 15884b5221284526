import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { connect as connectPlain, createServer as createPlain } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, createServer as createTls } from 'node:tls';
import { Flow } from '../../src/edge/flow.ts';
import { testAuthority } from '../ingress/certificates.ts';
import { connection } from './model.ts';

const one = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100)}\r\n\r\n`;
const count = 5_000;
const authority = await testAuthority('flow');
const certificate = await authority.issue({ dns: ['localhost'] });
/** Of what Node reads in one go, all is parsed; a socket gives at most so much, and TLS may have a part more. */
const parsedAtOnce = Math.ceil((2 * 65_536) / one.length);

/** A connection as Node's HTTP server has it: it consumes the socket's handle. */
const kinds = {
  plain: {
    serve: (found: (socket: Socket) => void) => createPlain(found),
    dial: (port: number): Socket => connectPlain(port, '127.0.0.1'),
  },
  TLS: {
    serve: (found: (socket: Socket) => void) => createTls(certificate, found),
    dial: (port: number): Socket => connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert }),
  },
};

for (const [kind, { serve, dial }] of Object.entries(kinds)) {
  test(`of a ${kind} connection no more is read while many requests are under way, and all of it afterwards`, async () => {
    const flow = new Flow();
    const held: ServerResponse[] = [];
    let [most, answered] = [0, 0];
    const http = createServer((request, response) => {
      flow.begin(request.socket);
      held.push(response);
      most = Math.max(most, held.length);
    });
    const listener = serve((socket) => http.emit('connection', socket));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const client = dial((listener.address() as AddressInfo).port);
    client.resume();
    client.write(one.repeat(count));
    while (held.length === 0) await sleep(5);
    // Long enough for all of them to come.
    await sleep(500);
    while (answered < count) {
      for (const response of held.splice(0)) {
        const { socket } = response.req;
        response.end();
        flow.end(socket);
        answered += 1;
      }
      await sleep(0);
    }
    assert.ok(most <= 32 + parsedAtOnce, `${most} were under way`);
    client.destroy();
    listener.close();
  });
}

suite('a connection that Node pauses or resumes while it is not read', () => {
  type Call = 'pause' | 'resume';
  const rows: readonly (readonly [what: string, node: readonly Call[], calls: readonly Call[]])[] = [
    ['is read again where Node did neither', [], ['pause', 'resume']],
    ['is not read again before Node resumes it', ['pause'], ['pause']],
    ['is read again where Node has resumed it meanwhile', ['pause', 'resume'], ['pause', 'resume']],
    ['is not read again where Node paused it last', ['resume', 'pause'], ['pause']],
  ];
  for (const [what, node, calls] of rows) {
    test(what, () => {
      const [flow, held] = [new Flow(), connection()];
      for (let at = 0; at < 33; at += 1) flow.begin(held);
      for (const call of node) held[call]();
      for (let at = 0; at < 33; at += 1) flow.end(held);
      assert.deepEqual(held.calls, calls);
    });
  }

  test('is not read again where Node had paused it before', () => {
    const [flow, held] = [new Flow(), connection()];
    held.pause();
    for (let at = 0; at < 33; at += 1) flow.begin(held);
    for (let at = 0; at < 33; at += 1) flow.end(held);
    assert.deepEqual(held.calls, ['pause', 'pause']);
    held.resume();
    assert.deepEqual(held.calls, ['pause', 'pause', 'resume']);
  });
});
