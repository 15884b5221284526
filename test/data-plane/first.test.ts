import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../world/server.ts';

test('a secret is set from an allowed address and refused to another', async () => {
  await using world = await startServer();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  assert.equal((await client.arm('PUT', '/resourceGroups/rg', { location: 'westeurope' })).status, 201);
  const vault = await client.arm('PUT', '/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one', {
    location: 'westeurope',
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['all'] } }],
      networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: '203.0.113.7' }] },
    },
  });
  assert.equal(vault.status, 200, JSON.stringify(vault.body));
  const set = await client.vault('kv-one', 'PUT', '/secrets/a', { body: { value: 'v' }, from: '127.0.0.7' });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const got = await client.vault('kv-one', 'GET', '/secrets/a', { from: '127.0.0.7' });
  assert.equal(got.body['value'], 'v');
  const refused = await client.vault('kv-one', 'GET', '/secrets/a', { from: '127.0.0.8' });
  assert.equal(refused.status, 403);
});
