import { once } from 'node:events';
import { createServer } from 'node:https';
import type { TestServer } from '../world/server.ts';

export interface OwnPage {
  readonly body: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OwnPages extends AsyncDisposable {
  readonly origin: string;
  /** The addresses that asked, in order. */
  readonly askedFrom: readonly string[];
}

/** Serves pages of a test's own, by path, with the certificate of the test server, at another port of its name. */
export async function servePages(
  { folder }: Pick<TestServer, 'folder'>,
  pages: Readonly<Record<string, OwnPage>>,
  port = 0,
): Promise<OwnPages> {
  const { key, certificate } = folder.certificates.server;
  const askedFrom: string[] = [];
  const server = createServer({ key, cert: certificate }, ({ url = '', socket }, response) => {
    askedFrom.push(socket.remoteAddress ?? '');
    const { pathname } = new URL(url, 'https://localhost');
    const { body, status = 200, headers = {} } = pages[pathname] ?? { body: 'no such page', status: 404 };
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `https://localhost:${address.port}`,
    askedFrom,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A whole page around some elements. */
export function html(main: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">${head}</head><body><main><h1>A page</h1>${main}</main></body></html>`;
}
