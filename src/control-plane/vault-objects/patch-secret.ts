import type { ControlOperation } from '../operation.ts';
import { objectAnswer, objectBody, secretPath } from './resource.ts';

/** PATCH of a secret: with a value it gets a version, without one the current version is changed. */
export const updateSecret: ControlOperation = {
  method: 'PATCH',
  path: secretPath,
  action: 'Microsoft.KeyVault/vaults/secrets/write',
  audit: 'SecretUpdate',
  run(call, { objects }) {
    const body = objectBody(call);
    const { setSecret, updateSecret: update } = objects;
    return objectAnswer(call, {
      collection: 'secrets',
      change: body['value'] === undefined ? update : setSecret,
      body,
    });
  },
};
