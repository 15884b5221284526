import type { ControlOperation } from '../operation.ts';
import type { Change, List, VaultObjects } from './objects.ts';
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
import type { Collection } from './resource.ts';

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

/** The data plane's names of a key's properties. */
const dataPlaneNames = { keyOps: 'key_ops', keySize: 'key_size', curveName: 'crv', releasePolicy: 'release_policy' };

/** PUT of a key creates it; an existing key stays unchanged, whatever the body has. */
const createKeyIfNotExist: ControlOperation = {
  method: 'PUT',
  path: keyPath,
  action: 'Microsoft.KeyVault/vaults/keys/write',
  audit: 'KeyCreate',
  run: (call, { objects }) =>
    objectAnswer(call, { collection: 'keys', change: objects.createKey, body: objectBody(call, dataPlaneNames) }),
};

/** GET of one object. */
function getOf(
  collection: Collection,
  card: Pick<ControlOperation, 'path' | 'action' | 'audit'>,
  change: (objects: VaultObjects) => Change,
): ControlOperation {
  return {
    method: 'GET',
    ...card,
    run: (call, { objects }) => objectAnswer(call, { collection, change: change(objects) }),
  };
}

/** GET of a page of objects. */
function listOf(
  collection: Collection,
  card: Pick<ControlOperation, 'path' | 'action' | 'audit'>,
  list: (objects: VaultObjects) => List,
): ControlOperation {
  return { method: 'GET', ...card, run: (call, { objects }) => objectList(call, { collection, list: list(objects) }) };
}

const readSecret = 'Microsoft.KeyVault/vaults/secrets/read';
const readKey = 'Microsoft.KeyVault/vaults/keys/read';
const readKeyVersion = 'Microsoft.KeyVault/vaults/keys/versions/read';

/**
 * The secrets and keys of vaults as resources: control plane, so the vault's firewall does not apply. Secrets are shown
 * without their values, which only the data plane returns, and keys without their public keys.
 */
export const vaultObjectOperations: readonly ControlOperation[] = [
  createOrUpdateSecret,
  updateSecret,
  getOf('secrets', { path: secretPath, action: readSecret, audit: 'SecretGet' }, ({ getSecret }) => getSecret),
  listOf('secrets', { path: secretsPath, action: readSecret, audit: 'SecretList' }, ({ listSecrets }) => listSecrets),
  createKeyIfNotExist,
  getOf('keys', { path: keyPath, action: readKey, audit: 'KeyGet' }, ({ getKey }) => getKey),
  listOf('keys', { path: keysPath, action: readKey, audit: 'KeyList' }, ({ listKeys }) => listKeys),
  listOf(
    'keys',
    { path: keyVersionsPath, action: readKeyVersion, audit: 'KeyListVersions' },
    ({ listKeyVersions }) => listKeyVersions,
  ),
  getOf(
    'keys',
    { path: `${keyVersionsPath}/:version`, action: readKeyVersion, audit: 'KeyGet' },
    ({ getKey }) => getKey,
  ),
];
