import { hash } from 'node:crypto';
import { encode } from '../store/store.ts';
import type { Put, Store } from '../store/store.ts';
import { bindingKey, bindingPrefix } from './keys.ts';
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

export function putBinding(binding: string, principal: Pick<ServicePrincipalRecord, 'tenantId' | 'id'>): Put {
  return { key: bindingKey(binding, principal), value: encode(true) };
}

/** So many identities one workload may have; Azure's virtual machines are told to stay below as well. */
const identitiesMax = 100;

/** The identities that whoever has this binding is. */
export async function identitiesBoundTo(store: Store, binding: string): Promise<readonly ServicePrincipalRecord[]> {
  const prefix = bindingPrefix(binding);
  const edges = await store.list({ prefix, limit: identitiesMax });
  const found = await Promise.all(
    edges.map(async ({ key }) => {
      const [tenantId = '', id = ''] = key.slice(prefix.length).split('/');
      return findObject(store, { tenantId, kind: 'servicePrincipal' }, id);
    }),
  );
  return found.flatMap((principal) => (principal === undefined ? [] : [principal.record]));
}
