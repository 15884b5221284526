import type { RuleProfile } from '../firewall/profiles.ts';
import type { RuleBreach } from '../firewall/refusal.ts';
import { networkAclsOf } from '../firewall/validate.ts';
import type { RequestedNetworkAcls } from '../firewall/validate.ts';
import { accept, wrong } from '../shape/fault.ts';
import { isGuid } from '../shape/guid.ts';
import { anything, array, boolean, choice, each, ignored, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { VaultProperties } from '../types/vault.ts';
import { readAccessPolicies } from './access-policies.ts';
import { readAt, refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

/** A vault's properties as a request gives them: validated one by one, rules not yet bound to subnets. */
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
  // In the case that a token's issuer has it, for the two are compared on every request.
  isGuid(id) ? accept(id.toLowerCase()) : wrong(id, 'a GUID'),
);

const retentionDays: Shape<number> = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 7 && value <= 90
    ? accept(value)
    : wrong(value, 'a whole number of days from 7 to 90');

/** `properties` of a vault's PUT or PATCH. */
function requestedProperties(profile: RuleProfile): Shape<RequestedProperties, RuleBreach> {
  return object({
    // What the service makes and a client may send back, as az does.
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

/** Reads `properties` of a vault's PUT or PATCH. */
export function readVaultProperties(value: unknown, profile: RuleProfile): ResourceOutcome<RequestedProperties> {
  return readAt(requestedProperties(profile), value, 'properties');
}

/**
 * The properties of a vault after a request: what it gives, over what was (`before`, for PATCH) or over the defaults
 * (for PUT), with the rules that concern several properties or the past.
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

/** What cannot be switched off; of purge protection Azure refuses that of a new vault as well (azure-rest-api-specs#18106). */
function irreversible(requested: RequestedProperties, before: VaultProperties | undefined): string | undefined {
  if (requested.enableSoftDelete === false) return before === undefined ? alwaysSoftDelete : softDeleteStays;
  return requested.enablePurgeProtection === false ? purgeProtectionStays : undefined;
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
