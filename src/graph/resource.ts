import { firstPartyApplications } from '../directory/first-party.ts';
import type { AnyObject } from '../directory/objects.ts';
import type {
  ApplicationRecord,
  DirectoryRecords,
  FederatedIdentityCredential,
  GroupRecord,
  KeyCredential,
  ObjectKind,
  PasswordCredential,
  ServicePrincipalRecord,
  UserRecord,
} from '../directory/records.ts';
import { servicesTenant } from '../types/caller.ts';

/** The types of objects, for lists of several kinds. */
const types: Readonly<Record<ObjectKind, string>> = {
  user: '#microsoft.graph.user',
  group: '#microsoft.graph.group',
  application: '#microsoft.graph.application',
  servicePrincipal: '#microsoft.graph.servicePrincipal',
};

/** The objects in Graph's form (Microsoft Graph v1.0, resource types). */
export const resources: { readonly [K in ObjectKind]: (record: DirectoryRecords[K]) => object } = {
  user: userResource,
  group: groupResource,
  application: applicationResource,
  servicePrincipal: servicePrincipalResource,
};

/** An object in a list of objects of several kinds. */
export function directoryObject(object: AnyObject): object {
  return { '@odata.type': types[object.kind], ...resourceOf(object) };
}

function resourceOf<K extends ObjectKind>({
  kind,
  record,
}: {
  readonly kind: K;
  readonly record: DirectoryRecords[K];
}) {
  return resources[kind](record);
}

function userResource(user: UserRecord): object {
  return {
    id: user.id,
    accountEnabled: user.accountEnabled,
    businessPhones: [],
    createdDateTime: iso(user.createdAt),
    displayName: user.displayName,
    givenName: user.givenName ?? null,
    jobTitle: null,
    mail: user.mail ?? null,
    mailNickname: user.mailNickname ?? null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: user.surname ?? null,
    userPrincipalName: user.userPrincipalName,
    userType: 'Member',
  };
}

function groupResource(group: GroupRecord): object {
  return {
    id: group.id,
    createdDateTime: iso(group.createdAt),
    description: group.description ?? null,
    displayName: group.displayName,
    groupTypes: [],
    mail: null,
    mailEnabled: false,
    mailNickname: group.mailNickname,
    securityEnabled: true,
  };
}

function applicationResource(application: ApplicationRecord): object {
  const { redirectUris } = application;
  return {
    id: application.id,
    appId: application.appId,
    appRoles: [],
    createdDateTime: iso(application.createdAt),
    displayName: application.displayName,
    identifierUris: application.identifierUris,
    isFallbackPublicClient: application.isFallbackPublicClient,
    keyCredentials: application.keyCredentials.map(keyCredentialResource),
    passwordCredentials: application.passwordCredentials.map(passwordCredentialResource),
    publicClient: { redirectUris: redirectUris.publicClient },
    requiredResourceAccess: [],
    signInAudience: 'AzureADMyOrg',
    spa: { redirectUris: redirectUris.spa },
    tags: [],
    web: { redirectUris: redirectUris.web },
  };
}

/** The tenant of the application; a managed identity has none. */
function ownerOf({ servicePrincipalType, appId, tenantId }: ServicePrincipalRecord): string | null {
  if (servicePrincipalType !== 'Application') return null;
  return firstPartyApplications.has(appId) ? servicesTenant : tenantId;
}

function servicePrincipalResource(principal: ServicePrincipalRecord): object {
  return {
    id: principal.id,
    accountEnabled: principal.accountEnabled,
    alternativeNames: principal.alternativeNames,
    appDisplayName: principal.servicePrincipalType === 'Application' ? principal.displayName : null,
    appId: principal.appId,
    appOwnerOrganizationId: ownerOf(principal),
    appRoles: [],
    createdDateTime: iso(principal.createdAt),
    displayName: principal.displayName,
    keyCredentials: principal.keyCredentials.map(keyCredentialResource),
    oauth2PermissionScopes: [],
    passwordCredentials: principal.passwordCredentials.map(passwordCredentialResource),
    servicePrincipalNames: principal.servicePrincipalNames,
    servicePrincipalType: principal.servicePrincipalType,
    signInAudience: principal.servicePrincipalType === 'Application' ? 'AzureADMyOrg' : null,
    tags: [],
  };
}

/** A secret without its value, as Graph shows it after its creation. */
export function passwordCredentialResource(credential: PasswordCredential) {
  return {
    customKeyIdentifier: null,
    displayName: credential.displayName ?? null,
    endDateTime: iso(credential.endDateTime),
    hint: credential.hint ?? null,
    keyId: credential.keyId,
    secretText: null,
    startDateTime: iso(credential.startDateTime),
  };
}

function keyCredentialResource(credential: KeyCredential): object {
  return {
    customKeyIdentifier: Buffer.from(credential.sha1, 'base64url').toString('hex').toUpperCase(),
    displayName: credential.displayName ?? null,
    endDateTime: iso(credential.endDateTime),
    key: null,
    keyId: credential.keyId,
    startDateTime: iso(credential.startDateTime),
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
  };
}

export function federatedResource(credential: FederatedIdentityCredential): object {
  const { id, name, issuer, subject, audiences, description = null } = credential;
  return { id, name, issuer, subject, audiences, description };
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
