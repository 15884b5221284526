import { setResourceIdentities } from '../../directory/bindings.ts';
import { findObject, removeObject } from '../../directory/objects.ts';
import { createManagedIdentity } from '../../directory/service-principals.ts';
import { merge } from '../../store/store.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { resourceId } from '../keys.ts';

/** The ids of a managed identity; see `newIdentity`. */
interface IdentityIds {
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

/** A change of a service principal, for the directory's log. */
export interface PrincipalChange {
  readonly activity: 'Add service principal' | 'Update service principal' | 'Remove service principal';
  readonly id: string;
  readonly displayName: string;
}

export interface PrincipalsChanged {
  readonly change: Transaction;
  readonly principals: readonly PrincipalChange[];
}

const nothing: PrincipalsChanged = { change: {}, principals: [] };

interface PrincipalServices {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly tenantId: string;
}

/**
 * The changes in the directory that follow from a change of a resource. The service principal of the resource's own identity
 * is created and deleted with it, and its workload gets that identity and the user-assigned ones. `undefined`: the
 * resource did not exist before, or does not exist afterwards.
 */
export async function changePrincipals(
  { before, after }: { readonly before: ResourceRecord | undefined; readonly after: ResourceRecord | undefined },
  services: PrincipalServices,
): Promise<PrincipalsChanged> {
  const [had, has] = [ownIdentity(before), ownIdentity(after)];
  const changes: PrincipalsChanged[] = [];
  if (had !== undefined && had.principalId !== has?.principalId)
    changes.push(await removePrincipal(had, services.store));
  if (after !== undefined && has !== undefined) changes.push(await requirePrincipal(has, after, services));
  const resource = after ?? before;
  const [idsBefore, ids] = [before, after].map((record) => identitiesOf(record, services.tenantId));
  if (resource !== undefined && JSON.stringify(idsBefore) !== JSON.stringify(ids)) {
    changes.push({ change: setResourceIdentities(resourceId(resource), ids ?? []), principals: [] });
  }
  return mergePrincipals(changes);
}

export function mergePrincipals(changes: readonly PrincipalsChanged[]): PrincipalsChanged {
  return {
    change: merge(...changes.map(({ change }) => change)),
    principals: changes.flatMap(({ principals }) => principals),
  };
}

/** The identity of the resource itself: its system-assigned one, or the identity that the resource is. */
function ownIdentity(resource: ResourceRecord | undefined): IdentityIds | undefined {
  const { principalId, clientId, tenantId } = resource?.made ?? {};
  if (principalId === undefined || clientId === undefined || tenantId === undefined) return resource?.identity?.system;
  return { principalId, clientId, tenantId };
}

function identitiesOf(resource: ResourceRecord | undefined, tenantId: string) {
  const { system, user = {} } = resource?.identity ?? {};
  return [...(system === undefined ? [] : [system]), ...Object.values(user)].map(({ principalId }) => ({
    tenantId,
    id: principalId,
  }));
}

/** Creates the service principal if it does not exist. */
async function requirePrincipal(
  { principalId: id, clientId: appId, tenantId }: IdentityIds,
  resource: ResourceRecord,
  { store, now }: PrincipalServices,
): Promise<PrincipalsChanged> {
  const known = await findObject(store, { tenantId, kind: 'servicePrincipal' }, id);
  if (known !== undefined) return nothing;
  const displayName = resource.names.at(-1) ?? '';
  const identity = { id, tenantId, appId, displayName, resourceId: resourceId(resource) };
  const made = await createManagedIdentity(store, identity, now);
  // Cannot happen: its only name is a random GUID.
  if (!made.ok) throw new Error(`the service principal of a managed identity was refused: ${made.refusal.kind}`);
  return { change: made.change, principals: [{ activity: 'Add service principal', id, displayName }] };
}

async function removePrincipal({ principalId, tenantId }: IdentityIds, store: Store): Promise<PrincipalsChanged> {
  const stored = await findObject(store, { tenantId, kind: 'servicePrincipal' }, principalId);
  if (stored === undefined) return nothing;
  const { id, displayName } = stored.record;
  const change = await removeObject(store, 'servicePrincipal', stored);
  return { change, principals: [{ activity: 'Remove service principal', id, displayName }] };
}
