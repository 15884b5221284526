import type { NameSet } from '../../http/host.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import { membersOf } from '../../resources/refusal.ts';
import type { ResourceRecord } from '../../types/resource.ts';

/** The members that a service which does not exist here would add to a resource: next to `properties` and in them. */
interface AddedMembers {
  readonly envelope?: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

const addedByType: Readonly<Record<string, (resource: ResourceRecord, names: NameSet) => AddedMembers>> = {
  [knownTypes.storageAccount.toLowerCase()]: storageAccountMembers,
  'microsoft.operationalinsights/workspaces': ({ guid, createdTime, changedTime }) => ({
    properties: { customerId: guid, createdDate: createdTime, modifiedDate: changedTime },
  }),
};

/**
 * The members that clients need of resources whose service does not exist here: az and Terraform stop without a storage
 * account's endpoints and tier. Nothing serves the endpoints' names, and no client is sent to Azure.
 */
export function otherServiceMembers(resource: ResourceRecord, names: NameSet): AddedMembers {
  const { envelope = {}, properties } = addedByType[resource.type.toLowerCase()]?.(resource, names) ?? {
    properties: {},
  };
  return { envelope, properties: { ...properties, provisioningState: 'Succeeded' } };
}

/** The types whose PUT Azure answers with 200 also for a new resource; some clients accept only that. */
const createdWith200: ReadonlySet<string> = new Set([
  knownTypes.storageAccount.toLowerCase(),
  'microsoft.eventhub/namespaces/eventhubs',
  'microsoft.eventhub/namespaces/eventhubs/consumergroups',
  'microsoft.eventhub/namespaces/authorizationrules',
]);

export function createdStatus({ type }: ResourceRecord): 200 | 201 {
  return createdWith200.has(type.toLowerCase()) ? 200 : 201;
}

function storageAccountMembers(
  { names: [name = ''], envelope, createdTime, location }: ResourceRecord,
  { cloud }: NameSet,
): AddedMembers {
  const sku = membersOf(envelope['sku']);
  const skuName = typeof sku['name'] === 'string' ? sku['name'] : '';
  const endpoints = ['blob', 'dfs', 'file', 'queue', 'table', 'web'].map((service) => [
    service,
    `https://${name}.${service}.${cloud.storage}/`,
  ]);
  return {
    envelope: skuName === '' ? {} : { sku: { tier: skuName.split('_')[0], ...sku } },
    properties: {
      creationTime: createdTime,
      keyCreationTime: { key1: createdTime, key2: createdTime },
      privateEndpointConnections: [],
      primaryEndpoints: Object.fromEntries(endpoints),
      primaryLocation: location,
      statusOfPrimary: 'available',
    },
  };
}
