import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ChangeQueues } from '../edge/change-queues.ts';
import { Router } from '../edge/router.ts';
import type { Route } from '../edge/router.ts';
import type { Turns } from '../edge/turns.ts';
import { send } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import { noteSubject } from '../http/measured.ts';
import type { Subject } from '../http/measured.ts';
import type { HostListener, NameSet, VaultHost } from '../http/host.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict } from '../types/verdict.ts';
import { vaultEdge } from './edge.ts';
import type { EdgeServices } from './edge.ts';
import type { OperationCard } from './operation.ts';
import { operations } from './operations.ts';
import type { KnownSoFar } from './pipeline.ts';
import { applyMethodOverride, clientRequestId, vaultRequest } from './request.ts';

export interface DataPlaneServices extends Omit<EdgeServices, 'changes'> {
  readonly turns: Turns;
  readonly sourceOf: (socket: Socket) => Source;
  /** The origins of the pages that may call a vault under these names. */
  readonly pageOrigins: (names: NameSet) => readonly string[];
  /** Answers, in another process, every request that is not a read which succeeds (`Exchange.elsewhere`). */
  readonly elsewhere?: (request: IncomingMessage, response: ServerResponse, error?: unknown) => Promise<void>;
}

const none: readonly string[] = [];

/** The destination of a path: an operation, or an answer that every client gets from any network. */
type Destination =
  { readonly card: OperationCard } | { readonly open: (request: IncomingMessage, names: NameSet) => Answer };

/** The edge at `<vault>.vault.<domain>`. The order of a request is the table in `pipeline.ts`. */
export function createDataPlane(given: DataPlaneServices): HostListener<VaultHost> {
  const { pageOrigins, turns, now, sourceOf, elsewhere } = given;
  const router = new Router(routesOf(pageOrigins));
  const services = { ...given, changes: new ChangeQueues() };
  return (sent, response, host) => {
    const raw = applyMethodOverride(sent);
    const { method = '', url = '' } = raw;
    const found = router.find(method, url);
    const request = vaultRequest(raw, host, {
      card: found !== undefined && 'card' in found.to ? found.to.card : undefined,
      params: found?.params,
      query: found?.query,
      allowedMethods: found === undefined ? router.methodsAt(url) : none,
      source: sourceOf(raw.socket),
      nowMs: now(),
    });
    const respond = (answer: Answer | undefined, known: KnownSoFar) => {
      noteSubject(response, subjectOf(known));
      if (answer === undefined) response.destroy();
      else send(response, answer, answerHeaders(known, pageOrigins));
    };
    const handOver = elsewhere && ((error: unknown) => elsewhere(raw, response, error));
    if (found !== undefined && 'open' in found.to) respond(found.to.open(raw, host.names), { request });
    else turns.answer({ edge: vaultEdge, services, request, respond, elsewhere: handOver });
  };
}

function subjectOf({ request, firewall: verdict }: KnownSoFar): Subject {
  return { edge: 'vaults', operation: request.card?.name, verdict };
}

function routesOf(pageOrigins: DataPlaneServices['pageOrigins']): readonly Route<Destination>[] {
  const preflight = ({ headers }: IncomingMessage, names: NameSet) => ({
    status: 204,
    headers: preflightHeaders(headers.origin, pageOrigins(names)),
  });
  return [
    { method: 'OPTIONS', path: '*', to: { open: preflight } },
    // Documented to answer from any network, without a token: it shows the address that the vault sees (private-link-diagnostics).
    { method: 'GET', path: '/healthstatus', to: { open: () => ({ status: 200, body: true }) } },
    ...operations.flatMap((card) =>
      [card.path, card.alsoAt].flatMap((path) =>
        path === undefined ? [] : [{ method: card.method, path, to: { card } }],
      ),
    ),
  ];
}

/** The version that Azure's data plane sent when its exchanges were recorded. Clients show it, but none compares it. */
const serviceVersion = '1.9.3038.1';

