import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import { dataActionOf } from '../../src/access/data-actions.ts';
import { compileActions, hasAction } from '../../src/access/role-assignments.ts';
import type { Permission } from '../../src/types/operation.ts';

/** The permissions of each role according to Azure's documents, written as permissions of access policies. */
const granted: Readonly<Record<string, readonly Permission[]>> = {
  'Key Vault Secrets User': ['secrets/get', 'secrets/list'],
  'Key Vault Crypto Service Encryption User': ['keys/get', 'keys/list', 'keys/wrapKey', 'keys/unwrapKey'],
  'Key Vault Crypto Service Release User': ['keys/release'],
  'Key Vault Crypto User': [
    'keys/get',
    'keys/list',
    'keys/update',
    'keys/backup',
    'keys/encrypt',
    'keys/decrypt',
    'keys/wrapKey',
    'keys/unwrapKey',
    'keys/sign',
    'keys/verify',
  ],
  'Key Vault Reader': [
    'secrets/list',
    'keys/get',
    'keys/list',
    'keys/getrotationpolicy',
    'certificates/get',
    'certificates/list',
    'certificates/getissuers',
    'certificates/listissuers',
  ],
  'Key Vault Certificate User': [
    'secrets/get',
    'secrets/list',
    'keys/get',
    'keys/list',
    'certificates/get',
    'certificates/list',
  ],
};

const secrets: readonly Permission[] = [
  'secrets/get',
  'secrets/list',
  'secrets/set',
  'secrets/delete',
  'secrets/recover',
  'secrets/backup',
  'secrets/restore',
  'secrets/purge',
];
const keys: readonly Permission[] = [
  'keys/get',
  'keys/list',
  'keys/create',
  'keys/update',
  'keys/import',
  'keys/delete',
  'keys/recover',
  'keys/backup',
  'keys/restore',
  'keys/purge',
  'keys/encrypt',
  'keys/decrypt',
  'keys/wrapKey',
  'keys/unwrapKey',
  'keys/sign',
  'keys/verify',
  'keys/release',
  'keys/rotate',
  'keys/getrotationpolicy',
  'keys/setrotationpolicy',
];
const certificates: readonly Permission[] = [
  'certificates/get',
  'certificates/list',
  'certificates/create',
  'certificates/import',
  'certificates/update',
  'certificates/delete',
  'certificates/recover',
  'certificates/backup',
  'certificates/restore',
  'certificates/purge',
  'certificates/managecontacts',
  'certificates/getissuers',
  'certificates/listissuers',
  'certificates/setissuers',
  'certificates/deleteissuers',
  'certificates/manageissuers',
];
const every = [...secrets, ...keys, ...certificates];
const whole: Readonly<Record<string, readonly Permission[]>> = {
  ...granted,
  'Key Vault Administrator': every,
  'Key Vault Secrets Officer': secrets,
  'Key Vault Crypto Officer': keys,
  'Key Vault Certificates Officer': certificates,
};

test('each role gives exactly the documented permissions, and the roles for resources give none', () => {
  for (const { roleName, permissions } of builtInRoles.values()) {
    const allowed = compileActions(permissions.flatMap(({ dataActions }) => dataActions));
    const given = every.filter((permission) => hasAction(allowed, dataActionOf({ name: '', permission }).key));
    assert.deepEqual(
      given,
      every.filter((permission) => whole[roleName]?.includes(permission) ?? false),
      roleName,
    );
  }
});

test('permissions for issuers and contacts belong to the vault, all others to an object', () => {
  const ofVault = every.filter((permission) => !dataActionOf({ name: '', permission }).perObject);
  assert.deepEqual(ofVault, [
    'certificates/managecontacts',
    'certificates/getissuers',
    'certificates/listissuers',
    'certificates/setissuers',
    'certificates/deleteissuers',
    'certificates/manageissuers',
  ]);
  // A key's rotation policy belongs to the key.
  assert.ok(dataActionOf({ name: '', permission: 'keys/getrotationpolicy' }).perObject);
});

test('updating a secret has its own data action', () => {
  const update = dataActionOf({ name: 'SecretUpdate', permission: 'secrets/set' });
  assert.equal(update.name, 'Microsoft.KeyVault/vaults/secrets/update/action');
  const set = dataActionOf({ name: 'SecretSet', permission: 'secrets/set' });
  assert.equal(set.name, 'Microsoft.KeyVault/vaults/secrets/setSecret/action');
});

test('ids are GUIDs, and each name is unique', () => {
  const names = [...builtInRoles.values()].map(({ roleName }) => roleName);
  assert.equal(new Set(names).size, names.length);
  for (const [id, role] of builtInRoles) {
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(role.id, id);
  }
});
