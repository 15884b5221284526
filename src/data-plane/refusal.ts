import type { TokenRefusal } from '../caller/refusal.ts';
import type { CommonRefusal } from '../edge/edge.ts';
import type { JsonRefusal } from '../edge/body.ts';
import type { ObjectRefusal } from '../objects/refusal.ts';
import type { Operation } from '../types/operation.ts';
import type { Denied } from '../types/verdict.ts';

/** Everything that the data plane refuses a request for. `errors.ts` gives each its status, code and wording. */
export type Refusal =
  | { readonly kind: 'vaultNotFound'; readonly name: string }
  | { readonly kind: 'operationNotFound'; readonly method: string; readonly path: string }
  /** An operation of the path has another method, one of `allowed`. */
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
  /** `action` as role definitions name it; `resource` is the ARM id that no role assignment allows it on, in lower case. */
  | { readonly kind: 'deniedByRbac'; readonly action: string; readonly resource: string }
  /** A trusted service that the vault does not let do this: `enabledForTemplateDeployment` and the like. */
  | { readonly kind: 'deniedToService'; readonly service: string }
  | JsonRefusal
  | { readonly kind: 'bodyTooLarge'; readonly limit: number }
  | ObjectRefusal
  | CommonRefusal;
