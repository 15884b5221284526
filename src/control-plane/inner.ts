import type { Answer } from '../http/answer.ts';
import { memberOf } from '../http/parameters.ts';
import type { Turns } from '../http/turns.ts';
import { authorizeControl, operationOf } from './admission.ts';
import type { ControlExchange } from './exchange.ts';
import type { Inner, InnerRequest } from './inner-request.ts';
import type { Behalf } from './long-running/record.ts';
import type { ControlOperation } from './operation.ts';
import { ControlRefused } from './refusal.ts';
import { bodyOf, callOf, performControl, refusalAnswer, renderRefusal } from './request.ts';
import { matchRoute } from './route.ts';
import type { ControlWorld } from './world.ts';

/** Operations from within, on the cards that serve requests. */
export function innerRequests(
  operations: readonly ControlOperation[],
  { turns, world }: { readonly turns: Turns; readonly world: () => ControlWorld },
): Inner {
  const exchangeOf = (behalf: Behalf, request: InnerRequest, now: number): ControlExchange => {
    const matched = matchRoute(operations, request);
    const { caller, subscription, names, source, userAgent } = behalf;
    return {
      requestId: behalf.correlationId,
      at: now,
      request: {
        method: request.method,
        url: `${request.path}?api-version=${request.apiVersion}`,
        headers: { 'user-agent': userAgent },
        params: matched?.params ?? {},
        query: { 'api-version': request.apiVersion },
        body: request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body)),
        socket: undefined,
      },
      names,
      operation: matched?.operation,
      source,
      apiVersion: request.apiVersion,
      caller,
      subscription,
      mask: request.mask,
    };
  };

  return {
    async perform(behalf, request) {
      const exchange = exchangeOf(behalf, request, world().now());
      const perform = async (): Promise<Answer> => {
        await admitInner(exchange, behalf, request);
        return performControl(exchange, world());
      };
      const reads = request.method === 'GET';
      try {
        return await (reads ? perform() : turns.take(behalf.subscription.subscriptionId, perform));
      } catch (error) {
        return refusalAnswer(exchange, error, world());
      }
    },
    async preview(behalf, request, store) {
      const exchange = exchangeOf(behalf, request, world().now());
      try {
        const operation = await admitInner(exchange, behalf, request);
        const outcome = await operation.run(callOf(exchange, bodyOf(exchange), { ...world(), store }));
        if (!outcome.ok) throw new ControlRefused(outcome.refusal);
        if (outcome.change !== undefined) await store.transact(outcome.change);
        return outcome.answer;
      } catch (error) {
        return renderRefusal(exchange, error, world());
      }
    },
    knows: (request) => matchRoute(operations, request) !== undefined,
  };
}

/** As `admitControl`, for a caller whose token was verified when the work was asked for. */
async function admitInner(
  exchange: ControlExchange,
  behalf: Behalf,
  { path }: InnerRequest,
): Promise<ControlOperation> {
  const operation = operationOf(exchange);
  const id = memberOf(exchange.request.params, 'subscriptionId');
  // The operation acts in the subscription that the work was asked for in, whatever the path says.
  if (typeof id === 'string' && id.toLowerCase() !== behalf.subscription.subscriptionId.toLowerCase()) {
    throw new ControlRefused({ kind: 'subscriptionNotFound', id });
  }
  await authorizeControl(behalf, { action: operation.action, scope: path });
  return operation;
}
