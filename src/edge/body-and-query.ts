import type { IncomingMessage } from 'node:http';
import type { BoundedJson, JsonFault } from '../json/bounded-json.ts';
import { bodyAwaited } from '../http/http-server.ts';
import { Refused } from './edge.ts';

export type BodyFault = 'tooLarge' | 'notWellFormed' | 'cutOff';

/** The bytes of a body, `undefined` if there is none; or why it was not read. */
export type Body =
  { readonly ok: true; readonly bytes: Buffer | undefined } | { readonly ok: false; readonly fault: BodyFault };

/** A media type (RFC 9110 section 8.3.1). Its parameters are not checked. */
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/**
 * The bytes of a request's body, `undefined` if there is none.
 * @throws {Refused} the refusal for the fault; a promise rejects with it
 */
export function readBodyOrRefuse<R extends { readonly kind: string }>(
  request: IncomingMessage,
  limit: number,
  refusals: Readonly<Record<BodyFault, R>>,
): Buffer | undefined | Promise<Buffer | undefined> {
  const bytesIn = (body: Body): Buffer | undefined => {
    if (body.ok) return body.bytes;
    throw new Refused(refusals[body.fault]);
  };
  const body = readBody(request, limit);
  return body instanceof Promise ? body.then(bytesIn) : bytesIn(body);
}

/**
 * Reads a request's body of at most `limit` bytes. If its Content-Length is larger, nothing is read. A body that came
 * together with the header, as small bodies do, is returned at once.
 */
export function readBody(request: IncomingMessage, limit: number): Body | Promise<Body> {
  const { 'content-type': type, 'content-length': length } = request.headers;
  if (length === undefined && request.headers['transfer-encoding'] === undefined) return { ok: true, bytes: undefined };
  if (Number(length ?? 0) > limit) return { ok: false, fault: 'tooLarge' };
  if (type !== undefined && !mediaType.test(type)) return { ok: false, fault: 'notWellFormed' };
  if (!request.complete || request.destroyed) return collect(request, limit);
  const chunks: Buffer[] = [];
  for (let chunk: unknown = request.read(); chunk !== null; chunk = request.read()) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('an encoding was set on the request');
    chunks.push(chunk);
  }
  const bytes = joined(chunks);
  return bytes.length > limit ? { ok: false, fault: 'tooLarge' } : { ok: true, bytes };
}

async function collect(request: IncomingMessage, limit: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  request.emit(bodyAwaited);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('an encoding was set on the request');
      size += chunk.length;
      if (size > limit) return { ok: false, fault: 'tooLarge' };
      chunks.push(chunk);
    }
  } catch (error) {
    // The client went away.
    if (request.destroyed) return { ok: false, fault: 'cutOff' };
    throw error;
  }
  return { ok: true, bytes: joined(chunks) };
}

/** The refusals of a body that is not acceptable JSON. The error table of every edge has a row for each. */
export type JsonRefusal =
  { readonly kind: 'bodyNotJson' } | { readonly kind: 'bodyOutOfBounds'; readonly fault: JsonFault };

/** @throws {Refused} a `JsonRefusal` */
export function jsonOrRefuse(body: BoundedJson): unknown {
  if (body.ok) return body.value;
  throw new Refused<JsonRefusal>(
    body.fault.kind === 'notJson' ? { kind: 'bodyNotJson' } : { kind: 'bodyOutOfBounds', fault: body.fault },
  );
}

/**
 * The members of a body that must be a JSON object. Without a body there are none.
 * @throws {Refused} a `JsonRefusal`
 */
export function jsonObjectOrRefuse(body: BoundedJson): Readonly<Record<string, unknown>> {
  const value = jsonOrRefuse(body);
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Refused<JsonRefusal>({ kind: 'bodyNotJson' });
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** How many characters of a parameter's name a refusal repeats. */
const parameterNameMax = 64;

/**
 * The query's parameters by name, as the router parsed them. A parameter that is given twice is a list, which no
 * operation accepts.
 * @throws {Refused} the refusal that `givenTwice` returns
 */
export function queryOrRefuse(
  query: unknown,
  givenTwice: (name: string) => { readonly kind: string },
): Readonly<Record<string, string>> {
  if (!isParameters(query)) return noParameters;
  for (const name in query) {
    if (typeof query[name] !== 'string') throw new Refused(givenTwice(name.slice(0, parameterNameMax)));
  }
  return query;
}

const noParameters = {};

/** The router returns an object without a prototype. `queryOrRefuse` checks that each value is a string. */
function isParameters(query: unknown): query is Readonly<Record<string, string>> {
  return typeof query === 'object' && query !== null;
}
