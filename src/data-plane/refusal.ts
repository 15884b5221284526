import type { TokenRefusal } from '../caller/refusal.ts';
import type { CommonRefusal } from '../edge/edge.ts';
import type { JsonRefusal } from '../edge/body-and-query.ts';
import type { ObjectRefusal } from '../objects/refusal.ts';
import type { Operation } from '../types/operation.ts';
import type { VaultSwitch } from '../types/vault.ts';
import type { Denied } from '../types/verdict.ts';

/** The refusals of the data plane. `errors.ts` gives each its status, code and message. */
export type Refusal =
  | { readonly kind: 'vaultNotFound'; readonly name: string }
  | { readonly kind: 'operationNotFound'; readonly method: string; readonly path: string }
  /** The path has operations, but only with the methods in `allowed`. */
  | {
      readonly kind: 'methodNotAllowed';
      readonly method: string;
      readonly path: string;
      readonly allowed: readonly string[];
    }
  | { readonly kind: 'apiVersionMissing' }
  | { readonly kind: 'apiVersionUnknown'; readonly found: string }
  | { readonly kind: 'bearerMissing' }
  | TokenRefusal
  | { readonly kind: 'deniedByFirewall'; readonly because: Denied['because'] }
  | { readonly kind: 'deniedByConnection' }
  | { readonly kind: 'deniedByAccessPolicy'; readonly operation: Operation }
  /** `action` as in role definitions; no role assignment allows it at `resource`, an ARM id in lower case. */
  | { readonly kind: 'deniedByRbac'; readonly action: string; readonly resource: string }
  | { readonly kind: 'deniedToService'; readonly vaultSwitch: VaultSwitch }
  | JsonRefusal
  | { readonly kind: 'bodyTooLarge'; readonly limit: number }
  | ObjectRefusal
  | CommonRefusal;
