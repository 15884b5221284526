import { randomUUID } from 'node:crypto';
import { hasAssignment } from '../access/role-assignments.ts';
import { refusalOf } from '../edge/edge.ts';
import type { Done, Failed } from '../edge/edge.ts';
import type { Answer } from '../http/answer.ts';
import { deleteAssignmentsBelow } from '../resources/authorization/authorization.ts';
import { get, wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import { merge, requiringStore, writtenKeys } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import { scopeKey, requirementsOf } from './access.ts';
import { renderError } from './errors.ts';
import type { LongRunning } from './long-running/long-running.ts';
import { accept } from './long-running/operation.ts';
import type { Accepted } from './long-running/operation.ts';
import { OperationRefused, refuseIf } from './operation.ts';
import type { ControlCall, ControlOutcome, ControlServices } from './operation.ts';
import { sentSteps } from './pipeline.ts';
import type { KnownSoFar, Ready, StepServices } from './pipeline.ts';
import { principalRecordOf, recordsOf } from './record.ts';
import type { ControlRefusal } from './refusal.ts';
import type { ControlRequest } from './request.ts';

export interface EdgeServices extends StepServices, ControlServices {
  readonly longRunning: LongRunning;
  /** Ends the open connections of subnets whose service endpoint is gone. */
  readonly closeSubnets: (incarnations: readonly string[]) => void;
}

/** The members of an edge that are the same for requests from outside, the server's own requests and trials. */
export const edgeBase = {
  requirements: (known: KnownSoFar) => requirementsOf(known),
  failed,
  async renew(key: string, _known: KnownSoFar, { rulebook, closeSubnets, verifier }: EdgeServices): Promise<void> {
    if (!(await verifier.renew(key))) closeSubnets(await rulebook.changed([key]));
  },
  over: ({ queue }: KnownSoFar) => queue?.leave(),
};

/** The resource manager: `https://<domain>`. */
export const controlEdge = { ...edgeBase, steps: sentSteps, work };

/** Runs the operation and returns its answer, its records and its change. */
export function* work(ready: Ready, services: EdgeServices): Reading<Done> {
  const { operation, caller, access } = ready;
  const call = callOf(ready, services);
  const outcome = yield* run(ready, call, services);
  const { answer, change, accepted } = outcome;
  if (accepted !== undefined) return yield* acceptWork(ready, { outcome, accepted, call }, services);
  // An answer from memory, such as a list of role assignments, has read nothing under the requirements yet.
  if (change === undefined) yield* get();
  if (outcome.unrecorded === true && change === undefined) return { answer, records: [] };
  const records = recordsOfDone(ready, outcome, services);
  if (change === undefined) {
    // Every valid token may make a request that shows only the caller's own. For a caller without any role that is
    // nothing, and the records count against the quota of refusals.
    const isShown = operation.shows !== 'own' || hasAssignment(access.authorization.compiled, caller);
    return { answer, records, ...(!isShown && { shownNothing: caller }) };
  }
  const whole = wholeChange(ready, change);
  return { answer, records, change: whole, committed: () => putInForce(whole, services) };
}

/** Runs the operation on `call`, whose store may be an overlay. */
export function* run({ operation }: Ready, call: ControlCall, services: EdgeServices): Reading<ControlOutcome> {
  const outcome = yield* wait(operation.run(call, services));
  refuseIf(sizeRefusal(outcome.change), outcome.recordedAs);
  return outcome;
}

/** Accepts work that continues after the answer. It begins when its acceptance has committed. */
function* acceptWork(
  ready: Ready,
  {
    outcome,
    accepted,
    call,
  }: { readonly outcome: ControlOutcome; readonly accepted: Accepted; readonly call: ControlCall },
  services: EdgeServices,
): Reading<Done> {
  const { answer, change = {} } = outcome;
  const acceptance = yield* wait(accept(accepted, call));
  // A resource that is deleted later keeps its role assignments until then: the work needs the caller's permissions.
  const own = accepted.kind === 'done' ? wholeChange(ready, change) : merge({ require: requirementsOf(ready) }, change);
  const begun = services.longRunning.claim(acceptance.record);
  const whole = merge(own, acceptance, begun);
  return {
    answer: { ...answer, headers: { ...answer.headers, ...acceptance.headers } },
    records: recordsOfDone(ready, outcome, services),
    change: whole,
    async committed() {
      await putInForce(whole, services);
      services.longRunning.begin(acceptance.record, begun, accepted.work);
    },
  };
}

function recordsOfDone(
  ready: Ready,
  { answer, principals = [], accepted, recordedAs }: ControlOutcome,
  { now }: EdgeServices,
) {
  const isAccepted = accepted !== undefined && accepted.kind !== 'done';
  const outcome = { status: answer.status, nowMs: now(), isAccepted, recordedAs };
  return [...recordsOf(ready, outcome), ...principals.map((principal) => principalRecordOf(ready, outcome, principal))];
}

/**
 * An operation's change, with the requirements that admitted it. Deleting a resource deletes the role assignments at
 * its scope; recovering or creating it again does not restore them.
 */
function wholeChange(ready: Ready, change: Transaction): Transaction {
  const isDeletion = ready.operation.action.endsWith('/delete');
  const dropped = isDeletion
    ? deleteAssignmentsBelow(ready.access.authorization, scopeKey(ready.request.path))
    : undefined;
  return merge({ require: requirementsOf(ready) }, change, dropped);
}

/**
 * Puts a committed change into force. Await it before the answer: a client that is told that a rule changed relies on
 * it.
 */
export async function putInForce(
  change: Transaction,
  { rulebook, closeSubnets }: Pick<EdgeServices, 'rulebook' | 'closeSubnets'>,
): Promise<void> {
  closeSubnets(await rulebook.changed(writtenKeys(change)));
}

export function callOf(ready: Ready, { store, now }: EdgeServices): ControlCall {
  const { request, subscription, caller, access, apiVersion, query, body } = ready;
  const { headers, names, path, params, deployment, socket } = request;
  return {
    // An operation reads nothing after the role assignments that admitted it have changed.
    store: requiringStore(store, requirementsOf(ready)),
    subscription,
    caller,
    access,
    names,
    origin: originOf(request),
    socket,
    path,
    apiVersion,
    params,
    query,
    body,
    conditions: { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] },
    nowMs: now(),
    newId: randomUUID,
    deployment,
  };
}

