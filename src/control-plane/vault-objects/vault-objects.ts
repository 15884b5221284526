import type { ControlOperation } from '../operation.ts';
import {
  objectAnswer,
  objectBody,
  secretPath,
  objectList,
  secretsPath,
  keyPath,
  keysPath,
  keyVersionsPath,
} from './resource.ts';

/** PUT of a secret, as templates deploy it: makes a version with the value, which is never returned. */
const createOrUpdateSecret: ControlOperation = {
  method: 'PUT',
  path: secretPath,
  action: 'Microsoft.KeyVault/vaults/secrets/write',
  audit: 'SecretSet',
  run: (call, { objects }) =>
    objectAnswer(call, { collection: 'secrets', change: objects.setSecret, body: objectBody(call) }),
};

/** PATCH of a secret: with a value it makes a version, without one it changes the current version. */
const updateSecret: ControlOperation = {
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

/** GET of a secret without its value, which only the data plane returns. */
const getSecret: ControlOperation = {
  method: 'GET',
  path: secretPath,
  action: 'Microsoft.KeyVault/vaults/secrets/read',
  audit: 'SecretGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'secrets', change: objects.getSecret }),
};

/** GET of the secrets, without their values. */
const listSecrets: ControlOperation = {
  method: 'GET',
  path: secretsPath,
  action: 'Microsoft.KeyVault/vaults/secrets/read',
  audit: 'SecretList',
  run: (call, { objects }) => objectList(call, { collection: 'secrets', list: objects.listSecrets }),
};

/** The data plane's names of a key's properties. */
const dataPlaneNames = { keyOps: 'key_ops', keySize: 'key_size', curveName: 'crv', releasePolicy: 'release_policy' };

/** PUT of a key creates it; an existing key stays unchanged, whatever the body says. */
const createKeyIfNotExist: ControlOperation = {
  method: 'PUT',
  path: keyPath,
  action: 'Microsoft.KeyVault/vaults/keys/write',
  audit: 'KeyCreate',
  run: (call, { objects }) =>
    objectAnswer(call, { collection: 'keys', change: objects.createKey, body: objectBody(call, dataPlaneNames) }),
};

/** GET of a key: properties of its current version, without the public key. */
const getKey: ControlOperation = {
  method: 'GET',
  path: keyPath,
  action: 'Microsoft.KeyVault/vaults/keys/read',
  audit: 'KeyGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'keys', change: objects.getKey }),
};

/** GET of the keys, each with its current version. */
const listKeys: ControlOperation = {
  method: 'GET',
  path: keysPath,
  action: 'Microsoft.KeyVault/vaults/keys/read',
  audit: 'KeyList',
  run: (call, { objects }) => objectList(call, { collection: 'keys', list: objects.listKeys }),
};

/** GET of the versions of a key. */
const listKeyVersions: ControlOperation = {
  method: 'GET',
  path: keyVersionsPath,
  action: 'Microsoft.KeyVault/vaults/keys/versions/read',
  audit: 'KeyListVersions',
  run: (call, { objects }) => objectList(call, { collection: 'keys', list: objects.listKeyVersions }),
};

/** GET of one version of a key. */
const getKeyVersion: ControlOperation = {
  method: 'GET',
  path: `${keyVersionsPath}/:version`,
  action: 'Microsoft.KeyVault/vaults/keys/versions/read',
  audit: 'KeyGet',
  run: (call, { objects }) => objectAnswer(call, { collection: 'keys', change: objects.getKey }),
};

/** The secrets and keys of vaults as resources: control plane, so the vault's firewall does not apply. */
export const vaultObjectOperations: readonly ControlOperation[] = [
  createOrUpdateSecret,
  updateSecret,
  getSecret,
  listSecrets,
  createKeyIfNotExist,
  getKey,
  listKeys,
  listKeyVersions,
  getKeyVersion,
];
