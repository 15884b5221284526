import { AuditUnavailable } from '../audit/log.ts';
import type { Answer } from '../http/answer.ts';
import { encodePath } from '../http/request-target.ts';
import type { InOrder } from '../edge/in-order.ts';
import { authorizationKey } from '../resources/keys.ts';
import { idSegments } from '../resources/scope-id.ts';
import { TryLater } from '../schedule/due.ts';
import { Conflict } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import { admitted, apiVersionOf, operationOf } from './admission.ts';
import type { ControlAdmitted } from './authorize.ts';
import type { ControlExchange } from './exchange.ts';
import type { Inner, InnerRequest } from './inner-request.ts';
import type { Behalf } from './long-running/operation.ts';
import { ControlRefused } from './refusal.ts';
import { bodyOf, callOf, performControl, refusalAnswer, renderRefusal } from './request.ts';
import { refuseLarge } from './resource-size.ts';
import type { FindRoute } from './router.ts';
import type { ControlWorld } from './world.ts';

/** Operations from within, on the cards that serve requests. */
export function innerRequests(
  find: FindRoute,
  { turns, world }: { readonly turns: InOrder; readonly world: () => ControlWorld },
): Inner {
  return {
    async perform(behalf, request) {
      const exchange = exchangeOf(behalf, request, { find, now: world().now() });
      const perform = async (): Promise<Answer> => {
        await admitInner(exchange, world());
        return performControl(exchange, world());
      };
      const reads = request.method === 'GET';
      try {
        return await (reads ? perform() : turns.take(behalf.subscription.subscriptionId, perform));
      } catch (error) {
        if (isPassing(error)) throw new TryLater(`${request.method} ${request.path}`, { cause: error });
        return refusalAnswer(exchange, error, world());
      }
    },
    async preview(behalf, request, store) {
      const exchange = exchangeOf(behalf, request, { find, now: world().now() });
      try {
        const admission = await admitInner(exchange, world());
        const call = callOf(exchange, { body: bodyOf(exchange), admission }, world());
        const outcome = await operationOf(exchange).run({ ...call, store }, world());
        if (!outcome.ok) throw new ControlRefused(outcome.refusal);
        refuseLarge(outcome.change);
        if (outcome.change !== undefined) await store.transact(onTrial(outcome.change, behalf));
        return outcome.answer;
      } catch (error) {
        // What was tried rests on what changed meanwhile.
        const cause = error instanceof Conflict ? new ControlRefused({ kind: 'tooManyConflicts' }) : error;
        return renderRefusal(exchange, cause, world());
      }
    },
    knows: ({ method, path }) => find(method, idSegments(path)) !== undefined,
  };
}

/** What a client would be told to try again: work goes on when it is over. */
function isPassing(error: unknown): boolean {
  if (error instanceof AuditUnavailable) return true;
  if (!(error instanceof ControlRefused)) return false;
  return error.refusal.kind === 'recordUnavailable' || error.refusal.kind === 'tooManyConflicts';
}

/** The exchange of a request that came over no connection. */
function exchangeOf(
  { caller, subscription, names, source, userAgent, correlationId }: Behalf,
  { method, path, apiVersion, body, deployment }: InnerRequest,
  { find, now }: { readonly find: FindRoute; readonly now: number },
): ControlExchange {
  const matched = find(method, idSegments(path));
  return {
    requestId: correlationId,
    at: now,
    request: {
      method,
      url: `${encodePath(path)}?api-version=${apiVersion}`,
      headers: { 'user-agent': userAgent },
      query: { 'api-version': apiVersion },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      socket: undefined,
    },
    names,
    operation: matched?.operation,
    path,
    params: matched?.params ?? {},
    source,
    apiVersion,
    caller,
    subscription,
    deployment,
  };
}

/** Who may do what is as it is: what a trial would give or take away does not count in it, and does not stamp it. */
function onTrial(change: Transaction, { subscription }: Behalf): Transaction {
  const stamp = authorizationKey(subscription.subscriptionId);
  return { ...change, put: (change.put ?? []).filter(({ key }) => key !== stamp) };
}

/** As `admitControl`, for a caller whose token was verified when the work was asked for. */
async function admitInner(exchange: ControlExchange, world: ControlWorld): Promise<ControlAdmitted> {
  exchange.apiVersion = apiVersionOf(exchange.request);
  const { subscriptionId: id } = exchange.params;
  // The operation acts in the subscription that the work was asked for in, whatever the path says.
  if (id !== undefined && id.toLowerCase() !== exchange.subscription?.subscriptionId.toLowerCase()) {
    throw new ControlRefused({ kind: 'subscriptionNotFound', id });
  }
  return admitted(exchange, world);
}
