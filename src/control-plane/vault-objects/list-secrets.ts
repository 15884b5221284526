import type { ControlOperation } from '../operation.ts';
import { objectList, secretsPath } from './resource.ts';

/** GET of the secrets, without their values. */
export const listSecrets: ControlOperation = {
  method: 'GET',
  path: secretsPath,
  action: 'Microsoft.KeyVault/vaults/secrets/read',
  audit: 'SecretList',
  run: (call, { objects }) => objectList(call, { collection: 'secrets', list: objects.listSecrets }),
};
