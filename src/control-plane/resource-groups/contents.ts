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
import { forgetDeployment } from '../deployments/deployments.ts';
import type { WorkEnd, ArmError, OperationRecord } from '../long-running/operation.ts';

/** A resource of a group, by its id, with an api-version that its operations take. */
interface Content {
  readonly id: string;
  readonly apiVersion: string;
}

/** Where the resources of a group are found, one row for each type. */
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
  // In the order of their types, so that NAT gateways go before the public addresses that they have.
  (store, place, limit) => resourcesOf(store, resourcePrefix(place, undefined), limit),
];

function resourcesOf(store: Store, prefix: Prefix<ResourceRecord>, limit: number): Promise<readonly Content[]> {
  return firstOf({ store, prefix, limit }, (found) =>
    found.map((record) => ({ id: resourceId(record.value), apiVersion: '2024-05-01' })),
  );
}

/** At most `limit` resources of each kind in the group; none of a kind while there are more of the one before, which may refer to it. */
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
 * The work of a group's deletion: deletes what is in it as the caller who asked for it, each with its own permission and
 * record, and then the group, with the role assignments at its scope: what the caller may do may rest on one of them.
 * What cannot be deleted stops it, and the group is one that is not being deleted again.
 */
export async function deleteGroupContents(record: OperationRecord, services: DeletionServices): Promise<WorkEnd> {
  const { subscriptionId } = record.behalf.subscription;
  const place = { subscriptionId, resourceGroup: record.subject['resourceGroup'] ?? '' };
  for (;;) {
    if (services.closing()) throw new Error('the server is ending');
    const contents = await contentsOf(services.store, place, batch);
    // Nothing is made in a group that is being deleted.
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
  await forgetDeployments(place, services.store);
  const authorization = await readAuthorization(services.store, subscriptionId);
  const scope = record.resourceId.toLowerCase();
  const dropped = authorization === undefined ? undefined : deleteAssignmentsBelow(authorization, scope);
  const change = { ...dropped, delete: [...(dropped?.delete ?? []), resourceGroupKey(place)] };
  return { status: 'Succeeded', change };
}

async function forgetDeployments(place: Place, store: Store): Promise<void> {
  const prefix = deploymentKey(place.subscriptionId, place.resourceGroup);
  for (;;) {
    const [deployment] = await listRecords(store, { prefix, limit: 1 });
    if (deployment === undefined) return;
    await forgetDeployment(store, deployment.value.operationId);
    await store.transact({ delete: [deployment.key] });
  }
}

/** The end of a deletion that could not be done: the group can be used again. */
export async function keepGroup({ behalf, subject }: OperationRecord, error: ArmError, store: Store): Promise<WorkEnd> {
  const { subscriptionId } = behalf.subscription;
  const key = resourceGroupKey({ subscriptionId, resourceGroup: subject['resourceGroup'] ?? '' });
  const [record] = await readRecords(store, { get: [key] });
  if (record === undefined) return { status: 'Failed', error };
  const { deleting: _, ...group } = record.value;
  const require = [{ key, version: record.version }];
  return { status: 'Failed', error, change: { require, put: [recordPut(key, group)] } };
}
