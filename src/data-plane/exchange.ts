import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AuditEvent } from '../audit/record.ts';
import { explain } from '../firewall/explain.ts';
import { matchedRule } from '../firewall/matched-rule.ts';
import { hostOf } from '../http/host.ts';
import type { NameSet } from '../http/name-set.ts';
import { memberOf } from '../http/parameters.ts';
import { pathOf } from '../http/request.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Caller } from '../types/caller.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict, Verdict } from '../types/verdict.ts';
import type { Requirement } from '../store/store.ts';
import type { OperationCard } from './operation.ts';
import type { Taken, Transaction as Counted } from './throttle.ts';

/** What an admitted request may act on, and the rules on whose word: part of its own snapshot or transaction. */
export interface Admitted {
  readonly vault: VaultInForce;
  readonly card: OperationCard;
  readonly require: readonly Requirement[];
}

/** A request as its path names an operation. */
export interface VaultRequest {
  readonly raw: IncomingMessage;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the path and of the query, decoded; one that the query gives twice is a list. */
  readonly params: unknown;
  readonly query: unknown;
}

/** One request, and what has become known of it so far: the refusal's wording and the audit record are made of it. */
export interface Exchange {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly request: VaultRequest;
  readonly names: NameSet;
  readonly vaultName: string;
  readonly source: Source;
  /** Absent where path and method are no operation's. */
  readonly card: OperationCard | undefined;
  /** The methods that the path has, where the request's is none of them. */
  readonly otherMethods: readonly string[];
  body?: Buffer | undefined;
  vault?: VaultInForce;
  apiVersion?: string;
  caller?: Caller;
  verdict?: Verdict;
  access?: AccessVerdict;
  /** Stands until the rules that it was made of are found to have changed. */
  admitted?: Admitted;
  /** What the throttle has counted for it. */
  charged?: { readonly transaction: Counted; readonly taken: Taken };
}

export function openExchange(
  request: VaultRequest,
  known: Partial<Pick<Exchange, 'card' | 'otherMethods'>> & Pick<Exchange, 'source'> & { readonly now: number },
): Exchange {
  const host = hostOf(request.raw);
  if (host.kind !== 'vault') throw new Error('the data plane was given a request for a host that is no vault');
  const { card, otherMethods = [], source, now } = known;
  const { names, vault: vaultName } = host;
  return { requestId: randomUUID(), at: now, request, names, vaultName, source, card, otherMethods };
}

/** Before a request is decided anew: no answer and no record may speak of rules that were replaced. */
export function forgetDecision(exchange: Exchange): void {
  delete exchange.vault;
  delete exchange.caller;
  delete exchange.verdict;
  delete exchange.access;
  delete exchange.admitted;
}

/** `https://NAME.vault.localhost:8443`, under the names that were asked, in lower case. */
export function originOf(exchange: Exchange): string {
  return `https://${exchange.vaultName}${exchange.names.vaultSuffix}`;
}

/** The audit log's view of the exchange once its outcome is known. */
export function auditEvent(
  exchange: Exchange,
  outcome: {
    readonly status: number;
    readonly now: number;
    readonly message?: string | undefined;
    readonly properties?: AuditEvent['properties'];
    /** URL of the object that the answer speaks of. */
    readonly objectId?: string | undefined;
  },
): AuditEvent {
  const { request, vault, caller, verdict, access, card, source } = exchange;
  const authenticated = caller !== undefined;
  return {
    at: exchange.at,
    durationMs: outcome.now - exchange.at,
    operationName: authenticated && card !== undefined ? card.name : 'Authentication',
    apiVersion: exchange.apiVersion ?? '',
    resourceId: vault?.id ?? `/vaults/${exchange.vaultName}`,
    status: outcome.status,
    message: outcome.message,
    properties: outcome.properties,
    source,
    caller,
    verdict,
    ...(verdict !== undefined && vault !== undefined && explanation(exchange, vault, verdict)),
    access,
    correlationId: clientRequestId(request) ?? exchange.requestId,
    requestUri: `${originOf(exchange)}${request.url}`,
    userAgent: request.headers['user-agent'],
    objectId: outcome.objectId ?? `${originOf(exchange)}${askedPath(exchange)}`,
    tlsVersion: tlsVersion(request.raw.socket),
  };
}

/** The path as its operation's parameters say it, which is what was acted on; of no operation, as it was sent. */
function askedPath({ card, request }: Exchange): string {
  if (card === undefined) return pathOf(request.url);
  const segments = card.path.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment;
    const given = memberOf(request.params, segment.replace(/^:|\?$/g, ''));
    return typeof given === 'string' ? encodeURIComponent(given) : undefined;
  });
  return segments.filter((segment) => segment !== undefined).join('/');
}

/** The client's own id for the request, which Azure gives back and writes down; bounded, for the client chose it. */
export function clientRequestId({ headers }: VaultRequest): string | undefined {
  const id = headers['x-ms-client-request-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

function tlsVersion(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined;
}

function explanation({ card, source, caller }: Exchange, vault: VaultInForce, verdict: Verdict) {
  if (card === undefined) return {};
  const settings = vault.firewallSettings;
  return {
    rule: matchedRule(verdict, settings),
    explanation: explain({ verdict, settings, source, caller, operation: card }),
  };
}
