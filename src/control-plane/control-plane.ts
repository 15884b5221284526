import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Edge } from '../edge/edge.ts';
import { ChangeQueues } from '../edge/change-queues.ts';
import { Steps } from '../edge/steps.ts';
import type { Turns } from '../edge/turns.ts';
import { acceptsGzip } from '../http/negotiate.ts';
import { headersOf } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import type { HomeHost, HostListener } from '../http/host.ts';
import { noteSubject } from '../http/measured.ts';
import { targetSegments } from '../http/request.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Source } from '../types/source.ts';
import { compress, isCompressible } from './compress.ts';
import { openEvaluations } from './deployments/evaluations.ts';
import { abandonDeployment, failDeployment } from './deployments/run.ts';
import { edgeBase, controlEdge, putInForce } from './edge.ts';
import type { EdgeServices } from './edge.ts';
import { innerRequests } from './inner.ts';
import { LongRunning } from './long-running/long-running.ts';
import { metadataEndpoints } from './metadata-endpoints.ts';
import { operations } from './operations.ts';
import { apiVersionOf } from './pipeline.ts';
import type { KnownSoFar, StepServices } from './pipeline.ts';
import { isGeneral, routerOf, sentRequest } from './request.ts';
import type { SentRequest } from './request.ts';
import { deleteGroupContents, keepGroup } from './resource-groups/contents.ts';

/** The services that the resource manager needs. */
export interface ControlPlaneServices extends Omit<EdgeServices, 'inner' | 'longRunning' | 'evaluate' | 'changes'> {
  readonly turns: Turns;
  readonly sourceOf: (socket: Socket) => Source;
  /** Destroys the contents of purged vaults. */
  readonly clearPurged: () => Promise<void>;
  /** Carries out long-running operations. */
  readonly schedule: Pick<Scheduler, 'claim' | 'carryOut'>;
  readonly logError: (error: unknown, requestId: string) => void;
}

export interface ControlPlane {
  readonly listener: HostListener<HomeHost>;
  /** The work that continues after the answers. */
  readonly longRunning: LongRunning;
}

const find = routerOf(operations);

/** The only path without a token: the endpoints of this cloud. */
const metadataEdge: Edge<SentRequest, StepServices, { readonly apiVersion: string }> = {
  ...edgeBase,
  steps: Steps.of<SentRequest, StepServices>().step('apiVersion', apiVersionOf),
  // oxlint-disable-next-line require-yield -- it reads nothing
  *work({ request: { names }, apiVersion }) {
    return { answer: { status: 200, body: metadataEndpoints(names, apiVersion) }, records: [] };
  },
};

/**
 * The edge at `<domain>`, for every path that no other edge has. The table in `pipeline.ts` is the order of a request.
 */
export function openControlPlane(given: ControlPlaneServices): ControlPlane {
  const { turns, now, sourceOf } = given;
  const services = openServices(given);
  const listener = (raw: IncomingMessage, response: ServerResponse, host: HomeHost) => {
    const request = sentRequest(raw, host, { find, source: sourceOf(raw.socket), nowMs: now() });
    const respond = (answer: Answer | undefined, known: KnownSoFar) => {
      noteSubject(response, { edge: 'resourceManager', operation: countedAs(request) });
      if (answer === undefined) response.destroy();
      else send(response, answer, known);
    };
    if (isMetadata(request)) turns.answer({ edge: metadataEdge, services, request, respond });
    else turns.answer({ edge: controlEdge, services, request, respond });
  };
  return { listener, longRunning: services.longRunning };
}

/** An action that begins with the type in the path is counted without it: the caller can choose the type. */
function countedAs({ operation }: SentRequest): string | undefined {
  if (operation === undefined) return undefined;
  const { action, path } = operation;
  return isGeneral(operation) ? `${path} ${action.slice(action.lastIndexOf('/') + 1)}` : action;
}

