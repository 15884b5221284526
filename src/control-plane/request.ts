import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import { TLSSocket } from 'node:tls';
import type { EdgeRequest } from '../edge/edge.ts';
import { ownConnection } from '../edge/own-request.ts';
import type { HomeHost, NameSet } from '../http/host.ts';
import { encodePath, targetSegments } from '../http/request.ts';
import { isSupportedType } from '../resources/any/kinds.ts';
import { idSegments, parseList, parseScope } from '../resources/keys.ts';
import type { Source } from '../types/source.ts';
import type { InnerRequest } from './inner.ts';
import type { Behalf } from './long-running/operation.ts';
import type { ControlOperation, DeploymentAround } from './operation.ts';

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

/** The operation that method and path name, and what the path says by name. */
interface ControlRoute {
  readonly operation: ControlOperation;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds the operation of a path by its segments. Whatever is authorized, locked or recorded by the path is made of the
 * same segments, so that it is what the operation acts on by `params`.
 */
export type FindRoute = (method: string, segments: readonly string[]) => ControlRoute | undefined;

const scopePrefix = '{scope}';
/** Operations on any resource of a group, and on lists of any type: the last to be looked for. */
const resourcePath = '{resource}';
const resourcesPath = '{resources}';

/** Segments of a longer path are no resource's, and no name's. */
const segmentLengthMax = 2048;

/** An operation's path, or what comes after its scope. */
interface Pattern {
  readonly operation: ControlOperation;
  readonly parts: readonly Part[];
  readonly fixed: number;
}

/** A fixed segment in lower case, or the name of a parameter. */
type Part = { readonly text: string } | { readonly name: string };

/**
 * The router of requests that come over a connection and of those that the server makes itself. In any case, the
 * operation with more fixed segments where several fit; what extends a resource of any id comes after them, and what is
 * on any resource last. A parameter is one segment, and nothing in it is decoded.
 */
export function routerOf(operations: readonly ControlOperation[]): FindRoute {
  const whole = new Map<string, Pattern[]>();
  const extending = new Map<string, Pattern[]>();
  const general = operations.filter(({ path }) => path === resourcePath || path === resourcesPath);
  for (const operation of operations) {
    const { method, path } = operation;
    if (general.includes(operation)) continue;
    const isExtending = path.startsWith(scopePrefix);
    const pattern = compile(operation, isExtending ? path.slice(scopePrefix.length) : path);
    if (isExtending) add(extending, method, pattern);
    else add(whole, `${method} ${pattern.parts.length}`, pattern);
  }
  for (const patterns of whole.values()) patterns.sort((one, other) => other.fixed - one.fixed);
  return (method, segments) => {
    if (segments.some(({ length }) => length > segmentLengthMax)) return undefined;
    return (
      findWhole(whole.get(`${method} ${segments.length}`) ?? [], segments) ??
      findExtending(extending.get(method) ?? [], segments) ??
      findGeneral(general, method, segments)
    );
  };
}

/** The path of an ARM id's segments. */
export function idOf(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('');
}

function compile(operation: ControlOperation, path: string): Pattern {
  const parts = idSegments(path).map((segment): Part =>
    segment.startsWith(':') ? { name: segment.slice(1) } : { text: segment.toLowerCase() },
  );
  return { operation, parts, fixed: parts.filter((part) => 'text' in part).length };
}

function add(patterns: Map<string, Pattern[]>, key: string, pattern: Pattern): void {
  const known = patterns.get(key);
  if (known === undefined) patterns.set(key, [pattern]);
  else known.push(pattern);
}

/** What the segments from `at` on say by name; `undefined` where they are not of that pattern. */
function match(parts: readonly Part[], segments: readonly string[], at: number): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[at + index];
    if (segment === undefined) return undefined;
    if ('name' in part) params[part.name] = segment;
    else if (segment.toLowerCase() !== part.text) return undefined;
  }
  return params;
}

function findWhole(patterns: readonly Pattern[], segments: readonly string[]): ControlRoute | undefined {
  for (const { operation, parts } of patterns) {
    const params = match(parts, segments, 0);
    if (params !== undefined) return { operation, params };
  }
  return undefined;
}

function findExtending(patterns: readonly Pattern[], segments: readonly string[]): ControlRoute | undefined {
  const [subscriptions, subscriptionId] = segments;
  if (subscriptions?.toLowerCase() !== 'subscriptions' || subscriptionId === undefined) return undefined;
  for (const { operation, parts } of patterns) {
    const at = segments.length - parts.length;
    const named = match(parts, segments, at);
    if (named !== undefined)
      return { operation, params: { subscriptionId, ...named, scope: idOf(segments.slice(0, at)) } };
  }
  return undefined;
}

/** The action of such an operation is that of the type which the path names. */
function findGeneral(
  operations: readonly ControlOperation[],
  method: string,
  segments: readonly string[],
): ControlRoute | undefined {
  const named = nameIn(idOf(segments));
  if (named === undefined || !isSupportedType(named.type)) return undefined;
  const path = named.isResource ? resourcePath : resourcesPath;
  const operation = operations.find((one) => one.method === method && one.path === path);
  if (operation === undefined) return undefined;
  const { subscriptionId, resourceGroup, type } = named;
  return {
    operation: { ...operation, action: `${type}/${operation.action}` },
    params: { subscriptionId, ...(resourceGroup !== undefined && { resourceGroup }) },
  };
}

function nameIn(path: string) {
  const scope = parseScope(path);
  if (scope?.type !== undefined) {
    const { subscriptionId, resourceGroup, type } = scope;
    return { isResource: true, subscriptionId, resourceGroup, type };
  }
  const list = parseList(path);
  return list === undefined ? undefined : { isResource: false, ...list };
}
