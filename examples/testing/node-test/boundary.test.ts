import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import { startPostern } from 'postern';

test('the shop reads its password in its subnet, and nowhere else', async () => {
  await using postern = await startPostern({
    networks: { blue: { subnets: { web: '10.0.0.0/24' } } },
    identities: { shop: {} },
    vaults: {
      app: {
        rules: { defaultAction: 'Deny', virtualNetworkRules: ['blue/web'] },
        access: { shop: { secrets: ['get'] } },
        secrets: { 'db-password': 'hunter2' },
      },
    },
  });

  // Your own code, with the client that it would use on Azure.
  const secrets = new SecretClient(
    postern.vaultUrl('app'),
    postern.credentialOf('shop'),
    postern.clientOptionsFrom('blue/web'),
  );
  assert.equal((await secrets.getSecret('db-password')).value, 'hunter2');

  await postern.expectDenied({ vault: 'app', secret: 'db-password', from: '203.0.113.9' });
});
