import type { Store } from '../store/store.ts';
import { servicesTenant } from '../types/caller.ts';
import { noRedirectUris } from './applications.ts';
import { firstPartyApplications } from './first-party.ts';
import { isDirectoryId } from './keys.ts';
import { findByName } from './objects.ts';
import type {
  ApplicationRecord,
  FederatedIdentityCredential,
  KeyCredential,
  PasswordCredential,
  RedirectUris,
  ServicePrincipalRecord,
} from './records.ts';
import { managedIdentityOf } from './service-principals.ts';
import { wellKnownClients } from './well-known.ts';

/** A client of the authority: an application and its service principal taken together. All ids are GUIDs in lower case. */
export interface Client {
  readonly clientId: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** The service principal's `oid`, which access policies and role assignments name. A client without one acts for users only. */
  readonly objectId: string | undefined;
  readonly enabled: boolean;
  readonly secrets: readonly PasswordCredential[];
  readonly certificates: readonly KeyCredential[];
  readonly federatedIdentityCredentials: readonly FederatedIdentityCredential[];
  readonly redirectUris: RedirectUris;
  /** Whether it may skip authentication where no redirect URI decides that. */
  readonly isFallbackPublicClient: boolean;
  /** ARM id of the resource whose managed identity this is; becomes `xms_mirid`. */
  readonly managedIdentity: string | undefined;
}

/** The client with that id in a tenant, in any letter case; `undefined` also for an id that is not a GUID. */
export async function findClient(store: Store, tenantId: string, clientId: string): Promise<Client | undefined> {
  const appId = clientId.toLowerCase();
  if (!isDirectoryId(appId)) return undefined;
  const [application, principal] = await Promise.all([
    findByName(store, { tenantId, kind: 'application' }, appId),
    findByName(store, { tenantId, kind: 'servicePrincipal' }, appId),
  ]);
  if (application === undefined && principal === undefined) return wellKnown(tenantId, appId);
  return clientOf(application?.record, principal?.record);
}

/**
 * An application of Microsoft's own as a client of the services' tenant: its service principal in the home tenant has the
 * secrets, which an administrator adds explicitly, and the object id, which access policies and roles name.
 */
export async function findFirstPartyClient(
  store: Store,
  homeTenant: string,
  clientId: string,
): Promise<Client | undefined> {
  const appId = clientId.toLowerCase();
  if (!firstPartyApplications.has(appId)) return undefined;
  const principal = await findByName(store, { tenantId: homeTenant, kind: 'servicePrincipal' }, appId);
  return principal === undefined ? undefined : { ...clientOf(undefined, principal.record), tenantId: servicesTenant };
}

/** Combines the two records of a client. */
export function clientOf(
  application: ApplicationRecord | undefined,
  principal: ServicePrincipalRecord | undefined,
): Client {
  const { appId = '', tenantId = '', displayName = '' } = application ?? principal ?? {};
  return {
    clientId: appId,
    tenantId,
    displayName,
    objectId: principal?.id,
    enabled: principal?.accountEnabled ?? true,
    secrets: [...(application?.passwordCredentials ?? []), ...(principal?.passwordCredentials ?? [])],
    certificates: [...(application?.keyCredentials ?? []), ...(principal?.keyCredentials ?? [])],
    federatedIdentityCredentials: [
      ...(application?.federatedIdentityCredentials ?? []),
      ...(principal?.federatedIdentityCredentials ?? []),
    ],
    redirectUris: application?.redirectUris ?? noRedirectUris,
    isFallbackPublicClient: application?.isFallbackPublicClient ?? false,
    managedIdentity: principal === undefined ? undefined : managedIdentityOf(principal),
  };
}

function wellKnown(tenantId: string, appId: string): Client | undefined {
  const known = wellKnownClients.find((client) => client.appId === appId);
  if (known === undefined) return undefined;
  const { displayName, redirectUris } = known;
  return {
    ...clientOf(undefined, undefined),
    clientId: appId,
    tenantId,
    displayName,
    redirectUris,
    // The portal is a page: the grants of programs would give it tokens that no sign-out ends.
    isFallbackPublicClient: redirectUris.publicClient.length > 0,
  };
}
