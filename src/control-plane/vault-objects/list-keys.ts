import type { ControlOperation } from '../operation.ts';
import { keysPath, objectList } from './resource.ts';

/** GET of the keys, each by its current version. */
export const listKeys: ControlOperation = {
  method: 'GET',
  path: keysPath,
  action: 'Microsoft.KeyVault/vaults/keys/read',
  audit: 'KeyList',
  run: (call, { objects }) => objectList(call, { collection: 'keys', list: objects.listKeys }),
};
