import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditUnavailable } from '../audit/log.ts';
import { admit, clockSkewSeconds } from '../caller/admit.ts';
import { globalAdministrators } from '../directory/groups.ts';
import { headersOf } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import { hostOf } from '../http/host.ts';
import { textsOf } from '../http/parameters.ts';
import { bearerToken, parseJsonBody, pathOf } from '../http/request.ts';
import { Conflict, Unreadable } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import type { InOrder } from '../edge/in-order.ts';
import type { Caller } from '../types/caller.ts';
import { renderError } from './errors.ts';
import type { ErrorTrace } from './errors.ts';
import { recordOf } from './record.ts';
import type { ChangeAsked } from './record.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { GraphRefused } from './refusal.ts';
import type { GraphRefusal } from './refusal.ts';
import type { GraphWorld } from './world.ts';

/** The name that applications know Graph's resource by, wherever it stands. */
const globalAudience = 'https://graph.microsoft.com';

/** Changes of one process come in turn, so that only another node can be in the way, again and again. */
const attemptsMax = 10;

/**
 * Who asks: a user or application of the directory, by a token of this authority.
 * @throws {GraphRefused}
 */
export async function callerOf(request: FastifyRequest, world: GraphWorld): Promise<Caller> {
  const token = bearerToken(request.headers);
  if (token === undefined) throw new GraphRefused({ kind: 'bearerMissing' });
  const verification = await world.verifier.verify(token);
  if (!verification.ok) throw new GraphRefused(verification.refusal);
  const { caller } = verification;
  // An issuer that the operator added speaks for vaults; whom it says to be an administrator is none here.
  if (caller.issuerClass !== 'own') throw new GraphRefused({ kind: 'wrongIssuer', found: caller.issuer });
  const { resourceManager } = hostOf(request.raw).names;
  const admission = admit(caller, {
    tenant: world.tenantId,
    services: false,
    audiences: [resourceManager, globalAudience].flatMap((audience) => [audience, `${audience}/`]),
    now: world.now(),
    skewSeconds: clockSkewSeconds,
  });
  if (!admission.ok) throw new GraphRefused(admission.refusal);
  return caller;
}

/**
 * Who asks, if it may: only administrators may change the directory (`GraphOperation`).
 * @throws {GraphRefused}
 */
export async function admitGraph(operation: GraphOperation, request: FastifyRequest, world: GraphWorld) {
  const caller = await callerOf(request, world);
  if (operation.access === 'read' || caller.groups.includes(globalAdministrators)) return caller;
  const refused = new GraphRefused({ kind: 'notAdministrator' });
  throw await refusedOnRecord({ request, operation, caller }, refused, world);
}

/** What an admitted request is answered; changes come in turn. */
export async function performGraph(
  operation: GraphOperation,
  { request, caller, turns }: Pick<ChangeAsked, 'request' | 'caller'> & { readonly turns: InOrder },
  world: GraphWorld,
): Promise<Answer> {
  if (operation.access === 'read') {
    const outcome = await operation.run(callOf(request, caller, world));
    if (!outcome.ok) throw new GraphRefused(outcome.refusal);
    return outcome.answer;
  }
  const asked = { request, operation, caller };
  try {
    const call = callOf(request, caller, world);
    return await turns.take('', () => changeGraph(asked, call, world));
  } catch (error) {
    throw await refusedOnRecord(asked, error, world);
  }
}

/** The order of an admitted change: operation, commit with its audit record, answer. */
async function changeGraph(asked: ChangeAsked, call: GraphCall, world: GraphWorld): Promise<Answer> {
  const { audit } = world;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      const outcome = await asked.operation.run(call);
      if (!outcome.ok) throw new GraphRefused(outcome.refusal);
      const { answer, change, targets } = outcome;
      const recorded = { status: answer.status, targets, body: call.body, requestId: world.newId() };
      const { put } = audit.stage(recordOf(asked, recorded, world));
      await commit({ ...change, put: [...(change.put ?? []), put] }, call);
      audit.committed();
      return answer;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new GraphRefused({ kind: 'tooManyConflicts' });
}

