import { randomUUID } from 'node:crypto';
import { merge } from '../store/store.ts';
import type { Store, Transaction } from '../store/store.ts';
import { noRedirectUris } from './applications.ts';
import { putBinding } from './bindings.ts';
import { clientOf } from './clients.ts';
import type { Client } from './clients.ts';
import { readCertificate, secretsMax } from './credentials.ts';
import { globalAdministrators, globalAdministratorsName } from './groups.ts';
import { bindingKey, isDirectoryId } from './keys.ts';
import { membershipPuts } from './memberships.ts';
import { findByName, findObject, putObject, removeObject } from './objects.ts';
import type { Stored } from './objects.ts';
import type {
  ApplicationRecord,
  FederatedIdentityCredential,
  GroupRecord,
  KeyCredential,
  PasswordCredential,
  RedirectUris,
  ServicePrincipalRecord,
} from './records.ts';
import { hashClientSecret } from './secret.ts';
import { alternativeNamesOf, bareServicePrincipal } from './service-principals.ts';

export interface ClientRegistration {
  readonly clientId: string;
  readonly objectId: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** In clear; only their hashes are stored. */
  readonly secrets?: readonly string[];
  /** PEM, the certificate only. */
  readonly certificates?: readonly string[];
  readonly federatedCredentials?: readonly Omit<FederatedIdentityCredential, 'id'>[];
  readonly redirectUris?: Partial<RedirectUris>;
  readonly publicClient?: boolean;
  /** ARM id of the resource whose managed identity this is. */
  readonly managedIdentity?: string;
  /** See `bindings.ts`. */
  readonly bindings?: readonly string[];
  /** Object ids of groups; a group that does not exist is created. */
  readonly groups?: readonly string[];
}

/**
 * Adds a client.
 * @throws {RangeError} when the registration cannot be kept as it is
 * @throws {Conflict} when a client with that `clientId` exists
 */
export async function registerClient(store: Store, registration: ClientRegistration): Promise<Client> {
  return putClientOver(store, registration, {});
}

/**
 * Adds a client, or replaces the one with the same `clientId`.
 * @throws {RangeError} when the registration cannot be kept as it is
 */
export async function putClient(store: Store, registration: ClientRegistration): Promise<Client> {
  return putClientOver(store, registration, await clientRecords(store, registration));
}

/** Removes a client. Tokens issued to it stay valid until they expire. */
export async function deleteClient(store: Store, client: Pick<Client, 'tenantId' | 'clientId'>): Promise<void> {
  const { application, principal } = await clientRecords(store, client);
  await store.transact(
    merge(
      application === undefined ? {} : await removeObject(store, 'application', application),
      principal === undefined ? {} : await removeObject(store, 'servicePrincipal', principal),
    ),
  );
}

interface ClientRecords {
  readonly application?: Stored<'application'> | undefined;
  readonly principal?: Stored<'servicePrincipal'> | undefined;
}

async function clientRecords(
  store: Store,
  { tenantId, clientId }: { readonly tenantId: string; readonly clientId: string },
): Promise<ClientRecords> {
  const [application, principal] = await Promise.all([
    findByName(store, { tenantId, kind: 'application' }, clientId),
    findByName(store, { tenantId, kind: 'servicePrincipal' }, clientId),
  ]);
  return { application, principal };
}

async function putClientOver(store: Store, registration: ClientRegistration, before: ClientRecords): Promise<Client> {
  check(registration);
  const { managedIdentity, groups = [], bindings = [] } = registration;
  const credentials = await credentialsOf(registration);
  const application = managedIdentity === undefined ? applicationOf(registration, credentials, before) : undefined;
  const principal = principalOf(registration, application === undefined ? credentials : noCredentials);
  const stale = (before.principal?.record.bindings ?? []).filter((binding) => !bindings.includes(binding));
  // When the principal's id changes, the old object goes, with its memberships.
  const moved = before.principal !== undefined && before.principal.record.id !== principal.id;
  if (moved) await deleteClient(store, registration);
  const kept = moved ? {} : before;
  await store.transact(
    merge(
      application === undefined ? {} : putObject('application', application, kept.application),
      application === undefined && kept.application !== undefined
        ? await removeObject(store, 'application', kept.application)
        : {},
      putObject('servicePrincipal', principal, kept.principal),
      { put: bindings.map((binding) => putBinding(binding, principal)) },
      { delete: moved ? [] : stale.map((binding) => bindingKey(binding, principal)) },
      await addToGroups(store, { tenantId: principal.tenantId, member: principal.id, groups }),
    ),
  );
  return clientOf(application, principal);
}

