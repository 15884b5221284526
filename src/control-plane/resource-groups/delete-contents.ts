import { deploymentKey, resourceGroupKey } from '../../resources/keys.ts';
import { encode, decode } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import { errorOf } from '../arm-error.ts';
import { forgetDeployment } from '../deployments/forget.ts';
import type { DeploymentRecord } from '../deployments/record.ts';
import type { Inner } from '../inner-request.ts';
import type { WorkEnd } from '../long-running/operation.ts';
import type { OperationRecord } from '../long-running/record.ts';
import type { Turns } from '../../http/turns.ts';
import { contentsOf } from './contents.ts';

const batch = 100;

interface Deleting {
  readonly store: Store;
  readonly inner: Inner;
  readonly turns: Turns;
  readonly closing: () => boolean;
}

/**
 * The work of a group's deletion: deletes what is in it as the caller who asked for it, each with its own permission and
 * record, and then the group. What cannot be deleted stops it, and the group is one that is not being deleted again.
 */
export async function deleteGroupContents(record: OperationRecord, world: Deleting): Promise<WorkEnd> {
  const { subscriptionId } = record.behalf.subscription;
  const place = { subscriptionId, resourceGroup: record.subject['resourceGroup'] ?? '' };
  for (;;) {
    if (world.closing()) throw new Error('the server is ending');
    const contents = await contentsOf(world.store, place, batch);
    for (const { id, apiVersion } of contents) {
      const deleted = await world.inner.perform(record.behalf, { method: 'DELETE', path: id, apiVersion });
      if (deleted.status < 400) continue;
      const error = {
        code: 'ResourceGroupDeletionBlocked',
        message: `Deletion of resource group '${place.resourceGroup}' did not finish: the resource ${id} could not be deleted.`,
        details: [{ ...errorOf(deleted), target: id }],
      };
      return { status: 'Failed', error, ...(await keepGroup(place, world.store)) };
    }
    if (contents.length === 0) {
      const gone = await world.turns.take(subscriptionId, () => deleteEmpty(place, world.store));
      if (gone) return { status: 'Succeeded' };
    }
  }
}

/** The group itself and the deployments in it, if nothing was made in it meanwhile. */
async function deleteEmpty(place: { subscriptionId: string; resourceGroup: string }, store: Store): Promise<boolean> {
  if ((await contentsOf(store, place, 1)).length > 0) return false;
  for (;;) {
    const [deployment] = await store.list({
      prefix: deploymentKey(place.subscriptionId, place.resourceGroup),
      limit: 1,
    });
    if (deployment === undefined) break;
    await forgetDeployment(store, decode<DeploymentRecord>(deployment).operationId);
    await store.transact({ delete: [deployment.key] });
  }
  await store.transact({ delete: [resourceGroupKey(place)] });
  return true;
}

async function keepGroup(
  place: { subscriptionId: string; resourceGroup: string },
  store: Store,
): Promise<Pick<WorkEnd, 'change'>> {
  const [record] = await store.read({ get: [resourceGroupKey(place)] });
  if (record === undefined) return {};
  const { deleting: _, ...group } = decode<ResourceGroupRecord>(record);
  return { change: { put: [{ key: record.key, value: encode(group) }] } };
}
