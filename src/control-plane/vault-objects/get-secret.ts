import type { ControlOperation } from '../operation.ts';
import { objectAnswer, secretPath } from './resource.ts';

/** GET of a secret: all but its value, which the data plane alone discloses. */
export const getSecret: ControlOperation = {
  method: 'GET',
  path: secretPath,
  action: 'Microsoft.KeyVault/vaults/secrets/read',
  audit: 'SecretGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'secrets', change: objects.getSecret }),
};
