import type { FastifyRequest } from 'fastify';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { Audit } from '../audit/audit.ts';
import { findClient } from '../directory/clients.ts';
import { findByName } from '../directory/objects.ts';
import type { Source } from '../types/source.ts';
import { errors, errorText } from './errors.ts';
import { assertionErrors, clientErrors } from './errors/clients.ts';
import { userErrors } from './errors/users.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './world.ts';
import { isGuid } from '../shape/guid.ts';

/** What the authority is given to record failed sign-ins with. */
export type SignInAudit = Pick<Audit, 'unauthenticated'>;

/** From where somebody tries to sign in. */
export interface SignInOrigin {
  readonly source: Source;
  readonly userAgent: string | undefined;
  /** The client's own where it sent one. */
  readonly correlationId: string;
}

/** Who somebody says to be. */
export interface SignInNames {
  /** The tenant that is served; the home tenant unless given. */
  readonly tenant?: string | undefined;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
}

/** The refusals that say that somebody is not believed. A poll for a device code that nobody has typed yet says nothing. */
const failures: ReadonlySet<string> = new Set(
  [
    ...[clientErrors, assertionErrors, userErrors].flatMap((table) => Object.keys(table)),
    'identityHeaderWrong',
    'workloadUnknown',
  ].filter((kind) => kind !== 'deviceCodePending' && kind !== 'deviceCodeTooFast'),
);

export function originOf(request: FastifyRequest, { sourceOf, newId }: Authority): SignInOrigin {
  const { 'client-request-id': sent, 'user-agent': userAgent } = request.headers;
  const correlationId = typeof sent === 'string' && isGuid(sent) ? sent : newId();
  return { source: sourceOf(request), userAgent, correlationId };
}

/**
 * Records a refusal, if it is that of a sign-in, before it is answered. Strangers' records have a quota. What somebody
 * typed for a name stands there only where it is one: a password is easily typed into the wrong field.
 * @throws {AuditUnavailable}
 */
export async function recordFailedSignIn(
  refusal: AuthorityRefusal,
  { origin, names = {} }: { readonly origin: SignInOrigin; readonly names?: SignInNames },
  authority: Authority,
): Promise<void> {
  if (!failures.has(refusal.kind)) return;
  const { now, homeTenant, audit } = authority;
  const { tenant = homeTenant } = names;
  const { status, error, code } = errors[refusal.kind];
  const { source, userAgent, correlationId } = origin;
  const record = auditRecord({
    at: now(),
    durationMs: 0,
    category: 'SignInLogs',
    operationName: 'Sign-in activity',
    apiVersion: '1.0',
    resourceId: directoryId(tenant),
    status,
    resultType: code === undefined ? error : `${code}`,
    message: errorText(withoutNames(refusal)),
    source,
    correlationId,
    requestUri: undefined,
    userAgent,
    properties: await knownNames({ ...names, tenant }, authority),
  });
  await audit.unauthenticated(record);
}

function withoutNames(refusal: AuthorityRefusal): AuthorityRefusal {
  if (refusal.kind === 'clientUnknown') return { ...refusal, clientId: '…' };
  return refusal.kind === 'userNotInTenant' ? { ...refusal, username: '…' } : refusal;
}

async function knownNames(
  { tenant, clientId, username }: SignInNames & { readonly tenant: string },
  { store }: Authority,
): Promise<Readonly<Record<string, unknown>>> {
  const client = clientId === undefined ? undefined : await findClient(store, tenant, clientId);
  const place = { tenantId: tenant, kind: 'user' } as const;
  const user = username === undefined ? undefined : (await findByName(store, place, username))?.record;
  return {
    ...(client !== undefined && { appId: client.clientId, appDisplayName: client.displayName }),
    ...(user !== undefined && { userId: user.id, userPrincipalName: user.userPrincipalName }),
  };
}
