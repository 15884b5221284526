import { unservedSuffix } from '../../http/host.ts';
import type { NameSet } from '../../http/host.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import { membersOf } from '../../resources/refusal.ts';
import type { ResourceRecord } from '../../types/resource.ts';

/** What a service that is not here would have made for a resource: beside `properties`, and in them. */
interface Shown {
  readonly envelope?: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

const shownByType: Readonly<Record<string, (resource: ResourceRecord, names: NameSet) => Shown>> = {
  [knownTypes.storageAccount.toLowerCase()]: storageAccountShown,
  'microsoft.operationalinsights/workspaces': ({ guid, createdTime, changedTime }) => ({
    properties: { customerId: guid, createdDate: createdTime, modifiedDate: changedTime },
  }),
};

/**
 * What clients read of resources whose service is not here: without an account's endpoints and tier neither az nor
 * Terraform go on. The endpoints are names below our own domain that nobody serves, so that no client is sent to Azure.
 */
export function otherServiceShown(resource: ResourceRecord, names: NameSet): Shown {
  const { envelope = {}, properties } = shownByType[resource.type.toLowerCase()]?.(resource, names) ?? {
    properties: {},
  };
  return { envelope, properties: { ...properties, provisioningState: 'Succeeded' } };
}

/** The PUTs that Azure answers with 200 also when they create; some clients accept nothing else. */
const createdWith200: ReadonlySet<string> = new Set([
  knownTypes.storageAccount.toLowerCase(),
  'microsoft.eventhub/namespaces/eventhubs',
  'microsoft.eventhub/namespaces/eventhubs/consumergroups',
  'microsoft.eventhub/namespaces/authorizationrules',
]);

export function createdStatus({ type }: ResourceRecord): 200 | 201 {
  return createdWith200.has(type.toLowerCase()) ? 200 : 201;
}

function storageAccountShown(
  { names: [name = ''], envelope, createdTime, location }: ResourceRecord,
  names: NameSet,
): Shown {
  const sku = membersOf(envelope['sku']);
  const skuName = typeof sku['name'] === 'string' ? sku['name'] : '';
  const endpoints = ['blob', 'dfs', 'file', 'queue', 'table', 'web'].map((service) => [
    service,
    `https://${name}.${service}.${unservedSuffix(names, 'storage')}/`,
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
