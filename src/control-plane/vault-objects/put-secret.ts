import type { ControlOperation } from '../operation.ts';
import { objectAnswer, objectBody, secretPath } from './resource.ts';

/** PUT of a secret, as templates deploy it: it gets a version with the value, which is never given back. */
export const createOrUpdateSecret: ControlOperation = {
  method: 'PUT',
  path: secretPath,
  action: 'Microsoft.KeyVault/vaults/secrets/write',
  audit: 'SecretSet',
  run: (call, { objects }) =>
    objectAnswer(call, { collection: 'secrets', change: objects.setSecret, body: objectBody(call) }),
};
