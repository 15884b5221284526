import { putVault } from '../../resources/vaults.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, locationMissing, locationOf, refuse, tagsOf } from '../outcome.ts';
import { placeOf } from '../resource-groups/resource.ts';
import { vaultPath, vaultResource, vaultsContext } from './resource.ts';

/** From this version on a new vault leaves its data plane to role assignments unless it says otherwise (access-control-default.md). */
const rbacByDefaultFrom = '2026-02-01';

/** PUT of a vault: 200 also when it is created, as recorded of Azure. */
export const createOrUpdateVault: ControlOperation = {
  method: 'PUT',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPut',
  async run(call) {
    const location = locationOf(call.body);
    if (location === undefined) return refuse(locationMissing);
    const put = await putVault(
      {
        ...placeOf(call),
        name: call.params['vault'] ?? '',
        location,
        tags: tagsOf(call.body),
        properties: call.body['properties'],
        rbacByDefault: call.apiVersion >= rbacByDefaultFrom,
      },
      vaultsContext(call),
    );
    if (!put.ok) return put;
    return { ...answer(200, vaultResource(put.value.vault, call.names)), change: put.value.change };
  },
};
