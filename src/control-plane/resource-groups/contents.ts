import {
  resourceId,
  resourcePrefix,
  virtualNetworkId,
  virtualNetworkKey,
  vaultId,
  vaultIndexKey,
  vaultKey,
  resourceGroupKey,
} from '../../resources/keys.ts';
import type { Place } from '../../resources/keys.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { deploymentKey } from '../keys.ts';
import type { Prefix } from '../../store/keys.ts';
import { firstOf } from '../list.ts';
import { deleteAssignmentsBelow, readAuthorization } from '../../resources/authorization/authorization.ts';
import { errorOf } from '../inner.ts';
import type { Inner } from '../inner.ts';
import { deleteDeploymentOperations } from '../deployments/deployments.ts';
import type { WorkEnd, ArmError, OperationRecord } from '../long-running/operation.ts';

/** The id of a resource in a group, and an api-version that its operations accept. */
interface Content {
  readonly id: string;
  readonly apiVersion: string;
}

/** How to list the resources of a group: a row for each kind of record, resources that refer to others first. */
const kinds: readonly ((store: Store, place: Place, limit: number) => Promise<readonly Content[]>)[] = [
  (store, place, limit) =>
    firstOf({ store, prefix: vaultIndexKey('vault-in', place), limit }, async (found) => {
      const records = await readRecords(store, {
        get: found.map(({ key }) => vaultKey(key.slice(key.lastIndexOf('/') + 1))),
      });
      return records.flatMap((record) =>
        record === undefined ? [] : [{ id: vaultId(record.value), apiVersion: '2023-07-01' }],
      );
    }),
  (store, place, limit) => resourcesOf(store, resourcePrefix(place, knownTypes.privateEndpoint), limit),
  (store, place, limit) =>
    firstOf({ store, prefix: virtualNetworkKey(place), limit }, (found) =>
      found.map((record) => ({ id: virtualNetworkId(record.value), apiVersion: '2024-05-01' })),
    ),
  // In the order of their types, so that NAT gateways are deleted before their public addresses.
  (store, place, limit) => resourcesOf(store, resourcePrefix(place, undefined), limit),
];

function resourcesOf(store: Store, prefix: Prefix<ResourceRecord>, limit: number): Promise<readonly Content[]> {
  return firstOf({ store, prefix, limit }, (found) =>
    found.map((record) => ({ id: resourceId(record.value), apiVersion: '2024-05-01' })),
  );
}

/**
 * At most `limit` resources of each kind in the group. If a kind has more, the later kinds are left out, because those
 * resources may refer to them.
 */
export async function contentsOf(store: Store, place: Place, limit: number): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (const kind of kinds) {
    const found = await kind(store, place, limit);
    contents.push(...found);
    if (found.length === limit) break;
  }
  return contents;
}

const batch = 100;

interface DeletionServices {
  readonly store: Store;
  readonly inner: Inner;
  readonly closing: () => boolean;
}

/**
 * The work of deleting a group: deletes its resources as the caller who requested it, each with its own permission
 * check and record, then the group and the role assignments at its scope. These go last, because the caller's
 * permissions may depend on them. A resource that cannot be deleted ends the work, and the group can be used again.
 */
export async function deleteGroupContents(record: OperationRecord, services: DeletionServices): Promise<WorkEnd> {
  const { subscriptionId } = record.behalf.subscription;
  const place = { subscriptionId, resourceGroup: record.subject['resourceGroup'] ?? '' };
  for (;;) {
    if (services.closing()) throw new Error('the server is shutting down');
    const contents = await contentsOf(services.store, place, batch);
    // Nothing is created in a group that is being deleted, so it stays empty.
    if (contents.length === 0) break;
    for (const { id, apiVersion } of contents) {
      const deleted = await services.inner.perform(record.behalf, { method: 'DELETE', path: id, apiVersion });
      if (deleted.status < 400) continue;
      if (deleted.status === 500) throw new Error(`the resource ${id} could not be deleted`);
      const error = {
        code: 'ResourceGroupDeletionBlocked',
        message: `Deletion of resource group '${place.resourceGroup}' did not finish: the resource ${id} could not be deleted.`,
        details: [{ ...errorOf(deleted), target: id }],
      };
      return keepGroup(record, error, services.store);
    }
  }
  await deleteDeployments(place, services.store);
  const authorization = await readAuthorization(services.store, subscriptionId);
  const scope = record.resourceId.toLowerCase();
  const dropped = authorization === undefined ? undefined : deleteAssignmentsBelow(authorization, scope);
  const change = { ...dropped, delete: [...(dropped?.delete ?? []), resourceGroupKey(place)] };
  return { status: 'Succeeded', change };
}

async function deleteDeployments(place: Place, store: Store): Promise<void> {
  const prefix = deploymentKey(place.subscriptionId, place.resourceGroup);
  for (;;) {
    const [deployment] = await listRecords(store, { prefix, limit: 1 });
    if (deployment === undefined) return;
    await deleteDeploymentOperations(store, deployment.value.operationId);
    await store.transact({ delete: [deployment.key] });
  }
}

/** Ends a deletion that failed: the group can be used again. */
export async function keepGroup({ behalf, subject }: OperationRecord, error: ArmError, store: Store): Promise<WorkEnd> {
  const { subscriptionId } = behalf.subscription;
  const key = resourceGroupKey({ subscriptionId, resourceGroup: subject['resourceGroup'] ?? '' });
  const [record] = await readRecords(store, { get: [key] });
  if (record === undefined) return { status: 'Failed', error };
  const { deleting: _, ...group } = record.value;
  const require = [{ key, version: record.version }];
  return { status: 'Failed', error, change: { require, put: [recordPut(key, group)] } };
}
