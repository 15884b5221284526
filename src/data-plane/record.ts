import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { auditRecord } from '../audit/record.ts';
import type { AuditEvent, AuditRecord } from '../audit/record.ts';
import { explain } from '../firewall/explain.ts';
import { matchedRule } from '../firewall/matched-rule.ts';
import { pathOf } from '../http/request.ts';
import type { Exchange } from './pipeline.ts';
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
