import { virtualNetworkKey, vaultIndexKey } from '../../resources/keys.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { groupPath, placeOf, readGroup } from './resource.ts';

/**
 * Deletes an empty group. Azure deletes what is in it too; here that is asked for explicitly, until it can be done as a
 * long-running operation that survives a restart.
 */
export const deleteResourceGroup: ControlOperation = {
  method: 'DELETE',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/delete',
  async run(call) {
    const found = await readGroup(call);
    if (!found.ok) return found;
    const place = placeOf(call);
    for (const prefix of [vaultIndexKey('vault-in', place), virtualNetworkKey(place)]) {
      const [inside] = await call.store.list({ prefix, limit: 1 });
      if (inside === undefined) continue;
      const message = `The resource group '${found.group.name}' is not empty: delete its key vaults and virtual networks first.`;
      return refuse({ kind: 'invalidProperty', message });
    }
    const { key, version } = found.record;
    return { ...answer(200), change: { require: [{ key, version }], delete: [key] } };
  },
};
