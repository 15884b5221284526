import type { FastifyReply, FastifyRequest } from 'fastify';
import { admit, clockSkewSeconds } from '../caller/admit.ts';
import { globalAdministrators } from '../directory/groups.ts';
import type { Answer } from '../http/answer.ts';
import { hostOf } from '../http/host.ts';
import { textsOf } from '../http/parameters.ts';
import { bearerToken, parseJsonBody, pathOf } from '../http/request.ts';
import { Conflict, Unreadable } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import { renderError } from './errors.ts';
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

/** Whether the caller may do that; see `GraphOperation`. */
export function mayPerform({ access }: Pick<GraphOperation, 'access'>, { groups }: Pick<Caller, 'groups'>): boolean {
  return access === 'read' || groups.includes(globalAdministrators);
}

/** The order of an admitted request: body, operation, commit, answer. */
export async function performGraph(operation: GraphOperation, call: GraphCall): Promise<Answer> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      const outcome = await operation.run(call);
      if (!outcome.ok) throw new GraphRefused(outcome.refusal);
      if (outcome.change !== undefined) await call.store.transact(outcome.change);
      return outcome.answer;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new GraphRefused({ kind: 'tooManyConflicts' });
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
  const params = textsOf(request.params);
  return {
    store: world.store,
    tenantId: world.tenantId,
    caller,
    origin: hostOf(request.raw).names.resourceManager,
    path: pathOf(request.url),
    params: params.ok ? params.texts : {},
    query: query.texts,
    body: readBody(request),
    now: world.now(),
    newId: world.newId,
  };
}

/** What a failed request is answered. */
export function refusalAnswer(request: FastifyRequest, error: unknown, world: GraphWorld): Answer {
  const requestId = world.newId();
  const refusal = refusalOf(error);
  if (refusal.kind === 'internal' || refusal.kind === 'unreadable') world.logError(error, requestId);
  const sent = request.headers['client-request-id'];
  const clientRequestId = typeof sent === 'string' && /^[\w-]{1,64}$/.test(sent) ? sent : requestId;
  const { status, body } = renderError(refusal, { requestId, clientRequestId, now: world.now() });
  const { authority } = hostOf(request.raw).names;
  const challenge = `Bearer realm="", authorization_uri="${authority}/common/oauth2/authorize"`;
  return {
    status,
    body,
    headers: { 'request-id': requestId, ...(status === 401 && { 'www-authenticate': challenge }) },
  };
}

export function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  reply.code(status).headers({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', ...headers });
  if (body === undefined) return reply.send();
  return reply
    .header('content-type', 'application/json;odata.metadata=minimal;charset=utf-8')
    .send(JSON.stringify(body));
}

function refusalOf(error: unknown): GraphRefusal {
  if (error instanceof GraphRefused) return error.refusal;
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

function readBody(request: FastifyRequest): GraphCall['body'] {
  const body = parseJsonBody(request.body);
  if (body.ok && body.value === undefined) return {};
  const value = body.ok ? body.value : null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GraphRefused({ kind: 'bodyNotJson' });
  }
  return { ...value };
}
