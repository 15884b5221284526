import { activityRecord } from '../audit/activity.ts';
import type { ActivityRecord, Evidence, LogRecord } from '../audit/activity.ts';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditEvent, AuditRecord } from '../audit/event.ts';
import type { PrincipalChange } from '../resources/authorization/principals.ts';
import { idSegments } from '../resources/keys.ts';
import { allowedBy } from './access.ts';
import type { RecordedAs } from './operation.ts';
import type { KnownSoFar } from './pipeline.ts';
import { idOf } from './request.ts';

/** The result of a request, for its records. */
interface Outcome {
  readonly status: number;
  readonly message?: string;
  readonly nowMs: number;
  /** Whether work continues after the answer. */
  readonly isAccepted?: boolean;
  /** The fields of the record that the operation sets. */
  readonly recordedAs?: RecordedAs | undefined;
}

/**
 * The records of a request: one if it concerns a vault (category `AuditEvent`), and one if it would change something
 * (`Administrative`). An unauthenticated request for a vault has only the first.
 */
export function recordsOf(known: KnownSoFar, outcome: Outcome): readonly LogRecord[] {
  const ofVault = vaultRecordOf(known, outcome);
  if (ofVault !== undefined && known.caller === undefined) return [ofVault];
  return [ofVault, activityRecordOf(known, outcome)].filter((record) => record !== undefined);
}

/** A `POST` whose action is a read has no such record. */
function activityRecordOf(known: KnownSoFar, outcome: Outcome): ActivityRecord | undefined {
  const { request, subscription } = known;
  const { operation, path, params } = request;
  if (operation === undefined || operation.method === 'GET' || operation.method === 'HEAD') return undefined;
  if (operation.action.endsWith('/read')) return undefined;
  return activityRecord({
    ...eventOf(known, outcome),
    action: operation.action,
    tenantId: subscription?.tenantId ?? '',
    subscriptionId: subscription?.subscriptionId ?? params['subscriptionId'] ?? '',
    accepted: outcome.isAccepted ?? false,
    evidence: evidenceOf(known),
    resourceId: withoutAction(path),
  });
}

/** An id is pairs of a type and a name; an odd segment at the end is an action on it. */
function withoutAction(path: string): string {
  const segments = idSegments(path);
  return idOf(segments.length % 2 === 0 ? segments : segments.slice(0, -1));
}

/** The role assignment that admitted a request. */
function evidenceOf({ request: { path }, operation, access, caller }: KnownSoFar): Evidence | undefined {
  if (operation === undefined || access === undefined || caller === undefined) return undefined;
  const { authorization } = access;
  const verdict = [operation.action, operation.orAction]
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

function vaultRecordOf(known: KnownSoFar, outcome: Outcome): AuditRecord | undefined {
  const { request, caller } = known;
  const operationName = outcome.recordedAs?.operationName ?? request.operation?.audit;
  if (operationName === undefined) return undefined;
  return auditRecord({
    ...eventOf(known, outcome),
    operationName: caller === undefined ? 'Authentication' : operationName,
    resourceId: outcome.recordedAs?.resourceId ?? resourceOf(request.path),
  });
}

/** The record in the directory's log of a service principal that is created or deleted with its resource. */
export function principalRecordOf(
  known: KnownSoFar,
  outcome: Outcome,
  { activity, id, displayName }: PrincipalChange,
): AuditRecord {
  return auditRecord({
    ...eventOf(known, outcome),
    category: 'AuditLogs',
    operationName: activity,
    resourceId: directoryId(known.subscription?.tenantId ?? ''),
    properties: {
      category: 'ApplicationManagement',
      result: 'success',
      targetResources: [{ type: 'ServicePrincipal', id, displayName }],
    },
  });
}

function eventOf({ request, apiVersion, caller }: KnownSoFar, outcome: Outcome) {
  return {
    at: request.atMs,
    durationMs: outcome.nowMs - request.atMs,
    apiVersion: apiVersion ?? '',
    status: outcome.status,
    message: outcome.message,
    source: request.source,
    caller,
    correlationId: request.requestId,
    requestUri: `${request.names.resourceManager}${request.url}`,
    userAgent: request.headers['user-agent'],
    tlsVersion: request.tlsVersion,
  } satisfies Omit<AuditEvent, 'operationName' | 'resourceId'>;
}

/** The vault in a path, or else the whole path: an action on a vault is recorded under the vault. */
function resourceOf(path: string): string {
  return /^.*?\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+/i.exec(path)?.[0] ?? path;
}
