import type { RuleRefusal } from '../firewall/refusal.ts';

/** Why the rules of resources refuse. */
export type ResourceRefusal =
  | RuleRefusal
  /** A property of the vault or network breaks a rule that `message` states, Azure's words where Azure has them. */
  | { readonly kind: 'invalidProperty'; readonly message: string }
  | { readonly kind: 'vaultNameNotValid'; readonly name: string }
  | { readonly kind: 'vaultAlreadyExists'; readonly name: string }
  | { readonly kind: 'vaultIsSoftDeleted'; readonly name: string }
  /** `createMode: recover`, and there is nothing to recover. */
  | { readonly kind: 'softDeletedVaultNotFound'; readonly name: string; readonly location: string }
  | { readonly kind: 'resourceNotFound'; readonly type: string; readonly name: string; readonly resourceGroup: string }
  | { readonly kind: 'deletedVaultNotFound'; readonly name: string; readonly location: string }
  | { readonly kind: 'resourceGroupNotFound'; readonly name: string }
  | { readonly kind: 'subscriptionNotFound'; readonly id: string }
  | { readonly kind: 'purgeProtected'; readonly name: string }
  /** A virtual network rule names a subnet or a virtual network that does not exist. `id` as it was sent. */
  | { readonly kind: 'subnetNotFound'; readonly id: string; readonly virtualNetwork: string; readonly subnet: string }
  /** A virtual network rule names a subnet without the `Microsoft.KeyVault` service endpoint. */
  | { readonly kind: 'subnetWithoutServiceEndpoint'; readonly virtualNetwork: string; readonly subnet: string }
  /** A diagnostic setting sends what another one of the resource already sends there. */
  | { readonly kind: 'dataSinkInUse'; readonly sink: string; readonly setting: string; readonly category: string }
  | { readonly kind: 'locationMismatch'; readonly name: string; readonly location: string; readonly asked: string }
  | { readonly kind: 'preconditionFailed'; readonly id: string };

export type ResourceOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: ResourceRefusal };

export function refuseResource(refusal: ResourceRefusal): { readonly ok: false; readonly refusal: ResourceRefusal } {
  return { ok: false, refusal };
}
