import { putResource } from '../../resources/any-resource.ts';
import { resourceId } from '../../resources/keys.ts';
import { knownTypes } from '../../resources/resource-types.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, placeOf } from '../resource-groups/resource.ts';
import { anyResource, readNamed, resourcesContext } from '../resources/resource.ts';

const cors = { corsRules: [] };

/**
 * The services of an account, and what each has before anybody sets something (recorded: azure-cli
 * `test_storage_account_default_service_properties`). They are kept as they are sent, and none of them runs here.
 */
const services: Readonly<Record<string, ResourceRecord['properties']>> = {
  blobServices: { cors, deleteRetentionPolicy: { enabled: false } },
  fileServices: { cors, protocolSettings: { smb: {} }, shareDeleteRetentionPolicy: { enabled: true, days: 7 } },
  queueServices: { cors },
  tableServices: { cors },
};

export const serviceOperations: readonly ControlOperation[] = Object.keys(services).flatMap((service) => {
  const path = `${groupPath}/providers/${knownTypes.storageAccount}/:account/${service}/default`;
  const action = `${knownTypes.storageAccount}/${service}`;
  return [
    { method: 'GET', path, action: `${action}/read`, run: (call) => getService(call, service) },
    { method: 'PUT', path, action: `${action}/write`, run: (call) => setService(call, service) },
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
  const account = await readNamed(call, names.account);
  if (!account.ok) return account;
  const stored = await readNamed(call, names.service);
  const { sku } = { sku: undefined, ...anyResource(account.resource, call.names) };
  const shown = serviceResource(account.resource, service, stored.ok ? stored.resource.properties : {});
  return answer(200, { sku, ...shown });
}

/** PUT of what a request says of a service; 200 also for the first, as on Azure. */
async function setService(call: ControlCall, service: string): Promise<ControlOutcome> {
  const names = namesOf(call, service);
  const account = await readNamed(call, names.account);
  if (!account.ok) return account;
  const put = await putResource(names.service, { properties: call.body['properties'] }, resourcesContext(call));
  if (!put.ok) return put;
  const { resource, change, principals } = put.value;
  return { ...answer(200, serviceResource(account.resource, service, resource.properties)), change, principals };
}

function serviceResource(account: ResourceRecord, service: string, properties: ResourceRecord['properties']) {
  return {
    id: `${resourceId(account)}/${service}/default`,
    name: 'default',
    type: `${account.type}/${service}`,
    properties: { ...services[service], ...properties },
  };
}
