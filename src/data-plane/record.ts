import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { decisionText, readLine, resourceText } from '../audit/line.ts';
import type { RecordLine, ResourceText } from '../audit/line.ts';
import { auditRecord } from '../audit/record.ts';
import type { AuditEvent, AuditRecord } from '../audit/record.ts';
import { explain } from '../firewall/explain.ts';
import { matchedRule } from '../firewall/matched-rule.ts';
import { pathOf } from '../http/request.ts';
import type { Admitted, Exchange } from './pipeline.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict } from '../types/verdict.ts';
import { clientRequestId, originOf } from './request.ts';
import type { VaultRequest } from './request.ts';

export interface Outcome {
  readonly status: number;
  readonly nowMs: number;
  readonly message?: string | undefined;
  readonly properties?: AuditEvent['properties'];
  /** URL of the object that the answer speaks of. */
  readonly objectId?: string | undefined;
}

/** The record of a request to a vault once its outcome is known. */
export function recordOf(exchange: Exchange, outcome: Outcome): AuditRecord {
  const { request, vault, caller, firewall: verdict, permission: access } = exchange;
  const { card, source } = request;
  return auditRecord({
    at: request.atMs,
    durationMs: outcome.nowMs - request.atMs,
    operationName: caller !== undefined && card !== undefined ? card.name : 'Authentication',
    apiVersion: exchange.apiVersion ?? '',
    resourceId: vault?.id ?? `/vaults/${request.vaultName}`,
    status: outcome.status,
    message: outcome.message,
    properties: outcome.properties,
    source,
    caller,
    verdict,
    ...verdictInWords(exchange),
    access,
    correlationId: clientRequestId(request) ?? request.requestId,
    requestUri: `${originOf(request)}${request.url}`,
    userAgent: request.headers['user-agent'],
    objectId: outcome.objectId ?? `${originOf(request)}${askedPath(request)}`,
    tlsVersion: tlsVersion(request.raw.socket),
  });
}

/** The same of a read that was answered 200, as a line: every GET has one. */
export function readLineOf(
  admitted: Admitted,
  { nowMs, objectId, properties }: Omit<Outcome, 'status' | 'message'>,
): RecordLine {
  const { request, vault, caller, operation, apiVersion } = admitted;
  const { source } = request;
  return readLine({
    at: request.atMs,
    durationMs: nowMs - request.atMs,
    operationName: operation.name,
    apiVersion,
    resource: resourceOf(vault),
    caller,
    decision: decisionIn(admitted),
    callerIpAddress: source.kind === 'unknown' ? undefined : source.address.text,
    correlationId: clientRequestId(request) ?? request.requestId,
    requestUri: `${originOf(request)}${request.url}`,
    objectId: objectId ?? `${originOf(request)}${askedPath(request)}`,
    userAgent: request.headers['user-agent'],
    tlsVersion: tlsVersion(request.raw.socket),
    properties,
  });
}

const resources = new WeakMap<VaultInForce, ResourceText>();

function resourceOf(vault: VaultInForce): ResourceText {
  let known = resources.get(vault);
  if (known === undefined) resources.set(vault, (known = resourceText(vault.id)));
  return known;
}

/** What was decided of a connection's last request, and what about. */
type Decision = Pick<Admitted, 'vault' | 'caller' | 'operation' | 'firewall' | 'permission'> & {
  readonly text: string;
};

/** By connection: on one, mostly the same is decided again and again. */
const decisions = new WeakMap<Source, Decision>();

function decisionIn(admitted: Admitted): string {
  const { request, vault, caller, operation, firewall, permission } = admitted;
  const last = decisions.get(request.source);
  const isSame =
    last?.vault === vault &&
    last.caller === caller &&
    last.operation === operation &&
    last.firewall === firewall &&
    isSameAccess(last.permission, permission);
  if (isSame) return last.text;
  const words = verdictInWords(admitted);
  const text = decisionText({ source: request.source, access: permission, verdict: firewall, ...words });
  decisions.set(request.source, { vault, caller, operation, firewall, permission, text });
  return text;
}

/** A verdict by role assignments is another object for each request. */
function isSameAccess(one: AccessVerdict, other: AccessVerdict): boolean {
  if (one === other) return true;
  return one.because === 'roleAssignment' && other.because === one.because && one.assignment === other.assignment;
}

function verdictInWords({
  request,
  vault,
  caller,
  firewall: verdict,
}: Exchange): Pick<AuditEvent, 'rule' | 'explanation'> {
  const { card: operation, source } = request;
  if (operation === undefined || vault === undefined || verdict === undefined) return {};
  const settings = vault.firewallSettings;
  return {
    rule: matchedRule(verdict, settings),
    explanation: explain({ verdict, settings, source, caller, operation }),
  };
}

/** The path as its operation's parameters say it, which is what was acted on; of no operation, as it was sent. */
function askedPath({ card, params, url }: VaultRequest): string {
  if (card === undefined) return pathOf(url);
  const segments = card.path.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment;
    const given = params[segment.replace(/^:|\?$/g, '')];
    return given === undefined ? undefined : encodeURIComponent(given);
  });
  return segments.filter((segment) => segment !== undefined).join('/');
}

function tlsVersion(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined;
}
