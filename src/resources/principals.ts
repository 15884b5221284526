import { together } from '../directory/applications.ts';
import { setResourceIdentities } from '../directory/bindings.ts';
import { findObject, removeObject } from '../directory/objects.ts';
import { createManagedIdentity } from '../directory/service-principals.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { ResourceRecord } from '../types/resource.ts';
import { resourceId } from './keys.ts';

/** The ids of a managed identity; see `newIdentity`. */
interface IdentityIds {
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

interface PrincipalsWorld {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly tenantId: string;
}

/**
 * What a change of a resource changes in the directory: the service principal of an identity that it has itself comes and
 * goes with it, and its workload has its identities and those that are lent to it. `undefined`: the resource was, or is, not
 * there.
 */
export async function changePrincipals(
  { before, after }: { readonly before: ResourceRecord | undefined; readonly after: ResourceRecord | undefined },
  world: PrincipalsWorld,
): Promise<Transaction> {
  const [had, has] = [ownIdentity(before), ownIdentity(after)];
  const changes: Transaction[] = [];
  if (had !== undefined && had.principalId !== has?.principalId) changes.push(await removePrincipal(had, world.store));
  if (after !== undefined && has !== undefined) changes.push(await requirePrincipal(has, after, world));
  const resource = after ?? before;
  const [idsBefore, ids] = [before, after].map((record) => identitiesOf(record, world.tenantId));
  if (resource !== undefined && JSON.stringify(idsBefore) !== JSON.stringify(ids)) {
    changes.push(setResourceIdentities(resourceId(resource), ids ?? []));
  }
  return together(...changes);
}

/** The identity that is the resource's own: its system-assigned one, or that which it is. */
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

/** Makes it where it is not there. */
async function requirePrincipal(
  { principalId: id, clientId: appId, tenantId }: IdentityIds,
  resource: ResourceRecord,
  { store, now }: PrincipalsWorld,
): Promise<Transaction> {
  const known = await findObject(store, { tenantId, kind: 'servicePrincipal' }, id);
  if (known !== undefined) return {};
  const displayName = resource.names.at(-1) ?? '';
  const identity = { id, tenantId, appId, displayName, resourceId: resourceId(resource) };
  const made = await createManagedIdentity(store, identity, now);
  // Its only name is a random GUID.
  if (!made.ok) throw new Error(`the service principal of a managed identity was refused: ${made.refusal.kind}`);
  return made.change;
}

async function removePrincipal({ principalId, tenantId }: IdentityIds, store: Store): Promise<Transaction> {
  const stored = await findObject(store, { tenantId, kind: 'servicePrincipal' }, principalId);
  return stored === undefined ? {} : removeObject(store, 'servicePrincipal', stored);
}
