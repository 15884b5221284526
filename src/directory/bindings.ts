import { hash } from 'node:crypto';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import type { Put, Store, Transaction } from '../store/store.ts';
import { bindingKey, bindingPrefix, resourceBindingKey, resourceBindingPrefix, resourceIdentitiesKey } from './keys.ts';
import type { IdentityId } from './keys.ts';
import { findObject } from './objects.ts';
import type { ServicePrincipalRecord } from './records.ts';

/**
 * How a workload proves that it is a managed identity. A binding is either a secret header given to the workload (as in
 * App Service), or the private address that the ingress proved inside a subnet's incarnation (as for the instance
 * metadata of a machine).
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

/** The most identities that one workload may have; Azure gives the same limit for virtual machines. */
const identitiesMax = 100;

/** A managed identity of a workload. */
export interface BoundIdentity {
  readonly principal: ServicePrincipalRecord;
  /** The ARM id of the resource that the workload belongs to, if it has the identity by it. */
  readonly usedBy: string | undefined;
}

/** The identities of a workload with this binding: those bound to it directly, and those of the resource that it belongs to. */
export async function identitiesBoundTo(store: Store, binding: string): Promise<readonly BoundIdentity[]> {
  const prefix = bindingPrefix(binding);
  const edges = await store.list({ prefix, limit: identitiesMax });
  const own = edges.map(({ key }) => {
    const [tenantId = '', id = ''] = key.slice(prefix.length).split('/');
    return { tenantId, id, usedBy: undefined };
  });
  const ofResources = await identitiesOfResources(store, binding);
  const found = await Promise.all(
    [...own, ...ofResources].map(async ({ tenantId, id, usedBy }) => {
      const principal = await findObject(store, { tenantId, kind: 'servicePrincipal' }, id);
      return principal === undefined ? [] : [{ principal: principal.record, usedBy }];
    }),
  );
  return found.flat();
}

async function identitiesOfResources(
  store: Store,
  binding: string,
): Promise<readonly (IdentityId & { readonly usedBy: string })[]> {
  const edges = await listRecords(store, { prefix: resourceBindingPrefix(binding), limit: identitiesMax });
  if (edges.length === 0) return [];
  const records = await readRecords(store, { get: edges.map(({ value }) => resourceIdentitiesKey(value)) });
  return edges.flatMap(({ value: usedBy }, index) =>
    (records[index]?.value ?? []).map((identity) => ({ ...identity, usedBy })),
  );
}

/** Binds a workload to a resource (ARM id): it has whatever identities the resource has, now and later. */
export function putResourceBinding(binding: string, resourceId: string): Put {
  return recordPut(resourceBindingKey(binding, resourceId), resourceId);
}

/** Replaces the identities of a resource (ARM id). */
export function setResourceIdentities(resourceId: string, identities: readonly IdentityId[]): Transaction {
  const key = resourceIdentitiesKey(resourceId);
  return identities.length === 0 ? { delete: [key] } : { put: [recordPut(key, identities)] };
}
