import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { logRequests, requestLine } from '../../src/worker/request-lines.ts';

test('a line shows neither a query nor a header besides the host, and bounds what a stranger sends', () => {
  const headers = {
    host: 'demo.vault.localhost:8443',
    authorization: 'Bearer not-to-be-shown',
    cookie: 'not-to-be-shown',
  };
  assert.deepEqual(
    requestLine({ method: 'GET', url: '/tenant/oauth2/v2.0/authorize?code=not-to-be-shown?b', headers }),
    {
      method: 'GET',
      host: 'demo.vault.localhost:8443',
      path: '/tenant/oauth2/v2.0/authorize',
    },
  );
  const long = requestLine({ method: 'PUT', url: `/${'a'.repeat(9_000)}`, headers: { host: 'b'.repeat(9_000) } });
  assert.deepEqual([long.path.length, long.host?.length], [1_000, 255]);
  assert.deepEqual(requestLine({ method: 'OPTIONS', url: '*', headers: {} }), {
    method: 'OPTIONS',
    host: undefined,
    path: '*',
  });
});

test('an answered request has a line at the level debug only', async (t) => {
  for (const [level, lines] of [
    ['debug', 1],
    ['info', 0],
  ] as const) {
    const written: string[] = [];
    const log = pino({ level }, { write: (line: string) => written.push(line) });
    const http = createServer((_, response) => response.writeHead(404).end());
    t.after(() => http.close());
    const closed = new Promise((resolve) => http.on('request', (_, response) => response.on('close', resolve)));
    logRequests(http, { log, now: () => 5 });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    await fetch(`http://127.0.0.1:${port}/a?b`, { headers: { connection: 'close' } });
    await closed;
    await new Promise(setImmediate);
    assert.equal(written.length, lines, level);
    for (const line of written) assert.match(line, /"method":"GET",.*"path":"\/a","status":404,"ms":0,"cut":false/);
  }
});
