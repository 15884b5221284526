import { storageAccountNameKey, resourceId } from '../../resources/keys.ts';
import { isStorageAccountName, placeholderKey } from '../../resources/storage-accounts.ts';
import { accountNameInvalid, accountNameTaken } from './errors.ts';
import { nameCheck } from '../name-availability.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { answer, orRefuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import { groupPath, placeOf } from '../resource-groups/resource-groups.ts';
import { readNamed, genericResource, resourceServices } from '../resources/resource.ts';
import { putResource, readResource } from '../../resources/any/any-resource.ts';

const checkStorageAccountName = nameCheck({
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Storage/checkNameAvailability',
  action: 'Microsoft.Storage/checknameavailability/read',
  isName: isStorageAccountName,
  keyOf: storageAccountNameKey,
  invalid: accountNameInvalid,
  taken: accountNameTaken,
});

interface KeyList {
  readonly type: string;
  readonly operation: string;
  readonly show: (resource: ResourceRecord) => unknown;
}

/** The keys that az and Terraform request with a resource. They are placeholders: no service here accepts them. */
const keyLists: readonly KeyList[] = [
  {
    type: knownTypes.storageAccount,
    operation: 'listKeys',
    show: ({ guid, createdTime }) => ({
      keys: ['key1', 'key2'].map((keyName) => ({
        creationTime: createdTime,
        keyName,
        value: placeholderKey(guid, keyName),
        permissions: 'FULL',
      })),
    }),
  },
  {
    type: 'Microsoft.OperationalInsights/workspaces',
    operation: 'sharedKeys',
    show: ({ guid }) => ({
      primarySharedKey: placeholderKey(guid, 'primary'),
      secondarySharedKey: placeholderKey(guid, 'secondary'),
    }),
  },
];

const listKeys: readonly ControlOperation[] = keyLists.map(({ type, operation, show }) => ({
  method: 'POST',
  path: `${groupPath}/providers/${type}/:resource/${operation}`,
  action: `${type}/${operation}/action`,
  async run(call) {
    const { resource } = await readNamed(call, { ...placeOf(call), type, names: [call.params['resource'] ?? ''] });
    return answer(200, show(resource));
  },
}));

const cors = { corsRules: [] };

/**
 * The services of an account, with the default properties of each (recorded: azure-cli
 * `test_storage_account_default_service_properties`). Settings are stored as sent; the services themselves do not exist
 * here.
 */
const services: Readonly<Record<string, ResourceRecord['properties']>> = {
  blobServices: { cors, deleteRetentionPolicy: { enabled: false } },
  fileServices: { cors, protocolSettings: { smb: {} }, shareDeleteRetentionPolicy: { enabled: true, days: 7 } },
  queueServices: { cors },
  tableServices: { cors },
};

const serviceOperations: readonly ControlOperation[] = Object.keys(services).flatMap((service) => {
  const path = `${groupPath}/providers/${knownTypes.storageAccount}/:account/${service}/default`;
  const action = `${knownTypes.storageAccount}/${service}`;
  return [
    { method: 'GET', path, action: `${action}/read`, run: (call) => getService(call, service) },
    { method: 'PUT', path, action: `${action}/write`, run: (call, given) => setService(call, service, given) },
  ];
});

function namesOf(call: ControlCall, service: string) {
  const [place, account] = [placeOf(call), call.params['account'] ?? ''];
  return {
    account: { ...place, type: knownTypes.storageAccount, names: [account] },
    service: { ...place, type: `${knownTypes.storageAccount}/${service}`, names: [account, 'default'] },
  };
}

async function getService(call: ControlCall, service: string): Promise<ControlOutcome> {
  const names = namesOf(call, service);
  const { resource: account } = await readNamed(call, names.account);
  const stored = await readResource(names.service, call.store);
  const { sku } = { sku: undefined, ...genericResource(account, call.names) };
  return answer(200, { sku, ...serviceResource(account, service, stored?.value.properties ?? {}) });
}

/** PUT of a service's properties; 200 also for the first, as on Azure. */
async function setService(call: ControlCall, service: string, given: ControlServices): Promise<ControlOutcome> {
  const names = namesOf(call, service);
  const { resource: account } = await readNamed(call, names.account);
  const { resource, change, principals } = orRefuse(
    await putResource(names.service, { properties: call.body['properties'] }, resourceServices(call, given)),
  );
  return { ...answer(200, serviceResource(account, service, resource.properties)), change, principals };
}

function serviceResource(account: ResourceRecord, service: string, properties: ResourceRecord['properties']) {
  return {
    id: `${resourceId(account)}/${service}/default`,
    name: 'default',
    type: `${account.type}/${service}`,
    properties: { ...services[service], ...properties },
  };
}

/** Every operation on storage accounts and workspaces besides those on any resource. */
export const storageOperations: readonly ControlOperation[] = [
  checkStorageAccountName,
  ...listKeys,
  ...serviceOperations,
];
