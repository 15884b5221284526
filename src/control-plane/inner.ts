import { refusalOf } from '../edge/edge.ts';
import { answerOwn } from '../edge/own-request.ts';
import type { Turns } from '../edge/turns.ts';
import type { Answer } from '../http/answer.ts';
import { authorizationKey, idSegments } from '../resources/keys.ts';
import { TryLater } from '../schedule/due.ts';
import { wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import { callOf, common, run, work } from './edge.ts';
import type { EdgeServices } from './edge.ts';
import type { ArmError, Behalf } from './long-running/operation.ts';
import type { DeploymentAround } from './operation.ts';
import { ownSteps, trialSteps } from './pipeline.ts';
import type { Ready } from './pipeline.ts';
import type { ControlRefusal } from './refusal.ts';
import { ownRequest } from './request.ts';
import type { FindRoute } from './request.ts';

/** A request that the server makes itself, on somebody's behalf: for a resource of a deployment, or of a group that goes. */
export interface InnerRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** An ARM id: nothing in it is encoded. */
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  readonly deployment?: DeploymentAround;
}

/**
 * Operations from within. They are admitted as if the caller had asked for them: permission for each, an audit record for
 * each, in order with the other changes of the subscription. A refusal is an answer too.
 * @throws {TryLater} when the store or the audit log cannot be written, or too much was changed meanwhile
 */
export interface Inner {
  readonly perform: (behalf: Behalf, request: InnerRequest) => Promise<Answer>;
  /** What `perform` would answer, with the change made in `store` only: one that is laid over the real one. */
  readonly preview: (behalf: Behalf, request: InnerRequest, store: Store) => Promise<Answer>;
  /** Whether there is an operation for that. */
  readonly knows: (request: Pick<InnerRequest, 'method' | 'path'>) => boolean;
}

/** The error of an answer that refuses. */
export function errorOf({ status, body }: Answer): ArmError {
  const error: unknown = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  if (isError(error)) return error;
  return { code: String(status), message: 'The request failed.' };
}

function isError(value: unknown): value is ArmError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  );
}

/** Requests of the server's own, through the steps that requests from outside take. */
export function innerRequests(
  find: FindRoute,
  { turns, services }: { readonly turns: Turns; readonly services: () => EdgeServices },
): Inner {
  const opened = (behalf: Behalf, request: InnerRequest) =>
    ownRequest(behalf, request, { find, nowMs: services().now() });
  return {
    async perform(behalf, request) {
      const asking = { edge: ownEdge, services: services(), request: opened(behalf, request) };
      try {
        return await answerOwn(turns, asking, isPassing);
      } catch (error) {
        throw isPassing(error) ? new TryLater(`${request.method} ${request.path}`, { cause: error }) : error;
      }
    },
    preview(behalf, request, store) {
      const edge = { ...common, steps: trialSteps, work: trialOn(store, behalf), failed: unrecorded };
      return answerOwn(turns, { edge, services: services(), request: opened(behalf, request) });
    },
    knows: ({ method, path }) => find(method, idSegments(path)) !== undefined,
  };
}

const ownEdge = { ...common, steps: ownSteps, work };

const unrecorded: typeof common.failed = (...given) => ({ ...common.failed(...given), records: [] });

/** What a client would be told to try again: work goes on when it is over. */
function isPassing(error: unknown): boolean {
  const { kind } = refusalOf<ControlRefusal>(error);
  return kind === 'recordUnavailable' || kind === 'tooManyConflicts';
}

/** The operation with its change made in `store` only, and without a record. */
function trialOn(store: Store, { subscription }: Behalf) {
  return function* tried(ready: Ready, services: EdgeServices): Reading<{ answer: Answer; records: [] }> {
    const { answer, change } = yield* run(ready, { ...callOf(ready, services), store }, services);
    if (change !== undefined)
      yield* wait(store.transact(onTrial(change, authorizationKey(subscription.subscriptionId))));
    return { answer, records: [] };
  };
}

/** Without the stamp of the role assignments: within a trial everybody may do what they may do outside it. */
function onTrial(change: Transaction, stamp: string): Transaction {
  return { ...change, put: (change.put ?? []).filter(({ key }) => key !== stamp) };
}
