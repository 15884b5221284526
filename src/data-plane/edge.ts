import type { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { AuditEvent, AuditRecord } from '../audit/event.ts';
import { lineFrame, readLine } from '../audit/line.ts';
import type { LineFrame, RecordLine } from '../audit/line.ts';
import { auditRecord } from '../audit/record.ts';
import { refusalOf, Refused } from '../edge/edge.ts';
import type { Done, Edge, Failed } from '../edge/edge.ts';
import { explain, matchedRule } from '../firewall/explain.ts';
import type { Answer } from '../http/answer.ts';
import { tlsVersionOf } from '../http/connection-tls.ts';
import { bearerToken, memberOf, pathOf } from '../http/request.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { newVersion, vaultScope } from '../objects/object.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Reading } from '../store/records.ts';
import type { KeyEngine } from '../types/key.ts';
import type { AccessVerdict } from '../types/verdict.ts';
import { renderError } from './errors.ts';
import type { Call } from './operation.ts';
import { steps } from './pipeline.ts';
import type { Admitted, KnownSoFar, StepServices } from './pipeline.ts';
import type { Refusal } from './refusal.ts';
import { clientRequestId, originOf } from './request.ts';
import type { VaultRequest } from './request.ts';
import { transactionOf } from './throttle.ts';

/** How many characters of a token's header a refusal repeats. */
const encodedTokenHeaderMax = 512;

export interface EdgeServices extends StepServices {
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  /** How long a deletion or a recovery of an object takes. */
  readonly transitionMs: number;
  /** How long the issuer of a certificate takes. */
  readonly issueMs: number;
  /** The `iss` values that a vault of this tenant accepts. */
  readonly acceptedIssuers: (tenant: string) => readonly string[];
  /** Ends the open connections of subnets whose service endpoint is gone. */
  readonly closeSubnets: (incarnations: readonly string[]) => void;
}

/** The edge of the vaults: `https://NAME.vault.<domain>`. */
export const vaultEdge: Edge<VaultRequest, EdgeServices, Omit<Admitted, 'request'>> = {
  steps,
  requirements: ({ place }) => place?.require ?? [],
  work,
  failed,
  async renew(key, { request, vault }, { rulebook, closeSubnets, verifier }) {
    if (key === vault?.requirement.key) await rulebook.load(request.vaultName);
    else if (!(await verifier.renew(key))) closeSubnets(await rulebook.changed([key]));
  },
  over: ({ queue }) => queue?.leave(),
};

/** Counts the request against the vault's limits, runs the operation, and adds the audit record. */
function* work(admitted: Admitted, services: EdgeServices): Reading<Done> {
  const { operation, charge } = admitted;
  const call = callOf(admitted, services);
  if (charge?.isCounted === false) {
    const makes = operation.makes === undefined ? undefined : yield* operation.makes(call);
    refuseIf(charge.take(transactionOf(operation.counts, makes), services.now()));
  }
  const { answer, change, audit: properties, objectId = idInAnswer(answer.body) } = yield* operation.run(call);
  refuseIf(charge?.takeForKey(properties?.['keyProperties'], services.now()));
  const nowMs = services.now();
  if (change === undefined && answer.status === 200) {
    return { answer, records: [], line: readLineOf(admitted, { nowMs, objectId, properties }) };
  }
  const record = recordOf(admitted, { status: answer.status, nowMs, properties, objectId });
  return { answer, records: [record], ...(change !== undefined && { change }) };
}

function refuseIf(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new Refused<Refusal>(refusal);
}

function callOf({ request, vault, place, apiVersion, query, body }: Admitted, services: EdgeServices): Call {
  const { transitionMs, engine, certificateFiles, issueMs } = services;
  const nowMs = services.now();
  return {
    vault: vaultScope(vault, { transitionMs, nowMs, require: place.require }),
    engine,
    certificateFiles,
    whileConnected: <T>(run: (gone: AbortSignal) => Promise<T>) => whileConnected(request.raw.socket, run),
    issueMs,
    origin: originOf(request),
    apiVersion,
    params: request.params,
    query,
    body,
    nowSeconds: Math.floor(nowMs / 1000),
    newVersion,
  };
}

/** The version that was disclosed or made, which the path may leave out: the `id` of a bundle, or a key's `key.kid`. */
function idInAnswer(body: unknown): string | undefined {
  const id = memberOf(body, 'id') ?? memberOf(memberOf(body, 'key'), 'kid');
  return typeof id === 'string' ? id : undefined;
}

function failed(error: unknown, known: KnownSoFar, services: EdgeServices): Failed {
  const { request, vault, caller, charge } = known;
  const refusal = refusalOf<Refusal>(error);
  // "Failed requests that return a 429 do not count" (overview-throttling), for any reason.
  if (refusal.kind === 'throttled') charge?.giveBack();
  const { status, message, body } = renderError(refusal, {
    source: request.source,
    vault,
    caller,
    origin: originOf(request),
    encodedTokenHeader: encodedTokenHeader(request.headers),
    acceptedIssuers: services.acceptedIssuers(vault?.properties.tenantId ?? ''),
  });
  const headers = refusalHeaders(refusal, known, status);
  const answer: Answer = { status, body, ...(headers !== undefined && { headers }) };
  return { answer, records: [recordOf(known, { status, message, nowMs: services.now() })], caller };
}

function refusalHeaders(refusal: Refusal, { request, vault }: KnownSoFar, status: number) {
  if (status === 401 && vault !== undefined) return challengeHeader(request, vault);
  if (refusal.kind === 'throttled') return { 'retry-after': String(refusal.retryAfterSeconds) };
  // A 405 must have it (RFC 9110 section 15.5.6).
  if (refusal.kind === 'methodNotAllowed') return { allow: refusal.allowed.join(', ') };
  return undefined;
}