function isMetadata({ method, url }: SentRequest): boolean {
  return method === 'GET' && targetSegments(url)?.join('/').toLowerCase() === 'metadata/endpoints';
}

/**
 * Adds the services that need each other: the server's own requests, long-running operations and template evaluation.
 */
function openServices(given: ControlPlaneServices): EdgeServices {
  const { store, schedule, now, logError, turns } = given;
  const inner = innerRequests(find, { turns, services: () => services });
  const longRunning: LongRunning = new LongRunning({
    store,
    schedule,
    now,
    logError,
    committed: (change) => putInForce(change, given),
    works: {
      deployment: {
        run: (record) => abandonDeployment(record, { store, now }),
        fail: (record, error) => failDeployment(record, error, { store, now }),
      },
      deleteResourceGroup: {
        run: (record) => deleteGroupContents(record, { store, inner, closing: () => longRunning.closing }),
        fail: (record, error) => keepGroup(record, error, store),
      },
      purgeVault: {
        async run() {
          await given.clearPurged();
          return { status: 'Succeeded' };
        },
      },
      done: { run: async () => ({ status: 'Succeeded' }) },
    },
  });
  const evaluate = openEvaluations(() => performance.now());
  const services: EdgeServices = { ...given, inner, longRunning, evaluate, changes: new ChangeQueues() };
  return services;
}

/** The version in Azure's recorded answers about vaults; clients show it, and none compares it. */
const vaultsVersion = '1.5.1292.0';

/**
 * On Azure the provider adds this header, so an answer that refuses a request before it reaches the provider has none.
 */
function providerHeaders({ access, operation }: KnownSoFar): Readonly<Record<string, string>> {
  const isOfVaults = access !== undefined && operation?.action.startsWith('Microsoft.KeyVault/') === true;
  return isOfVaults ? { 'x-ms-keyvault-service-version': vaultsVersion } : {};
}

function send(response: ServerResponse, answer: Answer, known: KnownSoFar): void {
  const body = answer.body === undefined ? undefined : Buffer.from(JSON.stringify(answer.body));
  if (body === undefined || answer.status !== 200 || !isCompressible(known.request, body)) {
    sendBody(response, answer, { known, body });
    return;
  }
  const vary = { vary: 'accept-encoding' };
  if (!acceptsGzip(known.request.headers['accept-encoding'])) {
    sendBody(response, answer, { known, body, more: vary });
    return;
  }
  compress(body, (compressed) => {
    const more = compressed === undefined ? vary : { ...vary, 'content-encoding': 'gzip' };
    if (!response.destroyed) sendBody(response, answer, { known, body: compressed ?? body, more });
  });
}

/**
 * RFC 6797, as Azure sends it, but not for `localhost`: a browser would from then on refuse plain http to every port there,
 * and so to whatever else the developer runs on this machine.
 */
function transportSecurity(host: string | undefined): Readonly<Record<string, string>> {
  const isThisMachine = /^(?:[^:]+\.)?localhost(?::\d+)?$/i.test(host ?? '');
  return isThisMachine ? {} : { 'strict-transport-security': 'max-age=31536000; includeSubDomains' };
}

interface Sending {
  readonly known: KnownSoFar;
  readonly body: Buffer | undefined;
  readonly more?: Readonly<Record<string, string>>;
}

function sendBody(response: ServerResponse, answer: Answer, { known, body, more }: Sending): void {
  const { requestId } = known.request;
  const isEmpty = body === undefined && answer.status !== 204;
  response.writeHead(answer.status, {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': requestId,
    'x-content-type-options': 'nosniff',
    ...transportSecurity(known.request.headers.host),
    ...providerHeaders(known),
    ...headersOf(answer),
    // RFC 9110 section 8.6: a 204 has no Content-Length.
    ...(isEmpty && { 'content-length': '0' }),
    ...(body !== undefined && {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      ...more,
    }),
  });
  response.end(body);
}
