import type { Store } from '../store/store.ts';
import { firstPartyApplications } from './first-party.ts';
import { changeObject, findByName } from './objects.ts';
import type { Changed } from './objects.ts';
import type { ApplicationRecord, ServicePrincipalRecord } from './records.ts';

export interface NewServicePrincipal {
  readonly id: string;
  readonly tenantId: string;
  readonly appId: string;
  readonly accountEnabled?: boolean;
}

/**
 * Creates the service principal of an application: one of the tenant, or one of Microsoft's own (`first-party.ts`). `now`
 * in milliseconds since 1970.
 */
export async function createServicePrincipal(
  store: Store,
  { id, tenantId, appId, accountEnabled = true }: NewServicePrincipal,
  now: number,
): Promise<Changed<ServicePrincipalRecord>> {
  const application = await findByName(store, { tenantId, kind: 'application' }, appId);
  const named = application?.record ?? firstParty(appId.toLowerCase());
  if (named === undefined) return { ok: false, refusal: { kind: 'applicationUnknown', appId } };
  const { displayName, identifierUris } = named;
  const record: ServicePrincipalRecord = {
    ...bareServicePrincipal({ id, tenantId, appId: named.appId, displayName }),
    servicePrincipalNames: [named.appId, ...identifierUris],
    accountEnabled,
    createdAt: now,
  };
  return changeObject(store, { kind: 'servicePrincipal', record, before: undefined });
}

function firstParty(appId: string): Pick<ApplicationRecord, 'appId' | 'displayName' | 'identifierUris'> | undefined {
  const displayName = firstPartyApplications.get(appId);
  return displayName === undefined ? undefined : { appId, displayName, identifierUris: [] };
}

export interface NewManagedIdentity {
  readonly id: string;
  readonly tenantId: string;
  readonly appId: string;
  readonly displayName: string;
  /** ARM id of the resource whose identity this is, or of the user-assigned identity itself. */
  readonly resourceId: string;
}

/** Creates the service principal of a managed identity. It has no application and, unless a binding is added, no credential. */
export async function createManagedIdentity(
  store: Store,
  identity: NewManagedIdentity,
  now: number,
): Promise<Changed<ServicePrincipalRecord>> {
  const { resourceId, ...rest } = identity;
  const record: ServicePrincipalRecord = {
    ...bareServicePrincipal(rest),
    servicePrincipalType: 'ManagedIdentity',
    alternativeNames: alternativeNamesOf(resourceId),
    createdAt: now,
  };
  return changeObject(store, { kind: 'servicePrincipal', record, before: undefined });
}

/** The alternative names that Entra gives: whether the identity is user-assigned, and the ARM id of its resource. */
export function alternativeNamesOf(resourceId: string): readonly string[] {
  return [`isExplicit=${isUserAssigned(resourceId) ? 'True' : 'False'}`, resourceId];
}

/** The ARM id of the resource whose managed identity this is, `undefined` for an application's service principal. */
export function managedIdentityOf(principal: ServicePrincipalRecord): string | undefined {
  if (principal.servicePrincipalType !== 'ManagedIdentity') return undefined;
  return principal.alternativeNames.find((name) => name.startsWith('/'));
}

export function isUserAssigned(resourceId: string): boolean {
  return /\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/]+$/i.test(resourceId);
}

type Bare = Pick<ServicePrincipalRecord, 'id' | 'tenantId' | 'appId' | 'displayName'>;

/** An enabled service principal without credentials. */
export function bareServicePrincipal(principal: Bare): ServicePrincipalRecord {
  return {
    ...principal,
    servicePrincipalType: 'Application',
    servicePrincipalNames: [principal.appId],
    alternativeNames: [],
    accountEnabled: true,
    passwordCredentials: [],
    keyCredentials: [],
    bindings: [],
  };
}
