import type { ControlOperation } from '../operation.ts';
import { keyPath, objectAnswer } from './resource.ts';

/** GET of a key: what everybody may know of its current version, but not the public key. */
export const getKey: ControlOperation = {
  method: 'GET',
  path: keyPath,
  action: 'Microsoft.KeyVault/vaults/keys/read',
  audit: 'KeyGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'keys', change: objects.getKey }),
};
