import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHttp } from '../../src/http/http-server.ts';
import { firstLine } from '../../src/worker/readers/lines.ts';
import { prefaceMax } from '../../src/worker/readers/protocol.ts';
import { Relay } from '../../src/worker/readers/relay.ts';
import { dataFolder } from '../world/process.ts';

/** A reader's server that hands every request to a worker, which answers with the expectation and the body it got. */
async function relayed() {
  const folder = dataFolder();
  const path = join(folder.path, 'readers.sock');
  const worker = createHttpServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.end(`[${request.headers.expect ?? 'none'} ${body}]`));
  });
  worker.on('checkContinue', (request, response) => {
    response.writeContinue();
    worker.emit('request', request, response);
  });
  const channel = createServer((socket) => {
    void firstLine(socket, prefaceMax).then(() => worker.emit('connection', socket));
  }).listen(path);
  const relay = new Relay({
    path,
    prefaceOf: () => ({ kind: 'requests', epoch: 1, source: { kind: 'unknown', reason: 'a test' } }),
  });
  const http = createHttp();
  http.on('request', (request, response) => void relay.relay(request, response));
  const listener = createServer((socket) => http.emit('connection', socket)).listen(0, '127.0.0.1');
  await Promise.all([once(channel, 'listening'), once(listener, 'listening')]);
  return {
    async answerTo(request: string): Promise<string> {
      const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
      client.write(request);
      let got = '';
      client.setEncoding('utf8').on('data', (text: string) => {
        got += text;
        if (got.includes(']')) client.destroy();
      });
      await once(client, 'close');
      return got;
    },
    [Symbol.dispose]() {
      for (const one of [http, worker]) one.closeAllConnections();
      for (const one of [http, listener, channel]) one.close();
      folder[Symbol.dispose]();
    },
  };
}

const sent = ['Host: a', 'Expect: 100-continue', 'Content-Length: 4', '', 'body'].join('\r\n');

test('a client of HTTP/1.1 is asked for the body that it waits with, one of HTTP/1.0 is not', async () => {
  using world = await relayed();
  const asked = await world.answerTo(`PUT / HTTP/1.1\r\n${sent}`);
  assert.match(asked, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*\[100-continue body\]/);
  const notAsked = await world.answerTo(`PUT / HTTP/1.0\r\n${sent}`);
  assert.match(notAsked, /^HTTP\/1\.1 200 [^]*\[none body\]/);
});
