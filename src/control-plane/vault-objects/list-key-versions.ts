import type { ControlOperation } from '../operation.ts';
import { keyVersionsPath, objectList } from './resource.ts';

/** GET of the versions of a key. */
export const listKeyVersions: ControlOperation = {
  method: 'GET',
  path: keyVersionsPath,
  action: 'Microsoft.KeyVault/vaults/keys/versions/read',
  audit: 'KeyListVersions',
  run: (call, { objects }) => objectList(call, { collection: 'keys', list: objects.listKeyVersions }),
};
