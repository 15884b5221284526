import { placeholderKey } from '../../resources/storage-accounts.ts';
import { knownTypes } from '../../resources/resource-types.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, placeOf } from '../resource-groups/resource.ts';
import { readNamed } from '../resources/resource.ts';

interface KeyList {
  readonly type: string;
  readonly operation: string;
  readonly show: (resource: ResourceRecord) => unknown;
}

/** The keys that az and Terraform ask for with a resource. They open nothing, for no such service is here. */
const keyLists: readonly KeyList[] = [
  {
    type: knownTypes.storageAccount,
    operation: 'listKeys',
    show: ({ guid, createdTime }) => ({
      keys: ['key1', 'key2'].map((keyName) => ({
        creationTime: createdTime,
        keyName,
        value: placeholderKey(guid, keyName),
        permissions: 'FULL',
      })),
    }),
  },
  {
    type: 'Microsoft.OperationalInsights/workspaces',
    operation: 'sharedKeys',
    show: ({ guid }) => ({
      primarySharedKey: placeholderKey(guid, 'primary'),
      secondarySharedKey: placeholderKey(guid, 'secondary'),
    }),
  },
];

export const listKeys: readonly ControlOperation[] = keyLists.map(({ type, operation, show }) => ({
  method: 'POST',
  path: `${groupPath}/providers/${type}/:resource/${operation}`,
  action: `${type}/${operation}/action`,
  async run(call) {
    const found = await readNamed(call, { ...placeOf(call), type, names: [call.params['resource'] ?? ''] });
    return found.ok ? answer(200, show(found.resource)) : found;
  },
}));
