import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Audit } from '../audit/audit.ts';
import { auditRecord } from '../audit/record.ts';
import { AuditUnavailable } from '../audit/log.ts';
import { headersOf } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import { bearerToken, parseJsonBody } from '../http/request.ts';
import type { JsonFault } from '../json/bounded-json.ts';
import type { CertificateFileReader } from '../objects/certificate-import.ts';
import { newVersion } from '../objects/new-version.ts';
import { vaultScope } from '../objects/object.ts';
import { readAlone } from '../store/reading.ts';
import { Conflict, Unreadable } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import type { KeyEngine } from '../types/key.ts';
import { admit, refuse } from './admission.ts';
import type { AdmissionWorld } from './admission.ts';
import { charge, chargeKey, discharge } from './charge.ts';
import { renderError } from './errors.ts';
import { auditEvent, forgetDecision, originOf } from './exchange.ts';
import type { Admitted, Exchange } from './exchange.ts';
import { answerHeaders, challengeHeader } from './headers.ts';
import { memberOf, textsOf } from '../http/parameters.ts';
import { Refused } from './refusal.ts';
import type { Throttle } from './throttle.ts';
import { whileConnected } from './while-connected.ts';
import type { Refusal } from './refusal.ts';

/** As much of a token's header as a refusal gives back. */
const encodedTokenHeaderMax = 512;

/** How often a request is decided anew because rules or objects changed under it, before it gives up with 409. */
const attemptsMax = 10;

export interface RequestWorld extends AdmissionWorld {
  /** Absent where nothing is throttled. */
  readonly throttle: Throttle | undefined;
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  readonly audit: Audit;
  /** How long a deletion or a recovery of an object takes. */
  readonly transitionMs: number;
  /** How long the issuer of a certificate takes. */
  readonly issueMs: number;
  /** The `iss` values that a vault of this tenant accepts. */
  readonly acceptedIssuers: (tenant: string) => readonly string[];
  readonly corsOrigins: readonly string[];
  /** The detail of an error that the client is told nothing of. */
  readonly logError: (error: unknown, requestId: string) => void;
}

/** What `step` answers, or what the request is refused with. */
export async function answerOf<T>(
  exchange: Exchange,
  world: RequestWorld,
  step: (admitted: Admitted) => T | Promise<T>,
): Promise<T | Answer> {
  try {
    return await whileInForce(exchange, world, step);
  } catch (error) {
    return refusalAnswer(exchange, error, world);
  }
}

/**
 * Runs `step` on an admission whose rules are in force: when a `Conflict` says that they (or the object) changed
 * meanwhile, the request is admitted and the step run anew.
 */
async function whileInForce<T>(
  exchange: Exchange,
  world: RequestWorld,
  step: (admitted: Admitted) => T | Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      exchange.admitted ??= await admit(exchange, world);
      return await step(exchange.admitted);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const isVault = error.key === exchange.vault?.requirement.key;
      forgetDecision(exchange);
      if (isVault) await world.rulebook.load(exchange.vaultName);
      else await world.rulebook.changed([error.key]);
    }
  }
  throw new Refused({ kind: 'tooManyConflicts' });
}

/** The order of an admitted request: body, operation, audit (in the operation's own transaction, where it changes something), answer. */
export async function perform(exchange: Exchange, admitted: Admitted, world: RequestWorld): Promise<Answer> {
  const { card, vault, require } = admitted;
  const body = parseJsonBody(exchange.body);
  if (!body.ok) return refuse(new Refused(bodyRefusal(body.fault)), require, world.store);
  const query = textsOf(exchange.request.query);
  if (!query.ok) {
    const message = `The query parameter '${query.twice.slice(0, 64)}' is given more than once.`;
    return refuse(new Refused({ kind: 'badParameter', message }), require, world.store);
  }
  const params = textsOf(exchange.request.params);
  const nowMs = world.now();
  const call = {
    vault: vaultScope(vault, { transitionMs: world.transitionMs, nowMs, require }),
    engine: world.engine,
    certificateFiles: world.certificateFiles,
    whileConnected: <T>(work: (gone: AbortSignal) => Promise<T>) => whileConnected(exchange.request.raw.socket, work),
    issueMs: world.issueMs,
    origin: originOf(exchange),
    apiVersion: exchange.apiVersion ?? '',
    params: params.ok ? params.texts : {},
    query: query.texts,
    body: body.value,
    nowSeconds: Math.floor(nowMs / 1000),
    newVersion,
  };
  // Not awaited where nothing is counted: this is the path of every request.
  if (world.throttle !== undefined) await charge(exchange, call, world);
  const outcome = await readAlone(world.store, require, card.run(call));
  if (!outcome.ok) {
    if (outcome.refusal.kind === 'throttled') discharge(exchange, world);
    return refuse(new Refused(outcome.refusal), require, world.store);
  }
  chargeKey(exchange, outcome.audit?.['keyProperties'], world);
  const { status, body: answered } = outcome.value;
  const { objectId = answeredId(answered), audit: properties } = outcome;
  const record = auditRecord(auditEvent(exchange, { status, now: world.now(), properties, objectId }));
  if (outcome.change === undefined) await world.audit.read(record);
  else await commit(outcome.change, record, world);
  return outcome.value;
}

