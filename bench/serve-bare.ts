/** The baseline: a bare `node:https` server that answers with the bytes that it is given, and does nothing else. */
import { createServer } from 'node:https';
import type { Server } from 'node:https';

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
  server = createServer({ key, cert: certificate, minVersion: 'TLSv1.2' }, (_request, response) => {
    response.writeHead(200, fixed);
    response.end(body);
  });
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
