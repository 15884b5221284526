import { hash } from 'node:crypto';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import type { Put, Store, Transaction } from '../store/store.ts';
import { bindingKey, bindingPrefix, resourceBindingKey, resourceBindingPrefix, resourceIdentitiesKey } from './keys.ts';
import type { IdentityId } from './keys.ts';
import { findObject } from './objects.ts';
import type { ServicePrincipalRecord } from './records.ts';

/**
 * By what a workload proves that it is a managed identity. A binding is either a secret header that was put into the
 * workload (App Service's form), or the private address that the ingress proved inside a subnet's incarnation (the form
 * of a machine's instance metadata).
 */
export function headerBinding(identityHeader: string): string {
  return `header-${hash('sha256', identityHeader, 'hex')}`;
}

/** `incarnation` is the subnet's `resourceGuid`, `address` the workload's private one in its canonical form. */
export function workloadBinding(incarnation: string, address: string): string {
  return `subnet-${incarnation.toLowerCase()}-${address}`;
}

export function putBinding(binding: string, principal: IdentityId): Put {
  return recordPut(bindingKey(binding, principal), true);
}

/** So many identities one workload may have; Azure's virtual machines are told to stay below as well. */
const identitiesMax = 100;

/** The identities that whoever has this binding is: its own, and those that the resource has whose workload it is. */
export async function identitiesBoundTo(store: Store, binding: string): Promise<readonly ServicePrincipalRecord[]> {
  const prefix = bindingPrefix(binding);
  const edges = await store.list({ prefix, limit: identitiesMax });
  const own = edges.map(({ key }) => {
    const [tenantId = '', id = ''] = key.slice(prefix.length).split('/');
    return { tenantId, id };
  });
  const ofResources = await identitiesOfResources(store, binding);
  const found = await Promise.all(
    [...own, ...ofResources].map(({ tenantId, id }) => findObject(store, { tenantId, kind: 'servicePrincipal' }, id)),
  );
  return found.flatMap((principal) => (principal === undefined ? [] : [principal.record]));
}

async function identitiesOfResources(store: Store, binding: string): Promise<readonly IdentityId[]> {
  const edges = await listRecords(store, { prefix: resourceBindingPrefix(binding), limit: identitiesMax });
  if (edges.length === 0) return [];
  const records = await readRecords(store, { get: edges.map(({ value }) => resourceIdentitiesKey(value)) });
  return records.flatMap((record) => record?.value ?? []);
}

/** That whoever has the binding is the workload of a resource (ARM id), whatever identities that has or will have. */
export function putResourceBinding(binding: string, resourceId: string): Put {
  return recordPut(resourceBindingKey(binding, resourceId), resourceId);
}

/** Says which identities a resource has now (ARM id), in the place of those that it had. */
export function setResourceIdentities(resourceId: string, identities: readonly IdentityId[]): Transaction {
  const key = resourceIdentitiesKey(resourceId);
  return identities.length === 0 ? { delete: [key] } : { put: [recordPut(key, identities)] };
}
