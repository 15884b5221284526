/**
 * A `node:https` server that answers with the bytes it is given, and does nothing else. With the argument `held` it
 * also does what a server must that records each request before it answers: it keeps the answers of a turn of the event
 * loop until its end, writes a line for each of them in one write, and then sends all answers.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const chunks: Buffer[] = [];
let server: Server | undefined;
process.stdin.on('data', (chunk: Buffer) => {
  chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (!text.endsWith('\n')) return;
  const { key, certificate, headers, body } = JSON.parse(text) as {
    readonly key: string;
    readonly certificate: string;
    readonly headers: Record<string, string>;
    readonly body: string;
  };
  const { date: _, connection: __, 'keep-alive': ___, ...fixed } = headers;
  const end = (response: ServerResponse) => {
    response.writeHead(200, fixed);
    response.end(body);
  };
  const answer = process.argv[2] === 'held' ? held(end) : whenRead(end);
  server = createServer({ key, cert: certificate, minVersion: 'TLSv1.2' }, answer);
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', () => {
    const address = server?.address();
    console.log(JSON.stringify({ pid: process.pid, port: typeof address === 'object' ? address?.port : undefined }));
  });
});
process.stdin.on('end', () => {
  server?.close();
  server?.closeAllConnections();
});

/** A request with a body is answered when the body has arrived. */
function whenRead(end: (response: ServerResponse) => void): Answer {
  return (request, response) => {
    if (request.method === 'GET') end(response);
    else request.resume().on('end', () => end(response));
  };
}

function held(end: (response: ServerResponse) => void): Answer {
  // About as long as the audit record of a GET.
  const line = `${'x'.repeat(1100)}\n`;
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const file = openSync(join(folder, 'lines'), 'w');
  rmSync(folder, { recursive: true });
  let turn: ServerResponse[] = [];
  return (_request, response) => {
    if (turn.push(response) > 1) return;
    setImmediate(() => {
      const responses = turn;
      turn = [];
      // Always at the beginning of the file, so that it does not grow.
      writeSync(file, responses.map(() => line).join(''), 0);
      responses.forEach(end);
    });
  };
}
