import type { ControlOperation } from '../operation.ts';
import { keyVersionsPath, objectAnswer } from './resource.ts';

/** GET of one version of a key. */
export const getKeyVersion: ControlOperation = {
  method: 'GET',
  path: `${keyVersionsPath}/:version`,
  action: 'Microsoft.KeyVault/vaults/keys/versions/read',
  audit: 'KeyGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'keys', change: objects.getKey }),
};