async function commit(change: Transaction, { store }: Pick<GraphCall, 'store'>): Promise<void> {
  try {
    await store.transact(change);
  } catch (error) {
    if (error instanceof Conflict || error instanceof Unreadable) throw error;
    throw new GraphRefused({ kind: 'recordUnavailable' }, { cause: error });
  }
}

/** What a change is refused for, once that has a record too. */
async function refusedOnRecord(asked: ChangeAsked, error: unknown, world: GraphWorld): Promise<unknown> {
  const { request } = asked;
  const requestId = world.newId();
  const { status, body } = renderError(refusalOf(error), traceOf(request, requestId, world));
  const { id } = paramsOf(request);
  const targets = id === undefined ? [] : [{ id }];
  const outcome = { status, message: body.error.message, targets, body: {}, requestId };
  try {
    await world.audit.refused(recordOf(asked, outcome, world), asked.caller);
    return error;
  } catch (failure) {
    return failure;
  }
}

export function callOf(request: FastifyRequest, caller: Caller, world: GraphWorld): GraphCall {
  const query = textsOf(request.query);
  if (!query.ok) {
    throw new GraphRefused({
      kind: 'queryInvalid',
      name: query.twice.slice(0, 64),
      rule: 'it is given more than once',
    });
  }
  return {
    store: world.store,
    tenantId: world.tenantId,
    caller,
    origin: hostOf(request.raw).names.resourceManager,
    path: pathOf(request.url),
    params: paramsOf(request),
    query: query.texts,
    body: readBody(request),
    now: world.now(),
    newId: world.newId,
  };
}

function paramsOf(request: FastifyRequest): GraphCall['params'] {
  const params = textsOf(request.params);
  return params.ok ? params.texts : {};
}

/** What a failed request is answered. */
export function refusalAnswer(request: FastifyRequest, error: unknown, world: GraphWorld): Answer {
  const requestId = world.newId();
  const refusal = refusalOf(error);
  if (ours.has(refusal.kind)) world.logError(error, requestId);
  const { status, body } = renderError(refusal, traceOf(request, requestId, world));
  const { authority } = hostOf(request.raw).names;
  const challenge = `Bearer realm="", authorization_uri="${authority}/common/oauth2/authorize"`;
  return {
    status,
    body,
    headers: { 'request-id': requestId, ...(status === 401 && { 'www-authenticate': challenge }) },
  };
}

const ours: ReadonlySet<GraphRefusal['kind']> = new Set(['internal', 'recordUnavailable', 'unreadable']);

function traceOf({ headers }: FastifyRequest, requestId: string, world: GraphWorld): ErrorTrace {
  const sent = headers['client-request-id'];
  const clientRequestId = typeof sent === 'string' && /^[\w-]{1,64}$/.test(sent) ? sent : requestId;
  return { requestId, clientRequestId, now: world.now() };
}

export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  const { status, body } = answer;
  const headers = { 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', ...headersOf(answer) };
  reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  return reply
    .header('content-type', 'application/json;odata.metadata=minimal;charset=utf-8')
    .send(JSON.stringify(body));
}

function refusalOf(error: unknown): GraphRefusal {
  if (error instanceof GraphRefused) return error.refusal;
  if (error instanceof AuditUnavailable) return { kind: 'recordUnavailable' };
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

function readBody(request: FastifyRequest): GraphCall['body'] {
  const body = parseJsonBody(request.body);
  if (body.ok && body.value === undefined) return {};
  if (!body.ok && body.fault.kind !== 'notJson') {
    throw new GraphRefused({ kind: 'bodyOutOfBounds', fault: body.fault });
  }
  const value = body.ok ? body.value : null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GraphRefused({ kind: 'bodyNotJson' });
  }
  return { ...value };
}
