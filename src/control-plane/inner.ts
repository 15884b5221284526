import { isUnavailable, refusalOf } from '../edge/edge.ts';
import { answerOwn } from '../edge/own-request.ts';
import type { Turns } from '../edge/turns.ts';
import type { Answer } from '../http/answer.ts';
import { authorizationKey, idSegments } from '../resources/keys.ts';
import { TryLater } from '../schedule/due.ts';
import { wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import { callOf, edgeBase, run, work } from './edge.ts';
import type { EdgeServices } from './edge.ts';
import type { ArmError, Behalf } from './long-running/operation.ts';
import type { EnclosingDeployment } from './operation.ts';
import { ownSteps, trialSteps } from './pipeline.ts';
import type { Ready } from './pipeline.ts';
import type { ControlRefusal } from './refusal.ts';
import { ownRequest } from './request.ts';
import type { FindRoute } from './request.ts';

/**
 * A request that the server makes on a caller's behalf: for a resource of a deployment or of a group that is being
 * deleted.
 */
export interface InnerRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** An ARM id, without percent-encoding. */
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  readonly deployment?: EnclosingDeployment;
}

/**
 * Performs operations as if the caller had sent them: each needs its permission, has an audit record and waits for the
 * earlier changes of the subscription. A refusal is an answer too.
 * @throws {TryLater} when the store or the audit log cannot be written, or there were too many concurrent changes
 */
export interface Inner {
  readonly perform: (behalf: Behalf, request: InnerRequest) => Promise<Answer>;
  /** The answer that `perform` would give; the change is written to `store` only, an overlay of the real one. */
  readonly preview: (behalf: Behalf, request: InnerRequest, store: Store) => Promise<Answer>;
  /** Whether such an operation exists. */
  readonly knows: (request: Pick<InnerRequest, 'method' | 'path'>) => boolean;
}

/** The error in the body of a refusal. */
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

/** Takes the server's own requests through the steps of requests from outside, except those for the token. */
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
      const edge = { ...edgeBase, steps: trialSteps, work: trialOn(store, behalf), failed: unrecorded };
      return answerOwn(turns, { edge, services: services(), request: opened(behalf, request) });
    },
    knows: ({ method, path }) => find(method, idSegments(path)) !== undefined,
  };
}

const ownEdge = { ...edgeBase, steps: ownSteps, work };

const unrecorded: typeof edgeBase.failed = (...given) => ({ ...edgeBase.failed(...given), records: [] });

/** Failures that a client would be told to retry: the work does so itself. */
function isPassing(error: unknown): boolean {
  const refusal = refusalOf<ControlRefusal>(error);
  return isUnavailable(refusal) || refusal.kind === 'tooManyConflicts';
}

/** Runs the operation with its change written to `store` only, and without an audit record. */
function trialOn(store: Store, { subscription }: Behalf) {
  return function* tried(ready: Ready, services: EdgeServices): Reading<{ answer: Answer; records: [] }> {
    const { answer, change } = yield* run(ready, { ...callOf(ready, services), store }, services);
    if (change !== undefined)
      yield* wait(store.transact(onTrial(change, authorizationKey(subscription.subscriptionId))));
    return { answer, records: [] };
  };
}

/** Leaves out the stamp of the role assignments: in a trial, callers keep the permissions that they have outside it. */
function onTrial(change: Transaction, stamp: string): Transaction {
  return { ...change, put: (change.put ?? []).filter(({ key }) => key !== stamp) };
}
