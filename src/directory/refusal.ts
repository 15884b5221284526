import type { ObjectKind } from './records.ts';

/** Why a change of the directory was refused. It never contains a password, secret or certificate. */
export type DirectoryRefusal =
  | { readonly kind: 'objectNotFound'; readonly id: string }
  | { readonly kind: 'nameTaken'; readonly objectKind: ObjectKind; readonly name: string }
  | { readonly kind: 'propertyInvalid'; readonly property: string; readonly rule: string }
  | { readonly kind: 'memberAlready'; readonly id: string }
  | { readonly kind: 'credentialNotFound'; readonly keyId: string }
  | { readonly kind: 'tooMany'; readonly what: string; readonly max: number }
  | { readonly kind: 'applicationUnknown'; readonly appId: string };
