import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import findMyWay from 'find-my-way';
import type { Answer } from '../http/answer.ts';
import { readBody } from '../http/body.ts';
import type { BodyFault } from '../http/body.ts';
import { preflightHeaders } from '../http/cors.ts';
import { memberOf } from '../http/parameters.ts';
import { routing } from '../http/router.ts';
import { Turns } from '../http/turns.ts';
import type { Source } from '../types/source.ts';
import { forgetDecision, openExchange } from './exchange.ts';
import type { Exchange, VaultRequest } from './exchange.ts';
import type { OperationCard } from './operation.ts';
import { operations } from './operations.ts';
import { Refused } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { answerOf, perform, refusalAnswer, send } from './request.ts';
import type { RequestWorld } from './request.ts';

/** A certificate or a backup is larger than a secret; nothing that a vault takes is larger than this. */
const bodyLimit = 1_048_576;

export interface DataPlaneWorld extends RequestWorld {
  readonly sourceOf: (socket: Socket) => Source;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

interface Responding {
  readonly card?: OperationCard;
  readonly otherMethods?: readonly string[];
  readonly answer: (exchange: Exchange) => Answer | Promise<Answer>;
}

type Answering = (exchange: Exchange) => Promise<Answer>;

const methods: readonly OperationCard['method'][] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/**
 * The edge at `<vault>.vault.<domain>`. The order of a request: `admission.ts`, then `perform`. Not on Fastify, as the
 * other edges are: its request and its reply would be up to a tenth of what a GET costs (bench/README.md).
 */
export function createDataPlane(world: DataPlaneWorld): Listener {
  const respond = async (request: VaultRequest, response: ServerResponse, to: Responding) => {
    const source = world.sourceOf(request.raw.socket);
    const exchange = openExchange(request, { ...to, source, now: world.now() });
    try {
      send(response, exchange, world, await to.answer(exchange));
    } catch (error) {
      world.logError(error, exchange.requestId);
      response.destroy();
    }
  };
  const noOperation = (request: IncomingMessage, response: ServerResponse, otherMethods: readonly string[] = []) => {
    const answer = (exchange: Exchange) => answerOf(exchange, world, neverAdmitted);
    void respond(requestOf(request), response, { otherMethods, answer });
  };
  const router = findMyWay({
    ...routing,
    defaultRoute: (request, response) =>
      noOperation(
        request,
        response,
        methods.filter((method) => router.find(method, request.url ?? '') !== null),
      ),
    // A path that cannot be decoded, or is too long, is no operation's either.
    onBadUrl: (_path, request, response) => noOperation(request, response),
    onMaxParamLength: (_path, request, response) => noOperation(request, response),
  });
  router.on('OPTIONS', '*', (request, response) => {
    const headers = preflightHeaders(request.headers.origin, world.corsOrigins);
    void respond(requestOf(request), response, { answer: () => ({ status: 204, headers }) });
  });
  // Documented to answer from any network, with no token: the way to see the address that the vault sees (private-link-diagnostics).
  router.on('GET', '/healthstatus', (request, response) => {
    void respond(requestOf(request), response, { answer: () => ({ status: 200, body: true }) });
  });
  const turns = new Turns();
  for (const card of operations) {
    const answer = card.method === 'GET' ? reading(world) : sending(world, card.changes === false ? undefined : turns);
    for (const path of [card.path, card.alsoAt]) {
      if (path === undefined) continue;
      router.on(card.method, path, (request, response, ...[params, , query]) => {
        void respond(requestOf(request, params, query), response, { card, answer });
      });
    }
  }
  return (request, response) => void router.lookup(request, response);
}

/** A GET has no body, and is admitted once. */
function reading(world: RequestWorld): Answering {
  return (exchange) => answerOf(exchange, world, (admitted) => perform(exchange, admitted, world));
}

/** Admitted before a byte of the body is read: strangers do not make us read it. Changes of one object run in `turns`. */
function sending(world: RequestWorld, turns: Turns | undefined): Answering {
  return async (exchange) => {
    const refusal = await answerOf(exchange, world, () => undefined);
    if (refusal !== undefined) return refusal;
    const body = await readBody(exchange.request.raw, bodyLimit);
    if (!body.ok) return refusalAnswer(exchange, new Refused(bodyRefusals[body.fault]), world);
    exchange.body = body.bytes;
    // It may have taken minutes: what admitted the header is asked again.
    forgetDecision(exchange);
    const operate = () => reading(world)(exchange);
    return turns === undefined ? operate() : turns.take(objectOf(exchange), operate);
  };
}

const bodyRefusals: Readonly<Record<BodyFault, Refusal>> = {
  tooLarge: { kind: 'bodyTooLarge', limit: bodyLimit },
  notWellFormed: {
    kind: 'badParameter',
    message: 'The request body cannot be read: its Content-Type or Content-Length header is not well formed.',
  },
  cutOff: { kind: 'badParameter', message: 'The request body ended before all of it had come.' },
};

function requestOf(raw: IncomingMessage, params: unknown = {}, query: unknown = {}): VaultRequest {
  return { raw, method: raw.method ?? '', url: raw.url ?? '', headers: raw.headers, params, query };
}

/** The object that an operation changes, under whatever path. */
function objectOf({ vaultName, request }: Exchange): string {
  const name = memberOf(request.params, 'name');
  return `${vaultName}/${typeof name === 'string' ? name.toLowerCase() : ''}`;
}

function neverAdmitted(): never {
  throw new Error('a path of no operation was admitted');
}
