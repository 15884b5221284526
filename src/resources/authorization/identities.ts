import { readRecords } from '../../store/records.ts';
import type { Requirement, Store } from '../../store/store.ts';
import type { ResourceIdentity } from '../../types/resource.ts';
import { isResourceGroupName, parseScope, resourceKey } from '../keys.ts';
import { membersOf, refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import { knownTypes } from '../any/resource-types.ts';

interface IdentityServices {
  readonly store: Store;
  readonly newId: () => string;
  readonly tenantId: string;
  readonly linkedRefusal: LinkedRefusal;
  /** The ARM id of the resource. */
  readonly by: string;
}

interface ReadIdentity {
  readonly identity: ResourceIdentity | undefined;
  readonly require: readonly Requirement[];
}

/** The action on a user-assigned identity that giving it to a resource needs (built-in-roles, "Managed Identity Operator"). */
const assignAction = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

const types: ReadonlySet<string> = new Set(['none', 'systemassigned', 'userassigned', 'systemassigned,userassigned']);

/**
 * Reads the `identity` of a resource. A system-assigned identity is created with the resource and kept until it is no longer
 * requested. A user-assigned one must exist, and its ids are copied; to add one, the caller must be allowed to assign it, because
 * whoever runs the resource's workload then has its permissions.
 */
export async function readIdentity(
  value: unknown,
  before: ResourceIdentity | undefined,
  services: IdentityServices,
): Promise<ResourceOutcome<ReadIdentity>> {
  const { type, userAssignedIdentities } = membersOf(value);
  if (value === undefined || value === null) return { ok: true, value: { identity: undefined, require: [] } };
  const words = typeof type === 'string' ? type.toLowerCase().replaceAll(' ', '') : '';
  if (typeof type !== 'string' || !types.has(words)) {
    return invalid("identity.type must be 'None', 'SystemAssigned', 'UserAssigned' or 'SystemAssigned, UserAssigned'.");
  }
  if (words === 'none') return { ok: true, value: { identity: undefined, require: [] } };
  const ids = Object.entries(membersOf(userAssignedIdentities)).filter(([, given]) => given !== null);
  const wantsUser = words.includes('userassigned');
  if (wantsUser !== ids.length > 0) {
    return invalid(
      "identity.userAssignedIdentities must name at least one identity when identity.type has 'UserAssigned', and none when it has not.",
    );
  }
  const user: Record<string, { readonly principalId: string; readonly clientId: string }> = {};
  const require: Requirement[] = [];
  for (const [id] of ids) {
    const found = await readUserAssigned(id, services.store);
    const refusal = has(before, id, found?.ids.principalId) ? undefined : services.linkedRefusal(assignAction, id);
    if (refusal !== undefined) return refuseResource(refusal);
    if (found === undefined) return refuseResource({ kind: 'referenceInvalid', id, by: services.by });
    user[id] = found.ids;
    require.push(found.requirement);
  }
  const system = words.startsWith('systemassigned') ? (before?.system ?? newIdentity(services)) : undefined;
  const identity = { type, ...(system !== undefined && { system }), ...(wantsUser && { user }) };
  return { ok: true, value: { identity, require } };
}

/** Whether the resource has this user-assigned identity already. One that was made again under the same id is another one. */
function has(before: ResourceIdentity | undefined, id: string, principalId: string | undefined): boolean {
  const all = Object.entries(before?.user ?? {});
  return all.some(([known, ids]) => known.toLowerCase() === id.toLowerCase() && ids.principalId === principalId);
}

/** The ids of a new managed identity. */
export function newIdentity({ newId, tenantId }: Pick<IdentityServices, 'newId' | 'tenantId'>) {
  return { principalId: newId(), clientId: newId(), tenantId };
}

async function readUserAssigned(id: string, store: Store) {
  const scope = parseScope(id);
  const { type, names = [], subscriptionId = '', resourceGroup = '' } = scope ?? {};
  if (type?.toLowerCase() !== knownTypes.userAssignedIdentity.toLowerCase()) return undefined;
  if (!isResourceGroupName(resourceGroup)) return undefined;
  const [record] = await readRecords(store, { get: [resourceKey({ subscriptionId, resourceGroup }, type, names)] });
  if (record === undefined) return undefined;
  const { principalId = '', clientId = '' } = record.value.made;
  return { ids: { principalId, clientId }, requirement: { key: record.key, version: record.version } };
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
