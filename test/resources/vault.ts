import type { VaultProperties, VaultRecord } from '../../src/types/vault.ts';

/** The record of a vault `KV`, soft-deleted if `deleted` is given. */
export function deletedVault(incarnation: string, deleted: VaultRecord['deleted']): VaultRecord {
  const properties = { ...defaults, softDeleteRetentionInDays: 7 };
  return { ...vaultRecord('KV', properties), incarnation, ...(deleted !== undefined && { deleted }) };
}

/** The properties of a vault without rules. */
const defaults: VaultProperties = {
  tenantId: '10000000-0000-0000-0000-00000000000a',
  sku: { family: 'A', name: 'standard' },
  accessPolicies: [],
  softDeleteRetentionInDays: 90,
  enableRbacAuthorization: false,
  publicNetworkAccess: 'Enabled',
};

/** The record of a vault, with the incarnation `life-of-NAME`. */
export function vaultRecord(name: string, properties: Partial<VaultProperties> = {}): VaultRecord {
  return {
    name,
    incarnation: `life-of-${name}`,
    subscriptionId: 's',
    resourceGroup: 'rg',
    location: 'westeurope',
    tags: {},
    properties: { ...defaults, ...properties },
    systemData: {
      createdBy: 'a',
      createdByType: 'Application',
      createdAt: '2026-12-01T00:00:00.000Z',
      lastModifiedBy: 'a',
      lastModifiedByType: 'Application',
      lastModifiedAt: '2026-12-01T00:00:00.000Z',
    },
  };
}
