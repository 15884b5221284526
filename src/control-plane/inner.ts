import type { Turns } from '../http/turns.ts';
import { admitted, operationOf } from './admission.ts';
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
      params: matched?.params ?? {},
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
      const perform = () => performControl(exchange, world());
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
        const admission = await admitted(exchange, world());
        const call = callOf(exchange, { body: bodyOf(exchange), admission }, { ...world(), store });
        const outcome = await operationOf(exchange).run(call);
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
