import { dropAssignments, readAuthorization } from '../../resources/authorization.ts';
import { deploymentKey, resourceGroupKey } from '../../resources/keys.ts';
import type { Place } from '../../resources/keys.ts';
import { encode, decode } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import { errorOf } from '../arm-error.ts';
import { forgetDeployment } from '../deployments/forget.ts';
import type { DeploymentRecord } from '../deployments/record.ts';
import type { Inner } from '../inner-request.ts';
import type { WorkEnd } from '../long-running/operation.ts';
import type { ArmError, OperationRecord } from '../long-running/record.ts';
import { contentsOf } from './contents.ts';

const batch = 100;

interface Deleting {
  readonly store: Store;
  readonly inner: Inner;
  readonly closing: () => boolean;
}

/**
 * The work of a group's deletion: deletes what is in it as the caller who asked for it, each with its own permission and
 * record, and then the group, with the role assignments at its scope: what the caller may do may rest on one of them.
 * What cannot be deleted stops it, and the group is one that is not being deleted again.
 */
export async function deleteGroupContents(record: OperationRecord, world: Deleting): Promise<WorkEnd> {
  const { subscriptionId } = record.behalf.subscription;
  const place = { subscriptionId, resourceGroup: record.subject['resourceGroup'] ?? '' };
  for (;;) {
    if (world.closing()) throw new Error('the server is ending');
    const contents = await contentsOf(world.store, place, batch);
    // Nothing is made in a group that is being deleted.
    if (contents.length === 0) break;
    for (const { id, apiVersion } of contents) {
      const deleted = await world.inner.perform(record.behalf, { method: 'DELETE', path: id, apiVersion });
      if (deleted.status < 400) continue;
      if (deleted.status === 500) throw new Error(`the resource ${id} could not be deleted`);
      const error = {
        code: 'ResourceGroupDeletionBlocked',
        message: `Deletion of resource group '${place.resourceGroup}' did not finish: the resource ${id} could not be deleted.`,
        details: [{ ...errorOf(deleted), target: id }],
      };
      return keepGroup(record, error, world.store);
    }
  }
  await forgetDeployments(place, world.store);
  const authorization = await readAuthorization(world.store, subscriptionId);
  const scope = record.resourceId.toLowerCase();
  const dropped = authorization === undefined ? undefined : dropAssignments(authorization, scope);
  const change = { ...dropped, delete: [...(dropped?.delete ?? []), resourceGroupKey(place)] };
  return { status: 'Succeeded', change };
}

async function forgetDeployments(place: Place, store: Store): Promise<void> {
  const prefix = deploymentKey(place.subscriptionId, place.resourceGroup);
  for (;;) {
    const [deployment] = await store.list({ prefix, limit: 1 });
    if (deployment === undefined) return;
    await forgetDeployment(store, decode<DeploymentRecord>(deployment).operationId);
    await store.transact({ delete: [deployment.key] });
  }
}

/** The end of a deletion that could not be done: the group can be used again. */
export async function keepGroup({ behalf, subject }: OperationRecord, error: ArmError, store: Store): Promise<WorkEnd> {
  const { subscriptionId } = behalf.subscription;
  const key = resourceGroupKey({ subscriptionId, resourceGroup: subject['resourceGroup'] ?? '' });
  const [record] = await store.read({ get: [key] });
  if (record === undefined) return { status: 'Failed', error };
  const { deleting: _, ...group } = decode<ResourceGroupRecord>(record);
  const require = [{ key, version: record.version }];
  return { status: 'Failed', error, change: { require, put: [{ key, value: encode(group) }] } };
}
