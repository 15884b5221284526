import type { Socket } from 'node:net';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { preflightHeaders } from '../http/cors.ts';
import { memberOf } from '../http/parameters.ts';
import { routerOptions } from '../http/router.ts';
import { Turns } from '../http/turns.ts';
import type { Source } from '../types/source.ts';
import { openExchange } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { OperationCard } from './operation.ts';
import { operations } from './operations.ts';
import { Refused } from './refusal.ts';
import { answerOf, perform, refusalAnswer, send } from './request.ts';
import type { RequestWorld } from './request.ts';

/** A certificate or a backup is larger than a secret; nothing that a vault takes is larger than this. */
const bodyLimit = 1_048_576;

export interface DataPlaneWorld extends RequestWorld {
  readonly sourceOf: (socket: Socket) => Source;
}

/** The edge at `<vault>.vault.<domain>`. The order of a request: `admission.ts`, then `perform`. */
export async function createDataPlane(world: DataPlaneWorld): Promise<FastifyInstance> {
  const turns = new Turns();
  const open = (request: FastifyRequest, card: OperationCard | undefined) =>
    openExchange(request, { card, source: world.sourceOf(request.raw.socket), now: world.now() });
  const noOperation = async (request: FastifyRequest, reply: FastifyReply) => {
    const exchange = open(request, undefined);
    return send(reply, exchange, world, await answerOf(exchange, world, neverAdmitted));
  };
  // A path that cannot be decoded, or is too long, is no operation's either.
  const frameworkErrors = (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    void noOperation(request, reply);
  };

  const app = fastify({ ...routerOptions, bodyLimit, frameworkErrors });
  app.decorateRequest('exchange', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.options('*', (request, reply) => {
    const headers = preflightHeaders(request.headers.origin, world.corsOrigins);
    return send(reply, open(request, undefined), world, { status: 204, headers });
  });
  // Documented to answer from any network, with no token: the way to see the address that the vault sees (private-link-diagnostics).
  app.get('/healthstatus', (request, reply) =>
    send(reply, open(request, undefined), world, { status: 200, body: true }),
  );
  for (const card of operations) {
    // Before a byte of the body is read: strangers do not make us read it. A GET has none, and is admitted once.
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      const exchange = open(request, card);
      request.setDecorator('exchange', exchange);
      const refusal = await answerOf(exchange, world, () => undefined);
      if (refusal !== undefined) await send(reply, exchange, world, refusal);
    };
    const changes = card.method !== 'GET' && card.changes !== false;
    const route = {
      method: card.method,
      ...(card.method !== 'GET' && { onRequest }),
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const exchange = request.getDecorator<Exchange | null>('exchange') ?? open(request, card);
        const operate = () => answerOf(exchange, world, (admitted) => perform(exchange, admitted, world));
        const answer = await (changes ? turns.take(objectOf(exchange), operate) : operate());
        return send(reply, exchange, world, answer);
      },
    };
    for (const url of [card.path, card.alsoAt]) if (url !== undefined) app.route({ ...route, url });
  }
  app.setNotFoundHandler(noOperation);
  app.setErrorHandler(async (error, request, reply) => {
    const exchange = request.getDecorator<Exchange | null>('exchange') ?? open(request, undefined);
    return send(reply, exchange, world, await refusalAnswer(exchange, clientsError(error) ?? error, world));
  });
  await app.ready();
  return app;
}

/** The object that an operation changes, under whatever path. */
function objectOf({ vaultName, request }: Exchange): string {
  const name = memberOf(request.params, 'name');
  return `${vaultName}/${typeof name === 'string' ? name.toLowerCase() : ''}`;
}

function neverAdmitted(): never {
  throw new Error('a path of no operation was admitted');
}

/** What Fastify refuses of a request's body before an operation sees it; `undefined` when the fault is not the client's. */
function clientsError(error: unknown): Refused | undefined {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 413) return new Refused({ kind: 'bodyTooLarge', limit: bodyLimit });
  if (status < 400 || status > 499) return undefined;
  const message = 'The request body cannot be read: its Content-Type or Content-Length header is not well formed.';
  return new Refused({ kind: 'badParameter', message }, { cause: error });
}
