import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditRecord } from '../audit/event.ts';
import { findClient } from '../directory/clients.ts';
import { findByName } from '../directory/objects.ts';
import type { SignInNames } from './endpoint.ts';
import { errors, errorMessage } from './errors.ts';
import { assertionErrors, clientErrors } from './errors/clients.ts';
import { userErrors } from './errors/users.ts';
import type { AuthorityRequest } from './pipeline.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './services.ts';

/** The refusals that mean a failed sign-in. A poll for a device code that is not approved yet is not one. */
const failures: ReadonlySet<string> = new Set(
  [
    ...[clientErrors, assertionErrors, userErrors].flatMap((table) => Object.keys(table)),
    'identityHeaderWrong',
    'workloadUnknown',
  ].filter((kind) => kind !== 'deviceCodePending' && kind !== 'deviceCodeTooFast'),
);

export function isFailedSignIn({ kind }: { readonly kind: string }): boolean {
  return failures.has(kind);
}

/** The directory objects that a caller claims to be, for the audit record. */
export interface KnownNames {
  readonly tenant: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Looks the names up. Unknown names are left out, because a password is easily typed into the wrong field. */
export async function knownNames(
  { tenant, clientId, username }: SignInNames,
  { store, homeTenant }: Pick<Authority, 'store' | 'homeTenant'>,
): Promise<KnownNames> {
  const tenantId = tenant ?? homeTenant;
  const client = clientId === undefined ? undefined : await findClient(store, tenantId, clientId);
  const place = { tenantId, kind: 'user' } as const;
  const user = username === undefined ? undefined : (await findByName(store, place, username))?.record;
  return {
    tenant: tenantId,
    properties: {
      ...(client !== undefined && { appId: client.clientId, appDisplayName: client.displayName }),
      ...(user !== undefined && { userId: user.id, userPrincipalName: user.userPrincipalName }),
    },
  };
}

/** The audit record of a failed sign-in. */
export function recordOf(
  { source, headers, requestId }: AuthorityRequest,
  { refusal, names, nowMs }: { readonly refusal: AuthorityRefusal; readonly names: KnownNames; readonly nowMs: number },
): AuditRecord {
  const { status, error, code } = errors[refusal.kind];
  return auditRecord({
    at: nowMs,
    durationMs: 0,
    category: 'SignInLogs',
    operationName: 'Sign-in activity',
    apiVersion: '1.0',
    resourceId: directoryId(names.tenant),
    status,
    resultType: code === undefined ? error : `${code}`,
    message: errorMessage(withoutNames(refusal)),
    source,
    correlationId: requestId,
    requestUri: undefined,
    userAgent: headers['user-agent'],
    properties: names.properties,
  });
}

function withoutNames(refusal: AuthorityRefusal): AuthorityRefusal {
  if (refusal.kind === 'clientUnknown') return { ...refusal, clientId: '…' };
  return refusal.kind === 'userNotInTenant' ? { ...refusal, username: '…' } : refusal;
}
