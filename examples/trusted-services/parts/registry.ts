import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Where a registry keeps what clients push. Names are digests, as in `sha256:…`, or tags. */
export interface RegistryStore {
  readonly put: (name: string, data: Buffer) => Promise<void>;
  /** `undefined` if there is none of this name. @throws {Denied} when it may not be read now */
  readonly get: (name: string) => Promise<Buffer | undefined>;
}

/** Why a registry gives out nothing, in words for its client. */
export class Denied extends Error {}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

interface Asked {
  readonly store: RegistryStore;
  readonly request: IncomingMessage;
  readonly repository: string;
  /** The digest or tag at the end of the path. */
  readonly reference: string;
  readonly query: URLSearchParams;
}

type Operation = readonly [method: string, path: RegExp, run: (asked: Asked) => Promise<Answer>];

/** The operations of "OCI Distribution Specification" 1.1 that a push and a pull of one artifact need. */
const operations: readonly Operation[] = [
  ['GET', /^\/v2\/$/, () => Promise.resolve({ status: 200 })],
  ['HEAD', /^\/v2\/(.+)\/(?:blobs|manifests)\/([^/]+)$/, pull],
  ['GET', /^\/v2\/(.+)\/(?:blobs|manifests)\/([^/]+)$/, pull],
  ['POST', /^\/v2\/(.+)\/blobs\/uploads\/$/, beginUpload],
  ['PUT', /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, pushBlob],
  ['PUT', /^\/v2\/(.+)\/manifests\/([^/]+)$/, pushManifest],
];

/** A registry on a port of loopback, over a store. */
export async function startRegistry(store: RegistryStore): Promise<{ readonly host: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    void respond(store, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function respond(store: RegistryStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers = {}, body } = await answerOf(store, request);
  response.writeHead(status, { 'content-length': String(body?.length ?? 0), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerOf(store: RegistryStore, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://registry');
  for (const [method, path, run] of operations) {
    const found = request.method === method ? path.exec(pathname) : null;
    if (found === null) continue;
    const [, repository = '', reference = ''] = found;
    try {
      return await run({ store, request, repository, reference, query });
    } catch (error) {
      if (error instanceof Denied) return refused(403, 'DENIED', error.message);
      return refused(500, 'UNKNOWN', String(error));
    }
  }
  return refused(404, 'UNSUPPORTED', `${request.method} ${pathname}`);
}

async function pull({ store, repository, reference }: Asked): Promise<Answer> {
  const isTag = !reference.includes(':');
  const digest = isTag ? (await store.get(`${repository}:${reference}`))?.toString() : reference;
  const body = digest === undefined ? undefined : await store.get(digest);
  if (digest === undefined || body === undefined) return refused(404, 'NOT_FOUND', reference);
  const headers = { 'docker-content-digest': digest, 'content-type': mediaTypeOf(body) };
  return { status: 200, headers: { ...headers, 'content-length': String(body.length) }, body };
}

function beginUpload({ repository }: Asked): Promise<Answer> {
  return Promise.resolve({ status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${randomUUID()}` } });
}

async function pushBlob({ store, request, repository, query }: Asked): Promise<Answer> {
  const data = await buffer(request);
  const digest = digestOf(data);
  if (query.get('digest') !== digest) return refused(400, 'DIGEST_INVALID', `The content's digest is ${digest}.`);
  await store.put(digest, data);
  return created(`/v2/${repository}/blobs/${digest}`, digest);
}

async function pushManifest({ store, request, repository, reference }: Asked): Promise<Answer> {
  const data = await buffer(request);
  const digest = digestOf(data);
  await store.put(digest, data);
  if (!reference.includes(':')) await store.put(`${repository}:${reference}`, Buffer.from(digest));
  return created(`/v2/${repository}/manifests/${digest}`, digest);
}

function created(location: string, digest: string): Answer {
  return { status: 201, headers: { location, 'docker-content-digest': digest } };
}

function refused(status: number, code: string, message: string): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  return { status, headers: { 'content-type': 'application/json' }, body };
}

function digestOf(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** A manifest says its type; a blob has none. */
function mediaTypeOf(body: Buffer): string {
  try {
    const { mediaType } = JSON.parse(body.toString()) as { mediaType?: string };
    return mediaType ?? 'application/octet-stream';
  } catch {
    return 'application/octet-stream';
  }
}
