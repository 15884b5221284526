import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import { TLSSocket } from 'node:tls';
import type { EdgeRequest } from '../edge/edge.ts';
import { ownConnection } from '../edge/own-request.ts';
import type { HomeHost } from '../http/host.ts';
import type { NameSet } from '../http/name-set.ts';
import { encodePath, targetSegments } from '../http/request-target.ts';
import { idSegments } from '../resources/scope-id.ts';
import type { Source } from '../types/source.ts';
import type { InnerRequest } from './inner-request.ts';
import type { Behalf } from './long-running/operation.ts';
import type { ControlOperation, DeploymentAround } from './operation.ts';
import { idOf } from './router.ts';
import type { FindRoute } from './router.ts';

/** A request, whether it came over a connection or the server makes it itself. */
export interface ControlRequest extends EdgeRequest {
  /** When it came, in milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Decoded; a parameter that is given twice is a list. */
  readonly query: unknown;
  readonly names: NameSet;
  readonly source: Source;
  /** Absent where path and method are no operation's. */
  readonly operation: ControlOperation | undefined;
  /** In the form of an ARM id: each segment decoded once, no needless slashes; of no operation, the target as it was sent. */
  readonly path: string;
  /** What the operation's path says by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly tlsVersion: string | undefined;
  /** The deployment that asks for it. */
  readonly deployment: DeploymentAround | undefined;
}

/** A request that came over a connection. */
export interface SentRequest extends ControlRequest {
  readonly raw: IncomingMessage;
}

/** A request that the server makes on somebody's behalf. */
export interface OwnRequest extends ControlRequest {
  readonly behalf: Behalf;
  readonly bytes: Buffer | undefined;
}

export function sentRequest(
  raw: IncomingMessage,
  { names }: HomeHost,
  { find, source, nowMs }: { readonly find: FindRoute; readonly source: Source; readonly nowMs: number },
): SentRequest {
  const { method = '', url = '', headers, socket } = raw;
  const segments = targetSegments(url);
  const route = segments && find(method, segments);
  const query = url.indexOf('?');
  return {
    requestId: randomUUID(),
    connection: socket,
    atMs: nowMs,
    method,
    url,
    headers,
    query: query === -1 ? {} : parse(url.slice(query + 1)),
    names,
    source,
    operation: route?.operation,
    path: route === undefined ? url : idOf(segments ?? []),
    params: route?.params ?? {},
    tlsVersion: socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined,
    deployment: undefined,
    raw,
  };
}

export function ownRequest(
  behalf: Behalf,
  { method, path, apiVersion, body, deployment }: InnerRequest,
  { find, nowMs }: { readonly find: FindRoute; readonly nowMs: number },
): OwnRequest {
  const { names, source, userAgent, correlationId } = behalf;
  const route = find(method, idSegments(path));
  return {
    requestId: correlationId,
    connection: ownConnection,
    atMs: nowMs,
    method,
    url: `${encodePath(path)}?api-version=${apiVersion}`,
    headers: { 'user-agent': userAgent },
    query: { 'api-version': apiVersion },
    names,
    source,
    operation: route?.operation,
    path,
    params: route?.params ?? {},
    tlsVersion: undefined,
    deployment,
    behalf,
    bytes: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  };
}
