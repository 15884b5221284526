import type { CommonRefusal } from '../edge/edge.ts';
import type { JsonRefusal } from '../edge/body-and-query.ts';
import type { TokenRefusal } from '../caller/refusal.ts';
import type { DirectoryRefusal } from '../directory/refusal.ts';

/** The refusals of Graph. `errors.ts` gives each its status, code and message. */
export type GraphRefusal =
  | { readonly kind: 'segmentNotFound'; readonly path: string }
  | { readonly kind: 'bearerMissing' }
  | TokenRefusal
  | { readonly kind: 'notAdministrator' }
  /** The client that reads the networks for the fabric asks. */
  | { readonly kind: 'networksOnly' }
  | { readonly kind: 'notUser' }
  | JsonRefusal
  | { readonly kind: 'bodyTooLarge'; readonly limit: number }
  | { readonly kind: 'mediaTypeInvalid' }
  | { readonly kind: 'memberUnknown'; readonly name: string; readonly known: string }
  | { readonly kind: 'queryUnsupported'; readonly name: string }
  | { readonly kind: 'queryInvalid'; readonly name: string; readonly rule: string }
  | { readonly kind: 'managedIdentityOfResource'; readonly id: string; readonly resourceId: string | undefined }
  | DirectoryRefusal
  | CommonRefusal;
