export type SecretPermission = 'get' | 'list' | 'set' | 'delete' | 'recover' | 'backup' | 'restore' | 'purge';

export type KeyPermission =
  | 'get'
  | 'list'
  | 'create'
  | 'update'
  | 'import'
  | 'delete'
  | 'recover'
  | 'backup'
  | 'restore'
  | 'purge'
  | 'encrypt'
  | 'decrypt'
  | 'wrapKey'
  | 'unwrapKey'
  | 'sign'
  | 'verify'
  | 'release'
  | 'rotate'
  | 'getrotationpolicy'
  | 'setrotationpolicy';

export type CertificatePermission =
  | 'get'
  | 'list'
  | 'create'
  | 'import'
  | 'update'
  | 'delete'
  | 'recover'
  | 'backup'
  | 'restore'
  | 'purge'
  | 'managecontacts'
  | 'getissuers'
  | 'listissuers'
  | 'setissuers'
  | 'deleteissuers'
  | 'manageissuers';

/** A permission of an access policy, with its collection (about-keys-secrets-certificates, "Access control"). */
export type Permission =
  `secrets/${SecretPermission}` | `keys/${KeyPermission}` | `certificates/${CertificatePermission}`;

/** A data-plane operation: the name in the audit log (`SecretGet`) and the permission that it needs. */
export interface Operation {
  readonly name: string;
  readonly permission: Permission;
}