function encodedTokenHeader(headers: IncomingHttpHeaders): string {
  const [header = ''] = bearerToken(headers)?.split('.', 1) ?? [];
  return header.slice(0, encodedTokenHeaderMax);
}

interface Outcome {
  readonly status: number;
  readonly nowMs: number;
  readonly message?: string | undefined;
  readonly properties?: AuditEvent['properties'];
  /** The URL of the object that the answer is about. */
  readonly objectId?: string | undefined;
}

/** The audit record of a request to a vault with this outcome. */
function recordOf(known: KnownSoFar, outcome: Outcome): AuditRecord {
  const { request, vault, caller, firewall: verdict, permission: access } = known;
  const { card, source } = request;
  return auditRecord({
    at: request.atMs,
    durationMs: outcome.nowMs - request.atMs,
    operationName: caller !== undefined && card !== undefined ? card.name : 'Authentication',
    apiVersion: known.apiVersion ?? '',
    resourceId: vault?.id ?? `/vaults/${request.vaultName}`,
    status: outcome.status,
    message: outcome.message,
    properties: outcome.properties,
    source,
    caller,
    verdict,
    ...verdictInWords(known),
    access,
    correlationId: clientRequestId(request) ?? request.requestId,
    requestUri: `${originOf(request)}${request.url}`,
    userAgent: request.headers['user-agent'],
    objectId: outcome.objectId ?? `${originOf(request)}${requestedPath(request)}`,
    tlsVersion: tlsVersionOf(request.raw.socket),
  });
}

/** The audit record of a read that is answered 200, directly as a line: this is on the path of every GET. */
function readLineOf(
  admitted: Admitted,
  { nowMs, objectId, properties }: Omit<Outcome, 'status' | 'message'>,
): RecordLine {
  const { request } = admitted;
  const origin = originOf(request);
  return readLine(frameOf(admitted), {
    at: request.atMs,
    durationMs: nowMs - request.atMs,
    correlationId: clientRequestId(request) ?? request.requestId,
    requestUri: origin + request.url,
    objectId: objectId ?? origin + requestedPath(request),
    properties,
  });
}

/** The frame of a connection's last line, with the facts in it. */
interface Framed extends Pick<Admitted, 'vault' | 'caller' | 'operation' | 'apiVersion' | 'firewall' | 'permission'> {
  readonly userAgent: string | undefined;
  readonly frame: LineFrame;
}

/** The requests on one connection mostly have the same facts, so its last frame is kept. */
const frames = new WeakMap<Socket, Framed>();

function frameOf(admitted: Admitted): LineFrame {
  const { request, vault, caller, operation, apiVersion, firewall, permission } = admitted;
  const { socket } = request.raw;
  const userAgent = request.headers['user-agent'];
  const last = frames.get(socket);
  const isSame =
    last?.vault === vault &&
    last.caller === caller &&
    last.operation === operation &&
    last.apiVersion === apiVersion &&
    last.firewall === firewall &&
    last.userAgent === userAgent &&
    isSameAccess(last.permission, permission);
  if (isSame) return last.frame;
  const frame = lineFrame({
    operationName: operation.name,
    apiVersion,
    resourceId: vault.id,
    source: request.source,
    caller,
    userAgent,
    tlsVersion: tlsVersionOf(socket),
    verdict: firewall,
    ...verdictInWords(admitted),
    access: permission,
  });
  frames.set(socket, { vault, caller, operation, apiVersion, firewall, permission, userAgent, frame });
  return frame;
}

/** A verdict by role assignment is a new object for each request, so it is compared by its members. */
function isSameAccess(one: AccessVerdict, other: AccessVerdict): boolean {
  if (one === other) return true;
  return one.because === 'roleAssignment' && other.because === one.because && one.assignment === other.assignment;
}

function verdictInWords({
  request,
  vault,
  caller,
  firewall: verdict,
}: KnownSoFar): Pick<AuditEvent, 'rule' | 'explanation'> {
  const { card: operation, source } = request;
  if (operation === undefined || vault === undefined || verdict === undefined) return {};
  const settings = vault.firewallSettings;
  return {
    rule: matchedRule(verdict, settings),
    explanation: explain({ verdict, settings, source, caller, operation, trust: vault.firewall.posture.trust }),
  };
}

/** The path with the parameters that the operation used; if there is no operation, the path that was sent. */
function requestedPath({ card, params, url }: VaultRequest): string {
  if (card === undefined) return pathOf(url);
  const segments = card.path.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment;
    const given = params[segment.replace(/^:|\?$/g, '')];
    return given === undefined ? undefined : encodeURIComponent(given);
  });
  return segments.filter((segment) => segment !== undefined).join('/');
}

/** The challenge from which clients learn tenant and resource (authentication-requests-and-responses). */
function challengeHeader({ names }: VaultRequest, vault: VaultInForce): Record<string, string> {
  const authorization = `${names.authority}/${vault.properties.tenantId}`;
  return { 'www-authenticate': `Bearer authorization="${authorization}", resource="${names.vaultResource}"` };
}

/** Runs work that is useless when the connection has ended: the signal is aborted then. */
async function whileConnected<T>(
  connection: EventEmitter & { readonly destroyed: boolean },
  run: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (connection.destroyed) abort();
  connection.once('close', abort);
  try {
    return await run(controller.signal);
  } finally {
    connection.off('close', abort);
  }
}
