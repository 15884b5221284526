import type { TokenRefusal } from '../caller/refusal.ts';
import type { ResourceRefusal } from '../resources/refusal.ts';

/** Everything that the control plane refuses a request for. `errors.ts` gives each its status, code and wording. */
export type ControlRefusal =
  | { readonly kind: 'routeNotFound'; readonly method: string; readonly path: string }
  | { readonly kind: 'apiVersionMissing' }
  | { readonly kind: 'apiVersionUnknown'; readonly found: string }
  | { readonly kind: 'bearerMissing' }
  | TokenRefusal
  | { readonly kind: 'notAuthorized'; readonly objectId: string; readonly action: string; readonly scope: string }
  /** `locked`: the scopes of the locks that forbid it. */
  | {
      readonly kind: 'scopeLocked';
      readonly operation: 'write' | 'delete';
      readonly scope: string;
      readonly locked: readonly string[];
    }
  | { readonly kind: 'bodyNotJson' }
  | { readonly kind: 'bodyTooLarge'; readonly limit: number }
  | { readonly kind: 'badQuery'; readonly message: string }
  | ResourceRefusal
  | { readonly kind: 'tooManyConflicts' }
  | { readonly kind: 'recordUnavailable' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'internal' };

/** Ends a request; `cause` is for the log only. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
  readonly refusal: ControlRefusal;

  constructor(refusal: ControlRefusal, options?: ErrorOptions) {
    super(refusal.kind, options);
    this.refusal = refusal;
  }
}
