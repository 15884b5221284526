import type { Answer } from '../http/answer.ts';
import type { Turns } from '../http/turns.ts';
import { Conflict } from '../store/store.ts';
import { admitted, operationOf } from './admission.ts';
import type { ControlAdmitted } from './authorize.ts';
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
      const perform = async (): Promise<Answer> => {
        await admitInner(exchange, world());
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
        const admission = await admitInner(exchange, world());
        const call = callOf(exchange, { body: bodyOf(exchange), admission }, { ...world(), store });
        const outcome = await operationOf(exchange).run(call);
        if (!outcome.ok) throw new ControlRefused(outcome.refusal);
        if (outcome.change !== undefined) await store.transact(outcome.change);
        return outcome.answer;
      } catch (error) {
        // What was tried rests on what changed meanwhile.
        const cause = error instanceof Conflict ? new ControlRefused({ kind: 'tooManyConflicts' }) : error;
        return renderRefusal(exchange, cause, world());
      }
    },
    knows: (request) => matchRoute(operations, request) !== undefined,
  };
}

/** As `admitControl`, for a caller whose token was verified when the work was asked for. */
async function admitInner(exchange: ControlExchange, world: ControlWorld): Promise<ControlAdmitted> {
  const { subscriptionId: id } = exchange.params;
  // The operation acts in the subscription that the work was asked for in, whatever the path says.
  if (id !== undefined && id.toLowerCase() !== exchange.subscription?.subscriptionId.toLowerCase()) {
    throw new ControlRefused({ kind: 'subscriptionNotFound', id });
  }
  return admitted(exchange, world);
}
