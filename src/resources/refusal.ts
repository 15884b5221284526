import { refusalOf } from '../firewall/refusal.ts';
import type { RuleBreach, RuleRefusal } from '../firewall/refusal.ts';
import { wrong } from '../shape/fault.ts';
import type { Shape } from '../shape/shape.ts';

/** The refusals of this room's rules. */
export type ResourceRefusal =
  | RuleRefusal
  /** A property of the vault or network breaks the rule in `message`, in Azure's words if there are any. */
  | { readonly kind: 'invalidProperty'; readonly message: string }
  | { readonly kind: 'vaultNameNotValid'; readonly name: string }
  | { readonly kind: 'vaultAlreadyExists'; readonly name: string }
  | { readonly kind: 'vaultIsSoftDeleted'; readonly name: string }
  /** `createMode: recover` without a deleted vault to recover. */
  | { readonly kind: 'softDeletedVaultNotFound'; readonly name: string; readonly location: string }
  | { readonly kind: 'resourceNotFound'; readonly type: string; readonly name: string; readonly resourceGroup: string }
  | { readonly kind: 'deletedVaultNotFound'; readonly name: string; readonly location: string }
  | { readonly kind: 'resourceGroupNotFound'; readonly name: string }
  | { readonly kind: 'subscriptionNotFound'; readonly id: string }
  | { readonly kind: 'purgeProtected'; readonly name: string }
  /** A virtual network rule has a subnet or virtual network that does not exist. `id` as it was sent. */
  | { readonly kind: 'subnetNotFound'; readonly id: string; readonly virtualNetwork: string; readonly subnet: string }
  /** A virtual network rule has a subnet without the `Microsoft.KeyVault` service endpoint. */
  | { readonly kind: 'subnetWithoutServiceEndpoint'; readonly virtualNetwork: string; readonly subnet: string }
  /** Another diagnostic setting of the resource already sends the category to this destination. */
  | { readonly kind: 'dataSinkInUse'; readonly sink: string; readonly setting: string; readonly category: string }
  | { readonly kind: 'locationMismatch'; readonly name: string; readonly location: string; readonly asked: string }
  | { readonly kind: 'preconditionFailed'; readonly id: string }
  /** The change also needs a permission on another resource, as a rule does on its subnet. */
  | {
      readonly kind: 'linkedNotAuthorized';
      readonly objectId: string;
      readonly action: string;
      readonly scope: string;
      readonly linkedAction: string;
      readonly linkedScope: string;
    }
  | { readonly kind: 'invalidScope'; readonly scope: string }
  | { readonly kind: 'invalidRoleAssignmentId'; readonly id: string }
  | { readonly kind: 'invalidPrincipalId'; readonly id: string }
  | { readonly kind: 'roleAssignmentNotFound'; readonly id: string }
  /** The principal already has the role at the scope, under the name `existing`. */
  | { readonly kind: 'roleAssignmentExists'; readonly existing: string }
  | { readonly kind: 'roleAssignmentUpdateNotPermitted' }
  | { readonly kind: 'roleAssignmentLimitExceeded'; readonly limit: number }
  | { readonly kind: 'roleDefinitionNotFound'; readonly id: string }
  /** An assignment has a role that does not exist, or cannot be assigned at its scope. */
  | { readonly kind: 'roleDefinitionUnknown'; readonly id: string }
  | { readonly kind: 'invalidRoleDefinition'; readonly message: string }
  | { readonly kind: 'roleDefinitionWithSameNameExists'; readonly name: string }
  | { readonly kind: 'roleDefinitionHasAssignments' }
  | { readonly kind: 'roleDefinitionLimitExceeded'; readonly limit: number }
  | { readonly kind: 'lockNotFound'; readonly name: string }
  | { readonly kind: 'storageAccountNameNotValid'; readonly name: string }
  | { readonly kind: 'storageAccountAlreadyTaken'; readonly name: string }
  | { readonly kind: 'addressInNoSubnet'; readonly address: string }
  /** The `encryption` of a virtual network without one of its two members. */
  | { readonly kind: 'encryptionNotWhole' }
  /** A member that Azure does not have either; `details` has its name. */
  | { readonly kind: 'memberUnknown'; readonly details: readonly { readonly code: string; readonly message: string }[] }
  | { readonly kind: 'parentNotFound'; readonly parent: string }
  /** `id` does not exist, or is in another region than `by`. */
  | { readonly kind: 'referenceInvalid'; readonly id: string; readonly by: string }
  /** `users` are the ARM ids of the resources that refer to it. */
  | { [K in InUse]: { readonly kind: K; readonly id: string; readonly users: readonly string[] } }[InUse]
  /** `users` are the private endpoints in it. */
  | { readonly kind: 'subnetInUse'; readonly id: string; readonly users: readonly string[] }
  | { readonly kind: 'publicAddressTaken'; readonly id: string; readonly users: readonly string[] }
  | { readonly kind: 'publicAddressesExhausted'; readonly pool: string }
  /** A security rule has a `value` that is neither a prefix, an address nor a service tag. */
  | { readonly kind: 'securityRulePrefixInvalid'; readonly value: string }
  | {
      readonly kind: 'securityRuleConflict';
      readonly rules: readonly [string, string];
      readonly priority: number;
      readonly direction: string;
    }
  | {
      readonly kind: 'addressSpacesOverlap';
      readonly network: string;
      readonly remote: string;
      readonly prefixes: readonly string[];
    };

/** The refusals to delete a resource that others refer to. */
export type InUse =
  | 'networkSecurityGroupInUse'
  | 'routeTableInUse'
  | 'serviceEndpointPolicyInUse'
  | 'natGatewayInUse'
  | 'publicAddressInUse';

/**
 * The refusal of a change that also needs an action on another resource (ARM id); `undefined` if the caller has the
 * permission.
 */
export type LinkedRefusal = (action: string, id: string) => ResourceRefusal | undefined;

export type ResourceOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: ResourceRefusal };

export function refuseResource(refusal: ResourceRefusal): { readonly ok: false; readonly refusal: ResourceRefusal } {
  return { ok: false, refusal };
}

/** The rules that a value of the right shape may break. */
export type ResourceBreach =
  | RuleBreach
  | Exclude<ResourceRefusal, RuleRefusal>
  /** A member that Microsoft.Network does not have. */
  | { readonly kind: 'networkMemberUnknown'; readonly objectType: string; readonly member: string };

/** Reads the value at `path`. */
export function readAt<T>(shape: Shape<T, ResourceBreach>, value: unknown, path: string): ResourceOutcome<T> {
  const read = shape(value);
  if (read.ok) return read;
  const refusal = refusalOf(read.fault, path);
  if (refusal.kind !== 'networkMemberUnknown') return { ok: false, refusal };
  // Microsoft.Network's message (azure-cli#16205), without the line and column.
  const member = refusal.member.slice(0, 100);
  const message = `Could not find member '${member}' on object of type '${refusal.objectType}'. Path '${refusal.path}.${member}'.`;
  return refuseResource({ kind: 'memberUnknown', details: [{ code: 'InvalidJson', message }] });
}

/** A member that Azure has and Postern does not: only `null` is accepted. */
export const unsupported: Shape<never> = (value) => wrong(value, 'null, because this is not supported here');

/** The members of a value that should be an object; empty for anything else. */
export function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The members except these. */
export function without(members: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}
