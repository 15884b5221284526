import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { admitControl } from './admission.ts';
import { openExchange } from './exchange.ts';
import type { ControlExchange } from './exchange.ts';
import { InOrder } from '../edge/in-order.ts';
import { abandonDeployment, failDeployment } from './deployments/run.ts';
import { openEvaluations } from './deployments/evaluations.ts';
import { innerRequests } from './inner.ts';
import { LongRunning } from './long-running/long-running.ts';
import { metadataRoute } from './metadata-endpoints.ts';
import { operations } from './operations.ts';
import { ControlRefused } from './refusal.ts';
import { routerOf } from './router.ts';
import { inForce, performControl, refusalAnswer, send } from './request.ts';
import { deleteGroupContents, keepGroup } from './resource-groups/contents.ts';
import type { ControlPlaneWorld, ControlWorld } from './world.ts';

/** A vault with every rule that it can have fits; a deployment template of Azure may have 4 MiB. */
const bodyLimit = 4_194_304;

const find = routerOf(operations);

/** Puts the resource manager's operations on `app`. What it gives back goes on beside requests: long-running operations. */
export function controlPlaneRoutes(app: FastifyInstance, parts: ControlPlaneWorld): LongRunning {
  const { world, turns } = openWorld(parts);
  void app.register(async (edge) => {
    edge.decorateRequest('exchange', null);
    edge.removeAllContentTypeParsers();
    edge.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));
    edge.route({
      method: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
      url: '/*',
      onRequest: async (request, reply) => {
        const exchange = openExchange(request, find, world);
        request.setDecorator('exchange', exchange);
        try {
          await admitControl(exchange, world);
        } catch (error) {
          await refuse(reply, exchange, error);
        }
        return undefined;
      },
      handler: async (request, reply) => {
        const exchange = request.getDecorator<ControlExchange | null>('exchange') ?? openExchange(request, find, world);
        const perform = () => performControl(exchange, world);
        const reads = request.method === 'GET' || request.method === 'HEAD';
        const performed = reads ? perform() : turns.take(exchange.subscription?.subscriptionId ?? '', perform);
        return send(reply, exchange, await performed.catch((error: unknown) => refusalAnswer(exchange, error, world)));
      },
    });
    metadataRoute(edge, world);
    edge.setErrorHandler(async (error, request, reply) => {
      const tooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413;
      const cause = tooLarge ? new ControlRefused({ kind: 'bodyTooLarge', limit: bodyLimit }) : error;
      return refuse(
        reply,
        request.getDecorator<ControlExchange | null>('exchange') ?? openExchange(request, undefined, world),
        cause,
      );
    });
  });
  app.setNotFoundHandler(notFound);
  return world.longRunning;

  async function notFound(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = openExchange(request, undefined, world);
    const { method, url } = request;
    return refuse(reply, exchange, new ControlRefused({ kind: 'routeNotFound', method, path: url.slice(0, 500) }));
  }

  async function refuse(reply: FastifyReply, exchange: ControlExchange, error: unknown): Promise<FastifyReply> {
    return send(reply, exchange, await refusalAnswer(exchange, error, world));
  }
}

/** What operations are given beside what the server gives: operations from within, and those that take their time. */
function openWorld(parts: ControlPlaneWorld): { readonly world: ControlWorld; readonly turns: InOrder } {
  // Of a subscription: its changes rest on each other (a rule on a subnet, a vault on its group), and are few.
  const turns = new InOrder();
  const { store, schedule, now, logError } = parts;
  const inner = innerRequests(find, { turns, world: () => world });
  const longRunning: LongRunning = new LongRunning({
    store,
    schedule,
    now,
    logError,
    committed: (change) => inForce(change, parts),
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
          await parts.clearPurged();
          return { status: 'Succeeded' };
        },
      },
      done: { run: async () => ({ status: 'Succeeded' }) },
    },
  });
  const world: ControlWorld = { ...parts, inner, longRunning, evaluate: openEvaluations(() => performance.now()) };
  return { world, turns };
}
