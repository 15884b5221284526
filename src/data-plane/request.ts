import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { EdgeRequest } from '../edge/edge.ts';
import type { NameSet, VaultHost } from '../http/host.ts';
import type { Source } from '../types/source.ts';
import type { OperationCard } from './operation.ts';

/** A request to a vault, with the operation at its path and method. */
export interface VaultRequest extends EdgeRequest {
  /** When it arrived, in milliseconds since 1970. */
  readonly atMs: number;
  readonly raw: IncomingMessage;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The parameters in the path, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Decoded; a parameter that is given twice is a list. */
  readonly query: unknown;
  readonly names: NameSet;
  readonly vaultName: string;
  readonly source: Source;
  /** `undefined` if there is no operation at the path and method. */
  readonly card: OperationCard | undefined;
  /** The methods that the path has instead, if it does not have the request's. */
  readonly allowedMethods: readonly string[];
}

/** The facts about a request from the router, the ingress and the clock. */
interface Routed {
  readonly card: OperationCard | undefined;
  readonly params: Readonly<Record<string, string | undefined>> | undefined;
  readonly query: unknown;
  readonly allowedMethods: readonly string[];
  readonly source: Source;
  readonly nowMs: number;
}

export function vaultRequest(raw: IncomingMessage, { names, vault }: VaultHost, routed: Routed): VaultRequest {
  return {
    requestId: randomUUID(),
    connection: raw.socket,
    atMs: routed.nowMs,
    raw,
    method: raw.method ?? '',
    url: raw.url ?? '',
    headers: raw.headers,
    params: routed.params ?? noParams,
    query: routed.query,
    names,
    vaultName: vault,
    source: routed.source,
    card: routed.card,
    allowedMethods: routed.allowedMethods,
  };
}

const noParams = {};

/** `https://NAME.vault.localhost:8443`, in the domain that the client used, in lower case. */
export function originOf({ vaultName, names }: VaultRequest): string {
  return `https://${vaultName}${names.vaultSuffix}`;
}

/** The client's own id for the request, which Azure sends back and logs. It has a limit because the client chooses it. */
export function clientRequestId({ headers }: VaultRequest): string | undefined {
  const id = headers['x-ms-client-request-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

/** Documented for clients that cannot send every method ("Authentication, requests and responses"). */
const headers = ['x-http-method', 'x-http-request'] as const;

const replaceable: ReadonlySet<string> = new Set(['PATCH', 'DELETE']);

/** Gives a POST the method that its header names, if that is PATCH or DELETE. Returns the same request. */
export function applyMethodOverride(request: IncomingMessage): IncomingMessage {
  if (request.method !== 'POST') return request;
  const [method] = namedMethods(request);
  if (method !== undefined && replaceable.has(method)) request.method = method;
  return request;
}

/** A method in a header that is not the request's after `applyMethodOverride`; `undefined` if there is none. */
export function conflictingMethod(request: IncomingMessage): string | undefined {
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
