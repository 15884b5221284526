import { permissionNames } from '../../access/permission-names.ts';
import type { RuleProfile } from '../../types/firewall.ts';
import type { RuleBreach } from '../../firewall/refusal.ts';
import { networkAclsOf } from '../../firewall/validate.ts';
import type { RequestedNetworkAcls } from '../../firewall/validate.ts';
import { accept, wrong } from '../../shape/fault.ts';
import {
  anything,
  array,
  boolean,
  choice,
  each,
  ignored,
  isGuid,
  object,
  optional,
  refine,
  string,
} from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { AccessPolicy, AccessPolicyPermissions } from '../../types/access-policy.ts';
import type { VaultProperties } from '../../types/vault.ts';
import { readAt, refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';

const collections = ['keys', 'secrets', 'certificates', 'storage'] as const;

/** The most policies of a vault (assign-access-policy.md). */
const policiesMax = 1024;

/** Reads `properties.accessPolicies`. Every policy must have the vault's tenant. */
export function readAccessPolicies(value: unknown, tenantId: string): ResourceOutcome<readonly AccessPolicy[]> {
  const path = 'properties.accessPolicies';
  const read = readAt(array(accessPolicy), value, path);
  if (!read.ok) return read;
  if (read.value.length > policiesMax)
    return invalid(`${path} has ${read.value.length} entries; at most ${policiesMax} are allowed.`);
  for (const [index, policy] of read.value.entries()) {
    for (const name of ['tenantId', 'objectId', 'applicationId'] as const) {
      const id = policy[name];
      if (id === undefined || isGuid(id)) continue;
      return invalid(`Invalid value found at ${path}[${index}].${name}: '${id}' is not a GUID.`);
    }
    if (policy.tenantId.toLowerCase() !== tenantId.toLowerCase()) {
      return invalid(
        `Invalid value found at ${path}[${index}].tenantId: ${policy.tenantId} is not the vault's tenant ${tenantId}; all access policies of a vault must have its tenant.`,
      );
    }
  }
  return { ok: true, value: read.value };
}

type Policies = readonly AccessPolicy[];

/** `add` adds permissions, `remove` removes them, `replace` replaces those of the same object (vaults/accessPolicies). */
export const accessPolicyUpdates: ReadonlyMap<string, (before: Policies, named: Policies) => Policies> = new Map([
  ['add', (before, named) => named.reduce((policies, policy) => mergeOne(policies, policy, union), before)],
  [
    'replace',
    (before, named) => named.reduce((policies, policy) => mergeOne(policies, policy, (_, names) => names), before),
  ],
  ['remove', (before, named) => named.reduce(removeOne, before)],
] satisfies [string, (before: Policies, named: Policies) => Policies][]);

/** A policy without permissions is removed. */
function removeOne(policies: Policies, policy: AccessPolicy): Policies {
  if (!policies.some((other) => sameIdentity(other, policy))) return policies;
  return mergeOne(policies, policy, difference).filter(
    (other) =>
      !sameIdentity(other, policy) ||
      collections.some((collection) => (other.permissions[collection]?.length ?? 0) > 0),
  );
}

function mergeOne(
  policies: readonly AccessPolicy[],
  policy: AccessPolicy,
  combine: (before: readonly string[], named: readonly string[]) => readonly string[],
): readonly AccessPolicy[] {
  const index = policies.findIndex((other) => sameIdentity(other, policy));
  const before = policies[index];
  if (before === undefined) return [...policies, policy];
  const permissions: Record<string, readonly string[]> = {};
  for (const collection of collections) {
    const [had, named] = [before.permissions[collection], policy.permissions[collection]];
    if (had !== undefined || named !== undefined) permissions[collection] = combine(had ?? [], named ?? []);
  }
  return policies.with(index, { ...before, permissions });
}

function sameIdentity(one: AccessPolicy, other: AccessPolicy): boolean {
  return (
    one.objectId.toLowerCase() === other.objectId.toLowerCase() &&
    one.applicationId?.toLowerCase() === other.applicationId?.toLowerCase()
  );
}

function union(before: readonly string[], named: readonly string[]): readonly string[] {
  return [...before, ...difference(named, before)];
}

function difference(from: readonly string[], names: readonly string[]): readonly string[] {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  return from.filter((name) => !taken.has(name.toLowerCase()));
}

/** Names of permissions in any case. They are stored and returned as they were sent. */
function permissionsOf(collection: keyof AccessPolicyPermissions): Shape<readonly string[]> {
  const known = choice(permissionNames[collection]);
  return array(
    refine(string, (name) => {
      const read = known(name);
      return read.ok ? accept(name) : read;
    }),
  );
}

const accessPolicy: Shape<AccessPolicy> = object({
  tenantId: string,
  objectId: string,
  applicationId: optional(string),
  permissions: object({
    secrets: optional(permissionsOf('secrets')),
    keys: optional(permissionsOf('keys')),
    certificates: optional(permissionsOf('certificates')),
    storage: optional(permissionsOf('storage')),
  }),
});

/** A vault's properties in a request: validated one by one, with rules not yet bound to subnets. */
export type RequestedProperties = Partial<
  Omit<VaultProperties, 'networkAcls' | 'accessPolicies' | 'enablePurgeProtection'>
> & {
  readonly networkAcls?: RequestedNetworkAcls;
  readonly accessPolicies?: readonly unknown[];
  readonly enableSoftDelete?: boolean;
  readonly enablePurgeProtection?: boolean;
  readonly createMode?: 'default' | 'recover';
};

const tenantGuid = refine(string, (id) =>
  // In lower case, as in a token's issuer: the two are compared on every request.
  isGuid(id) ? accept(id.toLowerCase()) : wrong(id, 'a GUID'),
);

const retentionDays: Shape<number> = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 7 && value <= 90
    ? accept(value)
    : wrong(value, 'a whole number of days from 7 to 90');

/** The `properties` of a vault's PUT or PATCH. */
function requestedProperties(profile: RuleProfile): Shape<RequestedProperties, RuleBreach> {
  return object({
    // Set by the service; a client may send them back, as az does.
    ...each(['vaultUri', 'provisioningState', 'hsmPoolResourceId', 'privateEndpointConnections'], ignored),
    tenantId: optional(tenantGuid),
    sku: optional(object({ family: optional(choice(['A']), 'A'), name: choice(['standard', 'premium']) })),
    accessPolicies: optional(array(anything)),
    ...each(
      ['enabledForDeployment', 'enabledForDiskEncryption', 'enabledForTemplateDeployment', 'enableSoftDelete'],
      optional(boolean),
    ),
    softDeleteRetentionInDays: optional(retentionDays),
    ...each(['enableRbacAuthorization', 'enablePurgeProtection'], optional(boolean)),
    createMode: optional(choice(['default', 'recover'])),
    publicNetworkAccess: optional(choice(['Enabled', 'Disabled'])),
    networkAcls: optional(networkAclsOf(profile)),
  });
}

/** Reads the `properties` of a vault's PUT or PATCH. */
export function readVaultProperties(value: unknown, profile: RuleProfile): ResourceOutcome<RequestedProperties> {
  return readAt(requestedProperties(profile), value, 'properties');
}

/**
 * A vault's properties after a request: the given ones over the previous ones (`before`, for PATCH) or the defaults (for PUT),
 * checked against the rules about several properties or earlier values.
 */
export function mergeProperties(
  requested: Omit<RequestedProperties, 'networkAcls'>,
  state: { readonly before: VaultProperties | undefined; readonly base: Partial<VaultProperties> },
): ResourceOutcome<Omit<VaultProperties, 'networkAcls'>> {
  const { accessPolicies, enableSoftDelete: _, enablePurgeProtection, createMode: __, ...given } = requested;
  const { networkAcls: ___, ...base } = state.base;
  const { before } = state;
  const refusal = irreversible(requested, before);
  if (refusal !== undefined) return invalid(refusal);
  const merged = { ...base, ...given, ...(enablePurgeProtection === true && { enablePurgeProtection }) };
  const { tenantId, sku } = merged;
  if (tenantId === undefined)
    return invalid('The property "tenantId" is missing: give the tenant whose tokens the vault accepts.');
  if (sku === undefined) return invalid('The property "sku" is missing: give {"family":"A","name":"standard"}.');
  const days = merged.softDeleteRetentionInDays ?? before?.softDeleteRetentionInDays ?? 90;
  if (before !== undefined && days !== before.softDeleteRetentionInDays) {
    return invalid('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.');
  }
  const policies = readAccessPolicies(accessPolicies ?? base.accessPolicies ?? [], tenantId);
  if (!policies.ok) return policies;
  return {
    ok: true,
    value: {
      ...merged,
      tenantId,
      sku,
      accessPolicies: policies.value,
      softDeleteRetentionInDays: days,
      enableRbacAuthorization: merged.enableRbacAuthorization ?? false,
      publicNetworkAccess: merged.publicNetworkAccess ?? 'Enabled',
    },
  };
}

const alwaysSoftDelete =
  'The property "enableSoftDelete" cannot be set to false: every vault has soft delete. Leave it out or set it to true.';
const softDeleteStays =
  'The property "enableSoftDelete" can be set to false only for creating new vault. Enabling the \'soft delete\' functionality is an irreversible action.';
const purgeProtectionStays =
  'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.';

/** Properties that cannot be switched off. Azure refuses this for purge protection of a new vault too (azure-rest-api-specs#18106). */
function irreversible(requested: RequestedProperties, before: VaultProperties | undefined): string | undefined {
  if (requested.enableSoftDelete === false) return before === undefined ? alwaysSoftDelete : softDeleteStays;
  return requested.enablePurgeProtection === false ? purgeProtectionStays : undefined;
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
