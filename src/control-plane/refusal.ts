import type { JsonRefusal } from '../edge/body-and-query.ts';
import type { CommonRefusal } from '../edge/edge.ts';
import type { TokenRefusal } from '../caller/refusal.ts';
import type { ResourceRefusal } from '../resources/refusal.ts';
import type { WaitRefused } from './fabric/network-watch.ts';
import type { ArmError } from './long-running/operation.ts';

/** Every refusal of the control plane. `errors.ts` gives each its status, code and message. */
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
  | JsonRefusal
  | { readonly kind: 'mediaTypeMalformed' }
  | { readonly kind: 'bodyTooLarge'; readonly limit: number }
  /** A change would make the record of one resource larger than `limit` bytes. */
  | { readonly kind: 'resourceTooLarge'; readonly bytes: number; readonly limit: number }
  | { readonly kind: 'badRequest'; readonly message: string }
  | ResourceRefusal
  /** About a secret or key of a vault; `message` is the data plane's. */
  | { readonly kind: 'vaultObjectNotFound'; readonly message: string }
  | { readonly kind: 'vaultObjectConflict'; readonly message: string }
  | { readonly kind: 'operationUnknown'; readonly id: string }
  | { readonly kind: 'resourceGroupBeingDeleted'; readonly name: string }
  /** `message` is the template language's own. */
  | { readonly kind: 'invalidTemplate'; readonly message: string }
  | { readonly kind: 'invalidDeployment'; readonly message: string }
  /** A template that can be read but not deployed; `details` has the error of each resource. */
  | {
      readonly kind: 'deploymentNotValid';
      readonly name: string;
      readonly trackingId: string;
      readonly details: readonly ArmError[];
    }
  | { readonly kind: 'deploymentNotFound'; readonly name: string }
  | { readonly kind: 'deploymentActive'; readonly name: string; readonly since: string }
  | { readonly kind: 'deploymentNotActive'; readonly name: string; readonly state: string }
  | { readonly kind: 'keyVaultReferenceNotFound'; readonly parameter: string; readonly vaultId: string }
  | { readonly kind: 'keyVaultReferenceNotAuthorized'; readonly objectId: string; readonly vaultId: string }
  /** `status` and `answered` (the message) are the vault's. */
  | {
      readonly kind: 'keyVaultReferenceNotRead';
      readonly parameter: string;
      readonly vaultId: string;
      readonly status: number;
      readonly answered: string;
    }
  | ({ readonly kind: 'tooManyWaits' } & WaitRefused)
  | { readonly kind: 'providerUnknown'; readonly namespace: string }
  | { readonly kind: 'moveNotSupported' }
  | { readonly kind: 'predefinedTagsNotSupported' }
  | CommonRefusal;

/** The answer to a refusal. */
export interface WireError<R> {
  readonly status: number;
  readonly code: string;
  readonly message: (refusal: R, tenantId: string) => string;
}

export type Kind = ControlRefusal['kind'];
export type OfKind<K extends Kind> = Extract<ControlRefusal, { readonly kind: K }>;
export type Errors = { readonly [K in Kind]: WireError<OfKind<K>> };
