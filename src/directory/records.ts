/** An object's id is its `oid`: a GUID in lower case, like the tenant's. Times are milliseconds since 1970. */
interface DirectoryRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** Absent for some objects of the configuration, which are created without a time. */
  readonly createdAt?: number;
}

export interface UserRecord extends DirectoryRecord {
  readonly userPrincipalName: string;
  readonly accountEnabled: boolean;
  /** As `hashPassword` made it; a user without one cannot sign in. */
  readonly passwordHash?: string;
  /** Refresh tokens and sessions from before this time are refused. A new password sets it to now. */
  readonly signInSessionsValidFrom: number;
  readonly mailNickname?: string;
  readonly mail?: string;
  readonly givenName?: string;
  readonly surname?: string;
}

export interface GroupRecord extends DirectoryRecord {
  readonly description?: string;
  readonly mailNickname: string;
}

export interface ApplicationRecord extends DirectoryRecord {
  /** The client id. */
  readonly appId: string;
  readonly identifierUris: readonly string[];
  readonly redirectUris: RedirectUris;
  /** Whether it may get tokens without authenticating, where no redirect URI decides that. */
  readonly isFallbackPublicClient: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  readonly federatedIdentityCredentials: readonly FederatedIdentityCredential[];
}

/** The principal of an application in a tenant, or a managed identity, which has no application. */
export interface ServicePrincipalRecord extends DirectoryRecord {
  readonly appId: string;
  readonly servicePrincipalType: 'Application' | 'ManagedIdentity';
  /** The names that it is found by: the client id and the application's identifier URIs. */
  readonly servicePrincipalNames: readonly string[];
  /** Managed identities only: `isExplicit=True` for a user-assigned one, and the ARM id of its resource. */
  readonly alternativeNames: readonly string[];
  readonly accountEnabled: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  /** User-assigned identities only, copied from the resource. Those of an application are in its own record. */
  readonly federatedIdentityCredentials?: readonly FederatedIdentityCredential[];
  /** How a workload proves that it has this identity; see `bindings.ts`. */
  readonly bindings: readonly string[];
}

/** The addresses to which an authorization code may be sent. `publicClient` and `spa` are for clients that cannot keep a secret. */
export interface RedirectUris {
  readonly publicClient: readonly string[];
  readonly web: readonly string[];
  readonly spa: readonly string[];
}

export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName?: string;
  /** The first three characters of a secret that the server generated. */
  readonly hint?: string;
  /** In the form of `hashClientSecret`. */
  readonly hash: string;
  readonly startDateTime?: number;
  /** The secret is refused from this time on; absent if it never expires. */
  readonly endDateTime?: number;
}

/** Thumbprints over the DER encoding, in base64url, as the header parameters `x5t` and `x5t#S256` have them. */
export interface KeyCredential {
  readonly keyId: string;
  readonly displayName?: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly pem: string;
  readonly startDateTime?: number;
  readonly endDateTime?: number;
}

/** A token with this issuer, subject and audience authenticates the application or identity (workload identity federation). */
export interface FederatedIdentityCredential {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly description?: string;
}

export interface DirectoryRecords {
  readonly user: UserRecord;
  readonly group: GroupRecord;
  readonly application: ApplicationRecord;
  readonly servicePrincipal: ServicePrincipalRecord;
}

export type ObjectKind = keyof DirectoryRecords;

export const objectKinds = [
  'user',
  'group',
  'application',
  'servicePrincipal',
] as const satisfies readonly ObjectKind[];
