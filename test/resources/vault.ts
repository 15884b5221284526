import type { VaultRecord } from '../../src/types/vault.ts';

/** A vault `KV` as it is stored; soft-deleted where that is given. */
export function deletedVault(incarnation: string, deleted: VaultRecord['deleted']): VaultRecord {
  return {
    name: 'KV',
    incarnation,
    subscriptionId: 's',
    resourceGroup: 'rg',
    location: 'westeurope',
    tags: {},
    properties: {
      tenantId: 't',
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [],
      softDeleteRetentionInDays: 7,
      enableRbacAuthorization: false,
      publicNetworkAccess: 'Enabled',
    },
    systemData: {
      createdBy: 'a',
      createdByType: 'Application',
      createdAt: '2026-12-01T00:00:00.000Z',
      lastModifiedBy: 'a',
      lastModifiedByType: 'Application',
      lastModifiedAt: '2026-12-01T00:00:00.000Z',
    },
    ...(deleted !== undefined && { deleted }),
  };
}
