import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { hasAssignment } from '../access/role-assignments.ts';
import { AuditUnavailable } from '../audit/log.ts';
import { headersOf } from '../http/answer.ts';
import type { LogRecord } from '../audit/activity.ts';
import type { Answer } from '../http/answer.ts';
import { textsOf } from '../http/parameters.ts';
import { parseJsonBody } from '../http/request.ts';
import { dropAssignments } from '../resources/authorization.ts';
import { Conflict, merge, Unreadable } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import { scopeKey } from './access.ts';
import { admitted, operationOf } from './admission.ts';
import type { ControlAdmitted } from './authorize.ts';
import { renderError } from './errors.ts';
import { principalRecordOf, recordsOf } from './exchange.ts';
import type { ControlExchange } from './exchange.ts';
import type { ControlCall, ControlOutcome } from './operation.ts';
import { ControlRefused } from './refusal.ts';
import { requiringStore } from './requiring-store.ts';
import { refuseLarge } from './resource-size.ts';
import type { ControlRefusal } from './refusal.ts';
import { refuseInDeletion } from './resource-groups/deletion.ts';
import { accept } from './long-running/operation.ts';
import type { ControlWorld } from './world.ts';

/** Changes of one process come in turn, so that only another node can be in the way, again and again. */
const attemptsMax = 10;

/** The order of an admitted request: body, operation, commit with its audit record, rules in force, answer. */
export async function performControl(exchange: ControlExchange, world: ControlWorld): Promise<Answer> {
  const body = bodyOf(exchange);
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      const admission = await admitted(exchange, world);
      const call = callOf(exchange, { body, admission }, world);
      await refuseInDeletion(call, exchange.request.method);
      const outcome = await operationOf(exchange).run(call, world);
      exchange.recordedAs = outcome.recordedAs;
      if (!outcome.ok) throw new ControlRefused(outcome.refusal);
      refuseLarge(outcome.change);
      return await settle(exchange, { outcome, admission, call }, world);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      await forgetAdmission(exchange, error.key, world);
    }
  }
  throw new ControlRefused({ kind: 'tooManyConflicts' });
}

/** Before a request is looked at anew: what it was admitted by may be what has changed. */
async function forgetAdmission(exchange: ControlExchange, key: string, { rulebook }: ControlWorld): Promise<void> {
  delete exchange.admitted;
  await rulebook.changed([key]);
}

async function settle(
  exchange: ControlExchange,
  {
    outcome,
    admission,
    call,
  }: {
    readonly outcome: Extract<ControlOutcome, { ok: true }>;
    readonly admission: ControlAdmitted;
    readonly call: ControlCall;
  },
  world: ControlWorld,
): Promise<Answer> {
  const { answer, change, principals = [], accepted } = outcome;
  const goesOn = accepted !== undefined && accepted.kind !== 'done';
  const recorded = { status: answer.status, now: world.now(), accepted: goesOn };
  const records = [
    ...recordsOf(exchange, recorded),
    ...principals.map((principal) => principalRecordOf(exchange, recorded, principal)),
  ];
  if (accepted === undefined) {
    if (change !== undefined) await commit(wholeChange(exchange, change, admission), records, world);
    else await recordRead(exchange, records, { admission, audit: world.audit });
    return answer;
  }
  const acceptance = await accept(accepted, call);
  // What is deleted only later has its role assignments until then: the work rests on what the caller may do.
  const whole =
    accepted.kind === 'done'
      ? wholeChange(exchange, change ?? {}, admission)
      : merge({ require: admission.require }, change);
  const begun = world.longRunning.claim(acceptance.record);
  await commit(merge(whole, acceptance, begun), records, world);
  world.longRunning.begin(acceptance.record, begun, accepted.work);
  return { ...answer, headers: { ...answer.headers, ...acceptance.headers } };
}

/** Whoever has a token may ask for what is its own: without any role that is nothing, and costs nothing. */
async function recordRead(
  { operation, caller }: ControlExchange,
  records: readonly LogRecord[],
  { admission, audit }: { readonly admission: ControlAdmitted; readonly audit: ControlWorld['audit'] },
): Promise<void> {
  const { compiled } = admission.access.authorization;
  const isShown = operation?.shows !== 'own' || caller === undefined || hasAssignment(compiled, caller);
  await Promise.all(records.map((record) => (isShown ? audit.read(record) : audit.refused(record, caller))));
}

/**
 * An operation's change, on the word of what admitted it. With a resource go the role assignments at its scope, and do
 * not come back when it is recovered or made anew.
 */
function wholeChange(
  exchange: ControlExchange,
  change: Transaction,
  { access, require }: ControlAdmitted,
): Transaction {
  const isDeletion = operationOf(exchange).action.endsWith('/delete');
  const scope = scopeKey(exchange.path);
  const dropped = isDeletion ? dropAssignments(access.authorization, scope) : undefined;
  return merge({ require }, change, dropped);
}

async function commit(change: Transaction, records: readonly LogRecord[], world: ControlWorld): Promise<void> {
  const put = records.map((record) => world.audit.stage(record).put);
  try {
    await world.store.transact({ ...change, put: [...(change.put ?? []), ...put] });
  } catch (error) {
    throw error instanceof Conflict || error instanceof Unreadable
      ? error
      : new ControlRefused({ kind: 'recordUnavailable' }, { cause: error });
  }
  if (put.length > 0) world.audit.committed();
  await inForce(change, world);
}

