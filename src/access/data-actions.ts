import type { Operation, Permission } from '../types/operation.ts';

/** The Azure RBAC name of a data plane permission. */
export interface DataAction {
  /** In the spelling of role definitions. */
  readonly name: string;
  /** In lower case. */
  readonly key: string;
  /** Whether it is checked on the single object that a request names. Issuers and contacts belong to the vault as a whole. */
  readonly perObject: boolean;
}

/**
 * The data action of each permission of an access policy (rbac-migration, "Access policies to Azure roles mapping", and
 * the permissions reference of Microsoft.KeyVault).
 */
const byPermission: Readonly<Record<Permission, DataAction>> = {
  'secrets/get': dataAction('secrets/getSecret/action'),
  'secrets/list': dataAction('secrets/readMetadata/action'),
  'secrets/set': dataAction('secrets/setSecret/action'),
  'secrets/delete': dataAction('secrets/delete'),
  'secrets/recover': dataAction('secrets/recover/action'),
  'secrets/backup': dataAction('secrets/backup/action'),
  'secrets/restore': dataAction('secrets/restore/action'),
  'secrets/purge': dataAction('secrets/purge/action'),
  'keys/get': dataAction('keys/read'),
  'keys/list': dataAction('keys/read'),
  'keys/create': dataAction('keys/create/action'),
  'keys/update': dataAction('keys/update/action'),
  'keys/import': dataAction('keys/import/action'),
  'keys/delete': dataAction('keys/delete'),
  'keys/recover': dataAction('keys/recover/action'),
  'keys/backup': dataAction('keys/backup/action'),
  'keys/restore': dataAction('keys/restore/action'),
  'keys/purge': dataAction('keys/purge/action'),
  'keys/encrypt': dataAction('keys/encrypt/action'),
  'keys/decrypt': dataAction('keys/decrypt/action'),
  'keys/wrapKey': dataAction('keys/wrap/action'),
  'keys/unwrapKey': dataAction('keys/unwrap/action'),
  'keys/sign': dataAction('keys/sign/action'),
  'keys/verify': dataAction('keys/verify/action'),
  'keys/release': dataAction('keys/release/action'),
  'keys/rotate': dataAction('keys/rotate/action'),
  'keys/getrotationpolicy': dataAction('keyrotationpolicies/read'),
  'keys/setrotationpolicy': dataAction('keyrotationpolicies/write'),
  'certificates/get': dataAction('certificates/read'),
  'certificates/list': dataAction('certificates/read'),
  'certificates/create': dataAction('certificates/create/action'),
  'certificates/import': dataAction('certificates/import/action'),
  'certificates/update': dataAction('certificates/update/action'),
  'certificates/delete': dataAction('certificates/delete'),
  'certificates/recover': dataAction('certificates/recover/action'),
  'certificates/backup': dataAction('certificates/backup/action'),
  'certificates/restore': dataAction('certificates/restore/action'),
  'certificates/purge': dataAction('certificates/purge/action'),
  'certificates/managecontacts': dataAction('certificatecontacts/write'),
  'certificates/getissuers': dataAction('certificatecas/read'),
  'certificates/listissuers': dataAction('certificatecas/read'),
  'certificates/setissuers': dataAction('certificatecas/write'),
  'certificates/deleteissuers': dataAction('certificatecas/delete'),
  'certificates/manageissuers': dataAction('certificatecas/write'),
};

/** Whether an access policy can give a permission of that name. */
export function isPermission(name: string): name is Permission {
  return Object.hasOwn(byPermission, name);
}

/** Every permission that an access policy can give, by collection. */
export const allPermissions: readonly Permission[] = Object.keys(byPermission).filter(isPermission);

/** Operations that roles tell apart, although access policies have one permission for both. */
const byOperation: ReadonlyMap<string, DataAction> = new Map([['SecretUpdate', dataAction('secrets/update/action')]]);

/** The data action that a role must allow for an operation on an RBAC vault. */
export function dataActionOf({ name, permission }: Operation): DataAction {
  return byOperation.get(name) ?? byPermission[permission];
}

function dataAction(path: string): DataAction {
  const name = `Microsoft.KeyVault/vaults/${path}`;
  return { name, key: name.toLowerCase(), perObject: !/^certificate(?:cas|contacts)\//.test(path) };
}
