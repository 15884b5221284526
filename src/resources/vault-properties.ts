import { part, readArray, readBoolean, readChoice, readObject, readString, refuse } from '../firewall/json.ts';
import type { Members, Read, Reader } from '../firewall/json.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import { validateNetworkAcls } from '../firewall/validate.ts';
import type { RequestedNetworkAcls } from '../firewall/validate.ts';
import type { VaultProperties } from '../types/vault.ts';
import { readAccessPolicies } from './access-policies.ts';
import { isGuid } from '../shape/guid.ts';
import { refuseResource } from './refusal.ts';
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

/** What the service makes and a client may send back, as az does: accepted and ignored. */
const readOnly: Members<RequestedProperties> = Object.fromEntries(
  ['vaultUri', 'provisioningState', 'hsmPoolResourceId', 'privateEndpointConnections'].map((name) => [
    name,
    () => ({ ok: true, value: {} }) as const,
  ]),
);

/** Reads `properties` of a vault's PUT or PATCH, up to the first problem in document order. A member that is not known is refused. */
export function readVaultProperties(value: unknown, profile: RuleProfile): Read<RequestedProperties> {
  const flag =
    (name: 'enabledForDeployment' | 'enabledForDiskEncryption' | 'enabledForTemplateDeployment') =>
    (given: unknown, path: string) =>
      part(readBoolean(given, path), (enabled) => ({ [name]: enabled }));
  return readObject<RequestedProperties>(value, 'properties', {
    ...readOnly,
    // In the case that a token's issuer has it, for the two are compared on every request.
    tenantId: (id, path) => part(readGuid(id, path), (tenantId) => ({ tenantId: tenantId.toLowerCase() })),
    sku: (sku, path) => part(readSku(sku, path), (read) => ({ sku: read })),
    accessPolicies: (policies, path) =>
      part(
        readArray(policies, path, (policy) => ({ ok: true, value: policy })),
        (accessPolicies) => ({ accessPolicies }),
      ),
    enabledForDeployment: flag('enabledForDeployment'),
    enabledForDiskEncryption: flag('enabledForDiskEncryption'),
    enabledForTemplateDeployment: flag('enabledForTemplateDeployment'),
    enableSoftDelete: (on, path) => part(readBoolean(on, path), (enableSoftDelete) => ({ enableSoftDelete })),
    softDeleteRetentionInDays: (days, path) =>
      part(readDays(days, path), (read) => ({ softDeleteRetentionInDays: read })),
    enableRbacAuthorization: (on, path) =>
      part(readBoolean(on, path), (enableRbacAuthorization) => ({ enableRbacAuthorization })),
    enablePurgeProtection: (on, path) =>
      part(readBoolean(on, path), (enablePurgeProtection) => ({ enablePurgeProtection })),
    createMode: (mode, path) =>
      part(readChoice(mode, path, ['default', 'recover'] as const), (createMode) => ({ createMode })),
    publicNetworkAccess: (word, path) =>
      part(readChoice(word, path, ['Enabled', 'Disabled']), (publicNetworkAccess) => ({ publicNetworkAccess })),
    networkAcls: (acls) => {
      const read = validateNetworkAcls(acls, profile);
      return read.ok ? { ok: true, value: { networkAcls: read.networkAcls } } : read;
    },
  });
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

const readGuid: Reader<string> = (value, path) => {
  const text = readString(value, path);
  if (!text.ok || isGuid(text.value)) return text;
  return refuse({ kind: 'wrongType', path, expected: 'a GUID', found: 'another text' });
};

const readDays: Reader<number> = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 7 && value <= 90
    ? { ok: true, value }
    : refuse({ kind: 'wrongType', path, expected: 'a whole number of days from 7 to 90', found: 'another value' });

function readSku(value: unknown, path: string): Read<VaultProperties['sku']> {
  const read = readObject<VaultProperties['sku']>(value, path, {
    family: (word, at) => part(readChoice(word, at, ['A'] as const), (family) => ({ family })),
    name: (word, at) => part(readChoice(word, at, ['standard', 'premium'] as const), (name) => ({ name })),
  });
  if (!read.ok) return read;
  const { name } = read.value;
  if (name === undefined) return refuse({ kind: 'missingMember', path, member: 'name' });
  return { ok: true, value: { family: 'A', name } };
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