/** Before the answer: whoever is told that a rule changed may rely on it. */
export async function inForce(
  change: Transaction,
  world: Pick<ControlWorld, 'rulebook' | 'closeSubnets'>,
): Promise<void> {
  const keys = [...(change.put ?? []).map(({ key }) => key), ...(change.delete ?? [])];
  world.closeSubnets(await world.rulebook.changed(keys));
}

/** What a failed request is answered, once its record is written. */
export async function refusalAnswer(exchange: ControlExchange, error: unknown, world: ControlWorld): Promise<Answer> {
  const answer = renderRefusal(exchange, error, world);
  const { status, message } = answer;
  if (refusalOf(error).kind === 'recordUnavailable') return answer;
  const records = recordsOf(exchange, { status, message, now: world.now() });
  try {
    await Promise.all(records.map((record) => world.audit.refused(record, exchange.caller)));
    return answer;
  } catch (failure) {
    return refusalAnswer(exchange, failure, world);
  }
}

/** What a failed request is answered, and the message in it. */
export function renderRefusal(
  exchange: ControlExchange,
  error: unknown,
  world: Pick<ControlWorld, 'logError'>,
): Answer & { readonly message: string } {
  const refusal = refusalOf(error);
  if (ours.has(refusal.kind)) world.logError(error, exchange.requestId);
  const tenantId = exchange.subscription?.tenantId ?? '';
  const { status, message: whole, body } = renderError(refusal, tenantId);
  const message = exchange.deployment?.mask?.(whole) ?? whole;
  return {
    status,
    message,
    body: { error: { ...body.error, message } },
    ...(status === 401 && { headers: challenge(exchange, tenantId) }),
  };
}

/** The version that Azure's provider of vaults stated when its answers were recorded; clients show it, none compares it. */
const vaultsVersion = '1.5.1292.0';

/** The provider states it itself, so that what the resource manager refuses before has none. */
function providerHeaders({ admitted: admission, operation }: ControlExchange): Readonly<Record<string, string>> {
  const isOfVaults = admission !== undefined && operation?.action.startsWith('Microsoft.KeyVault/') === true;
  return isOfVaults ? { 'x-ms-keyvault-service-version': vaultsVersion } : {};
}

export function send(reply: FastifyReply, exchange: ControlExchange, answer: Answer): FastifyReply {
  reply.code(answer.status).headers({
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-ms-request-id': exchange.requestId,
    'x-ms-correlation-request-id': exchange.requestId,
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    ...providerHeaders(exchange),
    ...headersOf(answer),
  });
  if (answer.body === undefined) return reply.send();
  return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

const ours: ReadonlySet<ControlRefusal['kind']> = new Set(['internal', 'recordUnavailable', 'unreadable']);

function refusalOf(error: unknown): ControlRefusal {
  if (error instanceof ControlRefused) return error.refusal;
  if (error instanceof AuditUnavailable) return { kind: 'recordUnavailable' };
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

export function callOf(
  exchange: ControlExchange,
  { body, admission }: { readonly body: ControlCall['body']; readonly admission: ControlAdmitted },
  world: ControlWorld,
): ControlCall {
  const { request, names, apiVersion, caller, subscription, path, params } = exchange;
  if (apiVersion === undefined || caller === undefined || subscription === undefined) {
    throw new Error('an operation was run before its request was admitted');
  }
  const query = textsOf(request.query);
  if (!query.ok) {
    const message = `The query parameter '${query.twice.slice(0, 64)}' is given more than once.`;
    throw new ControlRefused({ kind: 'badQuery', message });
  }
  return {
    store: requiringStore(world.store, admission.require),
    subscription,
    caller,
    access: admission.access,
    names,
    path,
    apiVersion,
    params,
    query: query.texts,
    conditions: { ifMatch: request.headers['if-match'], ifNoneMatch: request.headers['if-none-match'] },
    body,
    nowMs: world.now(),
    newId: randomUUID,
    deployment: exchange.deployment,
    origin: originOf(exchange),
  };
}

function originOf({ source, requestId, request }: ControlExchange): ControlCall['origin'] {
  const userAgent = request.headers['user-agent'];
  return { source, correlationId: requestId, ...(userAgent !== undefined && { userAgent }) };
}

/** @throws {ControlRefused} when it is no JSON object */
export function bodyOf({ operation, request }: ControlExchange): ControlCall['body'] {
  const body = (operation?.parseBody ?? parseJsonBody)(request.body);
  if (body.ok && body.value === undefined) return {};
  if (!body.ok && body.fault.kind !== 'notJson') {
    throw new ControlRefused({ kind: 'bodyOutOfBounds', fault: body.fault });
  }
  const value = body.ok ? body.value : null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlRefused({ kind: 'bodyNotJson' });
  }
  return { ...value };
}

function challenge({ names }: ControlExchange, tenantId: string): Record<string, string> {
  return {
    'www-authenticate': [
      `Bearer authorization_uri="${names.authority}/${tenantId}"`,
      'error="invalid_token"',
      `error_description="The authentication failed because of missing 'Authorization' header or an invalid access token."`,
    ].join(', '),
  };
}
