import type { Socket } from 'node:net';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { preflightHeaders } from '../http/cors.ts';
import { routerOptions } from '../http/router.ts';
import type { Source } from '../types/source.ts';
import { openExchange } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { OperationCard } from './operation.ts';
import { operations } from './operations.ts';
import { Refused } from './refusal.ts';
import { perform, refusalAnswer, send, whileInForce } from './request.ts';
import type { RequestWorld } from './request.ts';

/** A certificate or a backup is larger than a secret; nothing that a vault takes is larger than this. */
const bodyLimit = 1_048_576;

export interface DataPlaneWorld extends RequestWorld {
  readonly sourceOf: (socket: Socket) => Source;
}

/** The edge at `<vault>.vault.<domain>`. The order of a request: `admission.ts`, then `perform`. */
export async function createDataPlane(world: DataPlaneWorld): Promise<FastifyInstance> {
  const app = fastify({ ...routerOptions, bodyLimit });
  const exchanges = new WeakMap<FastifyRequest, Exchange>();
  const open = (request: FastifyRequest, card: OperationCard | undefined) => {
    const source = world.sourceOf(request.raw.socket);
    const exchange = openExchange(request, { card, source, now: world.now() });
    exchanges.set(request, exchange);
    return exchange;
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.options('*', (request, reply) =>
    reply.code(204).headers(preflightHeaders(request.headers.origin, world.corsOrigins)).send(),
  );
  // Documented to answer from any network, with no token: the way to see the address that the vault sees (private-link-diagnostics).
  app.get('/healthstatus', (request, reply) =>
    send(reply, open(request, undefined), world, { status: 200, body: true }),
  );

  for (const card of operations) {
    app.route({
      method: card.method,
      url: card.path,
      // Before a byte of the body is read: strangers do not make us read it.
      onRequest: async (request, reply) => {
        const exchange = open(request, card);
        try {
          await whileInForce(exchange, world, () => undefined);
        } catch (error) {
          await refuse(reply, exchange, error);
        }
      },
      handler: async (request, reply) => {
        const exchange = exchanges.get(request) ?? open(request, card);
        try {
          const answer = await whileInForce(exchange, world, (admitted) => perform(exchange, admitted, world));
          return send(reply, exchange, world, answer);
        } catch (error) {
          return refuse(reply, exchange, error);
        }
      },
    });
  }

  app.setNotFoundHandler(async (request, reply) => {
    const exchange = open(request, undefined);
    try {
      return await whileInForce(exchange, world, () =>
        Promise.reject(new Error('a path of no operation was admitted')),
      );
    } catch (error) {
      return refuse(reply, exchange, error);
    }
  });
  app.setErrorHandler(async (error, request, reply) => {
    const tooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413;
    const cause = tooLarge ? new Refused({ kind: 'bodyTooLarge', limit: bodyLimit }) : error;
    return refuse(reply, exchanges.get(request) ?? open(request, undefined), cause);
  });

  async function refuse(reply: FastifyReply, exchange: Exchange, error: unknown): Promise<FastifyReply> {
    return send(reply, exchange, world, await refusalAnswer(exchange, error, world));
  }

  await app.ready();
  return app;
}
