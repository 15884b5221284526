import type { FastifyInstance } from 'fastify';
import { pairwise } from '../directory/pairwise.ts';
import { pathOf } from '../http/request.ts';
import { InOrder } from '../edge/in-order.ts';
import type { Caller } from '../types/caller.ts';
import { signedInUser } from './users.ts';
import { operations } from './operations.ts';
import { GraphRefused } from './refusal.ts';
import { admitGraph, callerOf, callOf, performGraph, refusalAnswer, send } from './request.ts';
import type { GraphWorld } from './world.ts';

const bodyLimit = 1_048_576;

/** Puts Graph's operations on `app`, under `/v1.0`, and OpenID Connect's userinfo. */
export function graphRoutes(app: FastifyInstance, world: GraphWorld): void {
  // Of the directory: its changes rest on each other, and are few.
  const turns = new InOrder();
  void app.register(async (edge) => {
    edge.decorateRequest('graphCaller', null);
    edge.removeAllContentTypeParsers();
    edge.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));
    for (const operation of operations) {
      edge.route({
        method: operation.method,
        url: `/v1.0${operation.path}`,
        // Before the body: no byte of a stranger's is read.
        onRequest: async (request) => request.setDecorator('graphCaller', await admitGraph(operation, request, world)),
        handler: async (request, reply) => {
          const caller = request.getDecorator<Caller | null>('graphCaller');
          if (caller === null) throw new Error('an operation was run before its request was admitted');
          return send(reply, await performGraph(operation, { request, caller, turns }, world));
        },
      });
    }
    edge.get('/oidc/userinfo', async (request, reply) => {
      const caller = await callerOf(request, world);
      const user = await signedInUser(callOf(request, caller, world));
      const { id, displayName, userPrincipalName, givenName, surname, mail } = user;
      // OpenID Connect Core section 5.3.2: the same `sub` as in the client's id_token.
      const sub = pairwise(id, caller.applicationId ?? '');
      const body = { sub, name: displayName, preferred_username: userPrincipalName };
      return send(reply, { status: 200, body: { ...body, given_name: givenName, family_name: surname, email: mail } });
    });
    edge.all('/v1.0/*', (request) => {
      throw new GraphRefused({ kind: 'segmentNotFound', path: pathOf(request.url).slice('/v1.0/'.length, 200) });
    });
    edge.setErrorHandler(async (error, request, reply) => {
      const tooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413;
      const cause = tooLarge ? new GraphRefused({ kind: 'bodyTooLarge', limit: bodyLimit }) : error;
      return send(reply, refusalAnswer(request, cause, world));
    });
  });
}