const fixed = [
  ['cache-control', 'no-cache'],
  ['pragma', 'no-cache'],
  ['expires', '-1'],
  ['x-ms-keyvault-service-version', serviceVersion],
  ['x-content-type-options', 'nosniff'],
  ['strict-transport-security', 'max-age=31536000;includeSubDomains'],
].flat();

/** The headers of every answer of a vault, refusals included: name, value, name, value. */
function answerHeaders(known: KnownSoFar, pageOrigins: DataPlaneServices['pageOrigins']): string[] {
  const { vault, request, permission: access } = known;
  const { requestId, source } = request;
  const headers = [...fixed, 'x-ms-keyvault-region', vault?.location ?? 'unknown', 'x-ms-request-id', requestId];
  headers.push('x-ms-keyvault-network-info', networkInfo(source));
  const clientId = clientRequestId(request);
  if (clientId !== undefined) headers.push('x-ms-client-request-id', clientId);
  if (access !== undefined) add(headers, rbacHeaders(access));
  if (request.headers.origin !== undefined)
    add(headers, corsHeaders(request.headers.origin, pageOrigins(request.names)));
  return headers;
}

function add(headers: string[], more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(more)) headers.push(name, value);
}

/**
 * The ages of the cached assignments, deny assignments and roles, in seconds. They are always 0: a decision never uses
 * records that are older than the request.
 */
const rbacCache = { 'x-ms-keyvault-rbac-cache': 'ra_age=0;da_age=0;rd_age=0;brd_age=0;ra_notif_age=0;dec_lev=1;' };

/** The headers with which a vault with role assignments names the one that it found, and the ages of its cache. */
function rbacHeaders(access: AccessVerdict): Record<string, string> {
  if (access.because === 'noRoleAssignment' || access.because === 'roleLacksAction') return rbacCache;
  if (access.because !== 'roleAssignment') return {};
  return { 'x-ms-keyvault-rbac-assignment-id': access.assignment, ...rbacCache };
}

/**
 * The client's address as the vault sees it. Over a service endpoint Azure sends the private address, with IPv6 as its
 * family (private-link-diagnostics).
 */
function networkInfo(source: Source): string {
  if (source.kind === 'unknown') return 'addr=unknown;';
  const { family, text } = source.address;
  if (source.kind === 'subnet') return `addr=${text};act_addr_fam=InterNetworkV6;`;
  return family === 4
    ? `conn_type=Ipv4;addr=${text};act_addr_fam=InterNetwork;`
    : `conn_type=Ipv6;addr=${text};act_addr_fam=InterNetworkV6;`;
}

/**
 * CORS of the vaults (Fetch standard): a page of an allowed origin may call a vault itself, as Azure's portal does. It may
 * read refusals too, so every answer has these headers.
 */
const exposed = [
  'Allow',
  'Retry-After',
  'WWW-Authenticate',
  'x-ms-client-request-id',
  'x-ms-keyvault-network-info',
  'x-ms-keyvault-rbac-assignment-id',
  'x-ms-keyvault-rbac-cache',
  'x-ms-keyvault-region',
  'x-ms-keyvault-service-version',
  'x-ms-request-id',
].join(', ');

/** Those that Azure's clients and the portal send; a browser asks for leave to send them. */
const accepted = [
  'authorization',
  'content-type',
  'if-match',
  'if-none-match',
  'x-ms-client-request-id',
  'x-ms-useragent',
].join(', ');

/** The headers for an answer to `origin`; none if that origin is not allowed. */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !allowed.includes(origin)) return {};
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed, vary: 'Origin' };
}

/** The headers of the answer to a preflight request, besides `corsHeaders`. */
export function preflightHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !allowed.includes(origin)) return {};
  return {
    'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE',
    'access-control-allow-headers': accepted,
    'access-control-max-age': '600',
  };
}
