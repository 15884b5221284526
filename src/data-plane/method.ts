import type { IncomingMessage } from 'node:http';

/** Both are documented for clients that cannot send every method ("Authentication, requests and responses"). */
const headers = ['x-http-method', 'x-http-request'] as const;

const replaceable: ReadonlySet<string> = new Set(['PATCH', 'DELETE']);

/** The request as its sender means it: a POST may stand for the PATCH or the DELETE that its header names. */
export function asMeant(request: IncomingMessage): IncomingMessage {
  const named = namedMethods(request);
  const [method] = named;
  if (request.method === 'POST' && method !== undefined && replaceable.has(method)) request.method = method;
  return request;
}

/** The method that a header names and that the request, as it is meant, does not have; `undefined` where they agree. */
export function otherMethod(request: IncomingMessage): string | undefined {
  return namedMethods(request).find((method) => method !== request.method);
}

function namedMethods(request: IncomingMessage): readonly string[] {
  return headers.flatMap((name) => request.headers[name] ?? []).map((method) => method.trim().toUpperCase());
}