function bodyRefusal(fault: JsonFault): Refusal {
  return fault.kind === 'notJson' ? { kind: 'bodyNotJson' } : { kind: 'bodyOutOfBounds', fault };
}

/** The version that was disclosed or made, which a path need not name: the `id` of a bundle, of a key its `key.kid`. */
function answeredId(body: unknown): string | undefined {
  const id = memberOf(body, 'id') ?? memberOf(memberOf(body, 'key'), 'kid');
  return typeof id === 'string' ? id : undefined;
}

async function commit(
  change: Transaction,
  record: ReturnType<typeof auditRecord>,
  { store, audit }: RequestWorld,
): Promise<void> {
  const staged = audit.stage(record);
  try {
    await store.transact({ ...change, put: [...(change.put ?? []), staged.put] });
  } catch (error) {
    if (error instanceof Conflict || error instanceof Unreadable) throw error;
    throw new Refused({ kind: 'recordUnavailable' }, { cause: error });
  }
  audit.committed();
}

/** Refusals that are the server's trouble, not the client's: their detail goes to the log. */
const ours: ReadonlySet<Refusal['kind']> = new Set(['internal', 'recordUnavailable', 'unreadable']);

/** What a failed request is answered, once its record is written. A record that cannot be written makes it a 503 that discloses nothing. */
export async function refusalAnswer(exchange: Exchange, error: unknown, world: RequestWorld): Promise<Answer> {
  const refusal = refusalOf(error);
  if (ours.has(refusal.kind)) world.logError(error, exchange.requestId);
  const context = {
    source: exchange.source,
    vault: exchange.vault,
    caller: exchange.caller,
    origin: originOf(exchange),
    encodedTokenHeader: encodedTokenHeader(exchange.request.headers),
    acceptedIssuers: world.acceptedIssuers(exchange.vault?.properties.tenantId ?? ''),
  };
  const { status, message, body } = renderError(refusal, context);
  const answer: Answer = {
    status,
    body,
    ...(status === 401 && exchange.vault !== undefined && { headers: challengeHeader(exchange, exchange.vault) }),
    ...(refusal.kind === 'throttled' && { headers: { 'retry-after': String(refusal.retryAfterSeconds) } }),
    // RFC 9110 section 15.5.6.
    ...(refusal.kind === 'methodNotAllowed' && { headers: { allow: refusal.allowed.join(', ') } }),
  };
  const record = auditRecord(auditEvent(exchange, { status, message, now: world.now() }));
  try {
    await world.audit.refused(record, exchange.caller);
    return answer;
  } catch (failure) {
    const isSaid = refusal.kind === 'recordUnavailable' || refusal.kind === refusalOf(failure).kind;
    return isSaid ? answer : refusalAnswer(exchange, failure, world);
  }
}

function encodedTokenHeader(headers: IncomingHttpHeaders): string {
  const [header = ''] = bearerToken(headers)?.split('.', 1) ?? [];
  return header.slice(0, encodedTokenHeaderMax);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof AuditUnavailable) return { kind: 'recordUnavailable' };
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

/** Sends an answer with the headers that every answer of a vault has. */
export function send(response: ServerResponse, exchange: Exchange, world: RequestWorld, answer: Answer): void {
  const headers = answerHeaders(exchange, world.corsOrigins);
  for (const [name, value] of Object.entries(headersOf(answer))) headers.push(name, value);
  if (answer.body === undefined) {
    // RFC 9110 section 8.6: a 204 has none.
    if (answer.status !== 204) headers.push('content-length', '0');
    response.writeHead(answer.status, headers).end();
    return;
  }
  const body = JSON.stringify(answer.body);
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', String(Buffer.byteLength(body)));
  response.writeHead(answer.status, headers).end(body);
}
