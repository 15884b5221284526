/** An object's id is its `oid`: a GUID in lower case, like the tenant's. Times are milliseconds since 1970. */
interface DirectoryRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** Absent where the configuration made the object before the clock was asked. */
  readonly createdAt?: number;
}

export interface UserRecord extends DirectoryRecord {
  readonly userPrincipalName: string;
  readonly accountEnabled: boolean;
  /** As `hashPassword` made it; a user without one cannot sign in. */
  readonly passwordHash?: string;
  /** Refresh tokens and sessions from before are worth nothing: a new password moves it on. */
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
  /** Whether it may be asked for tokens without showing who it is, where no redirect URI decides that. */
  readonly isFallbackPublicClient: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  readonly federatedIdentityCredentials: readonly FederatedIdentityCredential[];
}

/** What acts in a tenant: an application's stand-in there, or a managed identity, which has no application. */
export interface ServicePrincipalRecord extends DirectoryRecord {
  readonly appId: string;
  readonly servicePrincipalType: 'Application' | 'ManagedIdentity';
  /** What it is found by: the client id and the application's identifier URIs. */
  readonly servicePrincipalNames: readonly string[];
  /** Of a managed identity: `isExplicit=True` for a user-assigned one, and the ARM id of its resource. */
  readonly alternativeNames: readonly string[];
  readonly accountEnabled: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  /** Of a user-assigned identity, as its resource has them. An application's are in its own record. */
  readonly federatedIdentityCredentials?: readonly FederatedIdentityCredential[];
  /** By what a workload proves that it is this identity; see `bindings.ts`. */
  readonly bindings: readonly string[];
}

/** Where an authorization code may be sent. The first and the last are of clients that cannot keep a secret. */
export interface RedirectUris {
  readonly publicClient: readonly string[];
  readonly web: readonly string[];
  readonly spa: readonly string[];
}

export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName?: string;
  /** The first three characters, of a secret that was made here. */
  readonly hint?: string;
  /** As `hashClientSecret` made it. */
  readonly hash: string;
  readonly startDateTime?: number;
  /** From then on it is worth nothing; absent: never. */
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

/** A token of that issuer, with that subject and audience, is the application or identity (workload identity federation). */
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
