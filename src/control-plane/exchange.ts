import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { activityRecord } from '../audit/activity.ts';
import type { ActivityRecord, Evidence, LogRecord } from '../audit/activity.ts';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditEvent, AuditRecord } from '../audit/record.ts';
import { hostOf } from '../http/host.ts';
import type { NameSet } from '../http/name-set.ts';
import { targetSegments } from '../http/request-target.ts';
import { pathOf } from '../http/request.ts';
import type { PrincipalChange } from '../resources/principals.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import type { Source } from '../types/source.ts';
import { allowedBy } from './access.ts';
import type { ControlAdmitted } from './authorize.ts';
import type { ControlOperation, DeploymentAround, RecordedAs } from './operation.ts';
import { idOf } from './router.ts';
import type { FindRoute } from './router.ts';
import type { ControlPlaneWorld } from './world.ts';

/** A request, as far as operations look at it: one that came over a connection, or one that the server makes itself. */
export interface ControlRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: unknown;
  readonly body: unknown;
  readonly socket: unknown;
}

/** One request, and what has become known of it so far. */
export interface ControlExchange {
  readonly requestId: string;
  readonly at: number;
  readonly request: ControlRequest;
  readonly names: NameSet;
  readonly operation: ControlOperation | undefined;
  /** The path that the operation was found by (`ControlRoute`); of no operation, as it was sent. */
  readonly path: string;
  /** What the operation's path says by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly source: Source;
  apiVersion?: string;
  caller?: Caller;
  subscription?: SubscriptionRecord;
  /** Stands until what it was made of is found to have changed. */
  admitted?: ControlAdmitted;
  /** What the operation says of its record. */
  recordedAs?: RecordedAs | undefined;
  /** The deployment that asks for it. */
  readonly deployment?: DeploymentAround | undefined;
}

export function openExchange(
  request: FastifyRequest,
  find: FindRoute | undefined,
  world: ControlPlaneWorld,
): ControlExchange {
  const { names } = hostOf(request.raw);
  const source = world.sourceOf(request.raw.socket);
  const segments = targetSegments(request.url) ?? [];
  const route = find?.(request.method, segments);
  const { operation, params = {} } = route ?? {};
  const path = route === undefined ? pathOf(request.url) : idOf(segments);
  return { requestId: randomUUID(), at: world.now(), request, names, operation, path, params, source };
}

interface RecordedOutcome {
  readonly status: number;
  readonly message?: string;
  readonly now: number;
  /** Whether it goes on after the answer. */
  readonly accepted?: boolean;
}

/**
 * The records of a request: one where it concerns a vault (category `AuditEvent`), and one where it would change
 * something (`Administrative`). A stranger's request to a vault has the first only.
 */
export function recordsOf(exchange: ControlExchange, outcome: RecordedOutcome): readonly LogRecord[] {
  const ofVault = vaultRecordOf(exchange, outcome);
  if (ofVault !== undefined && exchange.caller === undefined) return [ofVault];
  return [ofVault, activityRecordOf(exchange, outcome)].filter((record) => record !== undefined);
}

/** A `POST` that only reads, as its action says, has no such record. */
function activityRecordOf(exchange: ControlExchange, outcome: RecordedOutcome): ActivityRecord | undefined {
  const { operation, path, subscription, params } = exchange;
  if (operation === undefined || operation.method === 'GET' || operation.method === 'HEAD') return undefined;
  if (operation.action.endsWith('/read')) return undefined;
  return activityRecord({
    ...eventOf(exchange, outcome),
    action: operation.action,
    tenantId: subscription?.tenantId ?? '',
    subscriptionId: subscription?.subscriptionId ?? params['subscriptionId'] ?? '',
    accepted: outcome.accepted ?? false,
    evidence: evidenceOf(exchange, operation),
    resourceId: withoutAction(path),
  });
}

/** An id is pairs of a type and a name; what is left over is an action on it. */
function withoutAction(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  const ofResource = segments.length % 2 === 0 ? segments : segments.slice(0, -1);
  return ofResource.map((segment) => `/${segment}`).join('');
}

/** The role assignment that a request was admitted by. */
function evidenceOf(
  { admitted, caller, path }: ControlExchange,
  { action, orAction }: ControlOperation,
): Evidence | undefined {
  if (admitted === undefined || caller === undefined) return undefined;
  const { authorization } = admitted.access;
  const verdict = [action, orAction]
    .filter((name) => name !== undefined)
    .map((name) => allowedBy(authorization, caller, { name, path }))
    .find(({ allowed }) => allowed);
  if (verdict?.because !== 'roleAssignment') return undefined;
  const assignment = authorization.assignments.find(({ name }) => name === verdict.assignment);
  if (assignment === undefined) return undefined;
  const { name, scope, role, principalId, principalType } = assignment;
  return {
    role: authorization.roles.get(role)?.roleName ?? role,
    roleAssignmentScope: scope,
    roleAssignmentId: name,
    roleDefinitionId: role,
    principalId,
    principalType,
  };
}

function vaultRecordOf(exchange: ControlExchange, outcome: RecordedOutcome): AuditRecord | undefined {
  const { operation, path, caller, recordedAs } = exchange;
  const operationName = recordedAs?.operationName ?? operation?.audit;
  if (operationName === undefined) return undefined;
  return auditRecord({
    ...eventOf(exchange, outcome),
    operationName: caller === undefined ? 'Authentication' : operationName,
    resourceId: recordedAs?.resourceId ?? resourceOf(path),
  });
}

/** The record of a service principal that comes or goes with its resource, in the directory's log. */
export function principalRecordOf(
  exchange: ControlExchange,
  outcome: RecordedOutcome,
  { activity, id, displayName }: PrincipalChange,
): AuditRecord {
  return auditRecord({
    ...eventOf(exchange, outcome),
    category: 'AuditLogs',
    operationName: activity,
    resourceId: directoryId(exchange.subscription?.tenantId ?? ''),
    properties: {
      category: 'ApplicationManagement',
      result: 'success',
      targetResources: [{ type: 'ServicePrincipal', id, displayName }],
    },
  });
}

function eventOf(
  exchange: ControlExchange,
  outcome: RecordedOutcome,
): Omit<AuditEvent, 'operationName' | 'resourceId'> {
  const { request, caller, source, names } = exchange;
  const { socket } = request;
  return {
    at: exchange.at,
    durationMs: outcome.now - exchange.at,
    apiVersion: exchange.apiVersion ?? '',
    status: outcome.status,
    message: outcome.message,
    source,
    caller,
    correlationId: exchange.requestId,
    requestUri: `${names.resourceManager}${request.url}`,
    userAgent: request.headers['user-agent'],
    tlsVersion: socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined,
  };
}

/** The vault that a path speaks of, or what it speaks of instead: an action on a vault is recorded under the vault. */
function resourceOf(path: string): string {
  return /^.*?\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+/i.exec(path)?.[0] ?? path;
}
