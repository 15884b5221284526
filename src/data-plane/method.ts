import type { IncomingMessage } from 'node:http';

/** Both are documented for clients that cannot send every method ("Authentication, requests and responses"). */
const headers = ['x-http-method', 'x-http-request'] as const;

const replaceable: ReadonlySet<string> = new Set(['PATCH', 'DELETE']);

/** The request as its sender means it: a POST may stand for the PATCH or the DELETE that its header names. */
export function asMeant(request: IncomingMessage): IncomingMessage {
  if (request.method !== 'POST') return request;
  const [method] = namedMethods(request);
  if (method !== undefined && replaceable.has(method)) request.method = method;
  return request;
}

/** The method that a header names and that the request, as it is meant, does not have; `undefined` where they agree. */
export function otherMethod(request: IncomingMessage): string | undefined {
  return namedMethods(request).find((method) => method !== request.method);
}

function namedMethods(request: IncomingMessage): readonly string[] {
  const named: string[] = [];
  for (const name of headers) {
    const given = request.headers[name];
    if (given !== undefined) named.push(...[given].flat().map((method) => method.trim().toUpperCase()));
  }
  return named;
}
