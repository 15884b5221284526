import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import { dataActionOf } from '../../src/access/data-actions.ts';
import { compileActions, hasAction } from '../../src/access/role-assignments.ts';
import type { Permission } from '../../src/types/operation.ts';

/** What the documents say that a role's holder may do, as permissions of access policies say it. */
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

test('each role gives exactly the permissions that the documents say, and those of resources give none', () => {
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

test("issuers and contacts are the vault's, everything else is of an object", () => {
  const ofVault = every.filter((permission) => !dataActionOf({ name: '', permission }).ofObject);
  assert.deepEqual(ofVault, [
    'certificates/managecontacts',
    'certificates/getissuers',
    'certificates/listissuers',
    'certificates/setissuers',
    'certificates/deleteissuers',
    'certificates/manageissuers',
  ]);
  // A policy of keys is the key's.
  assert.ok(dataActionOf({ name: '', permission: 'keys/getrotationpolicy' }).ofObject);
});

test('an update of a secret has a data action of its own', () => {
  const update = dataActionOf({ name: 'SecretUpdate', permission: 'secrets/set' });
  assert.equal(update.name, 'Microsoft.KeyVault/vaults/secrets/update/action');
  const set = dataActionOf({ name: 'SecretSet', permission: 'secrets/set' });
  assert.equal(set.name, 'Microsoft.KeyVault/vaults/secrets/setSecret/action');
});

test('ids are GUIDs and names are told apart', () => {
  const names = [...builtInRoles.values()].map(({ roleName }) => roleName);
  assert.equal(new Set(names).size, names.length);
  for (const [id, role] of builtInRoles) {
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(role.id, id);
  }
});