/** Adds one object to these groups, and creates the groups that do not exist. */
export async function addToGroups(
  store: Store,
  {
    tenantId,
    member,
    groups,
  }: { readonly tenantId: string; readonly member: string; readonly groups: readonly string[] },
): Promise<Transaction> {
  const changes = await Promise.all(
    [...new Set(groups)].map(async (group) => {
      const known = await findObject(store, { tenantId, kind: 'group' }, group);
      const displayName = group === globalAdministrators ? globalAdministratorsName : group;
      const record: GroupRecord = { id: group, tenantId, displayName, mailNickname: group };
      const made = known === undefined ? putObject('group', record, undefined) : {};
      return merge(made, { put: membershipPuts({ tenantId, group, member }) });
    }),
  );
  return merge(...changes);
}

interface Credentials {
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
}

const noCredentials: Credentials = { passwordCredentials: [], keyCredentials: [] };

async function credentialsOf({ clientId, secrets = [], certificates = [] }: ClientRegistration): Promise<Credentials> {
  const passwordCredentials = await Promise.all(
    secrets.map(async (secret) => ({ keyId: randomUUID(), hash: await hashClientSecret(secret) })),
  );
  const keyCredentials = certificates.map((pem) => {
    const read = readCertificate(pem, { keyId: randomUUID() });
    if (!read.ok) throw new RangeError(`the certificate of client ${clientId} cannot be used: ${read.rule}`);
    return read.credential;
  });
  return { passwordCredentials, keyCredentials };
}

function applicationOf(
  registration: ClientRegistration,
  credentials: Credentials,
  before: ClientRecords,
): ApplicationRecord {
  const { clientId, tenantId, displayName, redirectUris, publicClient = false } = registration;
  const { federatedCredentials = [] } = registration;
  return {
    id: before.application?.record.id ?? randomUUID(),
    tenantId,
    displayName,
    appId: clientId,
    identifierUris: before.application?.record.identifierUris ?? [],
    redirectUris: { ...noRedirectUris, ...redirectUris },
    isFallbackPublicClient: publicClient,
    federatedIdentityCredentials: federatedCredentials.map((credential) => ({ ...credential, id: randomUUID() })),
    ...credentials,
  };
}

function principalOf(registration: ClientRegistration, credentials: Credentials): ServicePrincipalRecord {
  const { clientId: appId, objectId: id, tenantId, displayName, managedIdentity, bindings = [] } = registration;
  return {
    ...bareServicePrincipal({ id, tenantId, appId, displayName }),
    ...(managedIdentity !== undefined && {
      servicePrincipalType: 'ManagedIdentity',
      alternativeNames: alternativeNamesOf(managedIdentity),
    }),
    ...credentials,
    bindings,
  };
}

function check({ clientId, objectId, tenantId, secrets = [] }: ClientRegistration): void {
  for (const [name, value] of Object.entries({ clientId, objectId, tenantId })) {
    if (isDirectoryId(value)) continue;
    throw new RangeError(`${name} ${value} is not a GUID in lower case (8-4-4-4-12 hexadecimal digits)`);
  }
  if (secrets.length > secretsMax || secrets.includes('')) {
    throw new RangeError(
      `client ${clientId} has ${secrets.length} secrets: give it at most ${secretsMax}, none of them empty`,
    );
  }
}
