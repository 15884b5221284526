import type { ControlOperation } from '../operation.ts';
import { keyPath, objectAnswer, objectBody } from './resource.ts';

/** How the data plane names what it is told of a key. */
const dataPlaneNames = { keyOps: 'key_ops', keySize: 'key_size', curveName: 'crv', releasePolicy: 'release_policy' };

/** PUT of a key makes it; one that is there stays as it is, whatever the body says. */
export const createKeyIfNotExist: ControlOperation = {
  method: 'PUT',
  path: keyPath,
  action: 'Microsoft.KeyVault/vaults/keys/write',
  audit: 'KeyCreate',
  run: (call, { objects }) =>
    objectAnswer(call, { collection: 'keys', change: objects.createKey, body: objectBody(call, dataPlaneNames) }),
};
