import { STATUS_CODES } from 'node:http';
import type { Caller } from '../types/caller.ts';
import type { PrincipalType } from '../types/role.ts';
import { auditRecord, clip } from './record.ts';
import type { AuditEvent, AuditRecord } from './event.ts';

/** The facts that the resource manager has about a request to change something, besides those of every edge. */
export interface ActivityEvent extends Omit<AuditEvent, 'category' | 'operationName' | 'resultType'> {
  /** As in role definitions: `Microsoft.Network/virtualNetworks/write`. */
  readonly action: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Whether the work continues after the answer. */
  readonly accepted: boolean;
  /** The role assignment that allowed the request. */
  readonly evidence?: Evidence | undefined;
}

export interface Evidence {
  readonly role: string;
  readonly roleAssignmentScope: string;
  /** A GUID, like the next two. */
  readonly roleAssignmentId: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: PrincipalType;
}

/**
 * A record of Azure's activity log, as it is sent to a storage account or an event hub (Microsoft, "Azure Activity Log
 * event schema", "Schema from storage account and event hubs"), with our additions under `properties`. Azure also has
 * one for the start; here a request has one record.
 */
export interface ActivityRecord extends Omit<AuditRecord, 'identity'> {
  readonly identity?: {
    readonly authorization: {
      readonly scope: string;
      readonly action: string;
      readonly evidence?: Evidence;
    };
    readonly claims: Readonly<Record<string, string>>;
  };
  readonly level: 'Information' | 'Error';
  readonly location: 'global';
}

/** A line of the audit log. */
export type LogRecord = AuditRecord | ActivityRecord;

/** The record of a request to change something at the resource manager, even if it was refused. */
export function activityRecord(event: ActivityEvent): ActivityRecord {
  const { action, tenantId, subscriptionId, accepted, evidence, caller, status, correlationId, resourceId } = event;
  const succeeded = status < 400;
  const signature = !succeeded ? 'Failed' : accepted ? 'Accepted' : 'Succeeded';
  const statusCode = (STATUS_CODES[status] ?? String(status)).replaceAll(' ', '');
  const { identity, properties, ...common } = auditRecord({
    ...event,
    category: 'Administrative',
    operationName: action.toUpperCase(),
    resultType: !succeeded ? 'Failure' : accepted ? 'Accept' : 'Success',
  });
  const entity = clip(resourceId, succeeded ? 2048 : 512);
  return {
    ...common,
    resultSignature: `${signature}.${statusCode}`,
    ...(caller !== undefined && {
      identity: {
        authorization: { scope: entity, action, ...(evidence !== undefined && { evidence: withoutHyphens(evidence) }) },
        claims: claimsOf(caller, identity?.claim ?? {}),
      },
    }),
    level: succeeded ? 'Information' : 'Error',
    location: 'global',
    properties: {
      ...properties,
      eventCategory: 'Administrative',
      entity,
      message: action,
      hierarchy: `${tenantId}/${subscriptionId}`,
      statusCode,
      serviceRequestId: correlationId,
    },
  };
}

/** Azure writes these GUIDs without hyphens. */
function withoutHyphens(evidence: Evidence): Evidence {
  const plain = (id: string) => id.replaceAll('-', '');
  return {
    ...evidence,
    roleAssignmentId: plain(evidence.roleAssignmentId),
    roleDefinitionId: plain(evidence.roleDefinitionId),
    principalId: plain(evidence.principalId),
  };
}

const microsoft = 'http://schemas.microsoft.com';
const xmlsoap = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

/** The activity log's names of a token's claims; other claims keep their names. */
const claimNames: Readonly<Record<string, string>> = {
  oid: `${microsoft}/identity/claims/objectidentifier`,
  scp: `${microsoft}/identity/claims/scope`,
  amr: `${microsoft}/claims/authnmethodsreferences`,
  upn: `${xmlsoap}/upn`,
  unique_name: `${xmlsoap}/name`,
};

/** `recorded` are the claims in the records of vaults. The activity log has all of them as strings. */
function claimsOf(caller: Caller, recorded: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const claims: Record<string, string> = {
    aud: caller.audience,
    iss: caller.issuer,
    nbf: String(caller.notBefore),
    exp: String(caller.expiresAt),
    [`${microsoft}/identity/claims/tenantid`]: caller.tenant,
  };
  for (const [name, value] of Object.entries(recorded)) {
    claims[claimNames[name] ?? name] = Array.isArray(value) ? value.join(',') : String(value);
  }
  return claims;
}