function originOf({ source, requestId, headers }: ControlRequest): ControlCall['origin'] {
  const userAgent = headers['user-agent'];
  return { source, correlationId: requestId, ...(userAgent !== undefined && { userAgent }) };
}

function failed(error: unknown, known: KnownSoFar, { now }: Pick<EdgeServices, 'now'>): Failed {
  const { request, subscription, caller } = known;
  const tenantId = subscription?.tenantId ?? '';
  const { status, message: whole, body } = renderError(refusalOf<ControlRefusal>(error), tenantId);
  const message = request.deployment?.mask?.(whole) ?? whole;
  const answer: Answer = {
    status,
    body: { error: { ...body.error, message } },
    ...(status === 401 && { headers: challenge(request, tenantId) }),
  };
  const recordedAs = error instanceof OperationRefused ? error.recordedAs : undefined;
  return { answer, records: recordsOf(known, { status, message, nowMs: now(), recordedAs }), caller };
}

function challenge({ names }: ControlRequest, tenantId: string): Record<string, string> {
  return {
    'www-authenticate': [
      `Bearer authorization_uri="${names.authority}/${tenantId}"`,
      'error="invalid_token"',
      `error_description="The authentication failed because of missing 'Authorization' header or an invalid access token."`,
    ].join(', '),
  };
}

/**
 * The most bytes of one record. Without a limit a client could make a resource larger with each request, until no list
 * with it can be answered. Azure limits a resource's definition in a template to 1 MB; a virtual network with the most
 * subnets is somewhat larger.
 */
const recordBytesMax = 2_097_152;

/** Exempt: the size of a deployment is bounded by its body, and no later request adds to it. */
const deployments = 'deployment';

/** The refusal of a change that would make a record too large. */
function sizeRefusal(change: Transaction | undefined): ControlRefusal | undefined {
  const large = change?.put?.find(({ key, value }) => value.length > recordBytesMax && !key.startsWith(deployments));
  if (large === undefined) return undefined;
  return { kind: 'resourceTooLarge', bytes: large.value.length, limit: recordBytesMax };
}
