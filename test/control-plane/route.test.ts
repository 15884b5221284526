import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer } from '../../src/control-plane/operation.ts';
import type { ControlOperation } from '../../src/control-plane/operation.ts';
import { routerOf } from '../../src/control-plane/request.ts';
import { idSegments } from '../../src/resources/keys.ts';

const card = (method: ControlOperation['method'], path: string): ControlOperation => ({
  method,
  path,
  action: path,
  run: async () => answer(200),
});

const operations = [
  card('PUT', '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup'),
  card('GET', '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup'),
  card('PUT', '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/:namespace/:type/:name'),
  card(
    'PUT',
    '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/Microsoft.KeyVault/vaults/:vault',
  ),
  card('PUT', '{scope}/providers/Microsoft.Authorization/locks/:lock'),
];

const find = routerOf(operations);

test('an operation is found by its path, without case, the one with more fixed segments first', () => {
  const rows: readonly (readonly [string, string | undefined, object])[] = [
    ['/SUBSCRIPTIONS/s/resourcegroups/a%20b', operations[0]?.path, { subscriptionId: 's', resourceGroup: 'a%20b' }],
    [
      '/subscriptions/s//resourceGroups/g/providers/microsoft.keyvault/VAULTS/kv/',
      operations[3]?.path,
      { subscriptionId: 's', resourceGroup: 'g', vault: 'kv' },
    ],
    [
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/accounts/a',
      operations[2]?.path,
      { subscriptionId: 's', resourceGroup: 'g', namespace: 'Microsoft.Storage', type: 'accounts', name: 'a' },
    ],
    [
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv/providers/microsoft.authorization/locks/l',
      operations[4]?.path,
      {
        subscriptionId: 's',
        scope: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv',
        lock: 'l',
      },
    ],
    [
      '/subscriptions/s/providers/Microsoft.Authorization/locks/l',
      operations[4]?.path,
      { subscriptionId: 's', scope: '/subscriptions/s', lock: 'l' },
    ],
    ['/providers/Microsoft.Authorization/locks/l', undefined, {}],
    ['/subscriptions/s/resourceGroups', undefined, {}],
    ['/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv/more', undefined, {}],
    ['/', undefined, {}],
  ];
  for (const [path, expected, params] of rows) {
    const found = find('PUT', idSegments(path));
    assert.equal(found?.operation.path, expected, path);
    assert.deepEqual(found?.params ?? {}, params, path);
  }
  assert.equal(find('GET', idSegments('/subscriptions/s/resourceGroups/g'))?.operation, operations[1]);
  assert.equal(find('DELETE', idSegments('/subscriptions/s/resourceGroups/g')), undefined);
});
