import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { Socket } from 'node:net';
import type { EdgeRequest } from '../edge/edge.ts';
import { ownConnection } from '../edge/own-request.ts';
import { tlsVersionOf } from '../http/connection-tls.ts';
import type { HomeHost, NameSet } from '../http/host.ts';
import { encodePath, targetSegments } from '../http/request.ts';
import { isSupportedType } from '../resources/any/kinds.ts';
import { idSegments, parseList, parseScope } from '../resources/keys.ts';
import type { Source } from '../types/source.ts';
import type { InnerRequest } from './inner.ts';
import type { Behalf } from './long-running/operation.ts';
import type { ControlOperation, EnclosingDeployment } from './operation.ts';

/** A request that came over a connection or that the server makes itself. */
export interface ControlRequest extends EdgeRequest {
  /** The time of its arrival, in milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Decoded; a parameter that appears twice is a list. */
  readonly query: unknown;
  readonly names: NameSet;
  readonly source: Source;
  /** `undefined` if no operation has this path and method. */
  readonly operation: ControlOperation | undefined;
  /**
   * In the form of an ARM id: each segment decoded once, no needless slashes. Without an operation, the target as it
   * was sent.
   */
  readonly path: string;
  /** The values of the parameters in the operation's path. */
  readonly params: Readonly<Record<string, string>>;
  readonly tlsVersion: string | undefined;
  /** The client's connection; `undefined` for a request of the server's own. */
  readonly socket: Socket | undefined;
  /** The deployment that makes the request, if one does. */
  readonly deployment: EnclosingDeployment | undefined;
}

/** A request that came over a connection. */
export interface SentRequest extends ControlRequest {
  readonly raw: IncomingMessage;
}

/** A request that the server makes on a caller's behalf. */
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
    tlsVersion: tlsVersionOf(socket),
    socket,
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
    socket: undefined,
    deployment,
    behalf,
    bytes: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  };
}

/** The operation of a method and path, and the values of the path's parameters. */
interface ControlRoute {
  readonly operation: ControlOperation;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds the operation of a path by its segments. Authorization, locks and records use a path made of the same segments,
 * so that they are about the resource that `params` names.
 */
export type FindRoute = (method: string, segments: readonly string[]) => ControlRoute | undefined;

const scopePrefix = '{scope}';
/** Operations on any resource of a group and on lists of any type: they are tried last. */
const resourcePath = '{resource}';
const resourcesPath = '{resources}';

/** Whether the operation is one of all types that have no operations of their own. */
export function isGeneral({ path }: ControlOperation): boolean {
  return path === resourcePath || path === resourcesPath;
}

/** No name and no resource has a longer segment. */
const segmentLengthMax = 2048;

/** An operation's path, or the part of it after `{scope}`. */
interface Pattern {
  readonly operation: ControlOperation;
  readonly parts: readonly Part[];
  readonly fixed: number;
}

/** A fixed segment in lower case, or a parameter's name. */
type Part = { readonly text: string } | { readonly name: string };

/**
 * The router of requests from outside and of the server's own. It ignores case. If several operations fit, the one with
 * more fixed segments wins; extensions of any id (`{scope}`) come after those, and operations on any resource last. A
 * parameter is one segment, and is not decoded again.
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

/** Joins segments into an ARM id. */
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

/** The parameters in the segments from `at` on; `undefined` if they do not fit the pattern. */
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

/** The action of such an operation begins with the type in the path. */
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
