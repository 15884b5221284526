import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { SecretClient } from '@azure/keyvault-secrets';
import { startPostern } from 'postern';

const world = {
  networks: { blue: { subnets: { web: '10.0.0.0/24' } } },
  identities: { shop: {} },
  vaults: {
    app: {
      rules: { defaultAction: 'Deny', ipRules: ['203.0.113.1'], virtualNetworkRules: ['blue/web'] },
      access: { shop: { secrets: ['get'] } },
      secrets: { 'db-password': 'hunter2' },
    },
  },
} as const;

test('rules that change are in force at once, and the log has who was denied', async () => {
  await using postern = await startPostern(world);
  await postern.expectAllowed({ vault: 'app', secret: 'db-password', from: 'blue/web', as: 'shop' });

  const { credential, subscriptionId, url, clientOptions } = postern;
  const management = new KeyVaultManagementClient(credential, subscriptionId, { endpoint: url, ...clientOptions });
  await management.vaults.update('demo', 'app', {
    properties: { networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [], virtualNetworkRules: [] } },
  });
  await postern.expectDenied({ vault: 'app', secret: 'db-password', from: 'blue/web', as: 'shop' });

  const denied = (await postern.audit()).find((record) => record.properties.verdict?.allowed === false);
  console.log(denied?.callerIpAddress, denied?.identity?.claim?.['xms_mirid'], denied?.properties.verdict?.because);
  assert.match(String(denied?.identity?.claim?.['xms_mirid']), /\/sites\/shop$/);
});

test('a deleted secret is purged when its retention ends', async () => {
  const config = { softDelete: { transitionMs: 0 } };
  await using postern = await startPostern({ ...world, clock: new Date('2027-01-01'), config });
  const secrets = new SecretClient(postern.vaultUrl('app'), postern.credential, postern.clientOptions);

  await (await secrets.beginDeleteSecret('db-password')).pollUntilDone();
  await postern.advance(90 * 24 * 60 * 60 * 1000); // It is purged.
  await assert.rejects(secrets.getDeletedSecret('db-password'), { statusCode: 404 });
});

test('a program of its own finds the vault', async () => {
  await using postern = await startPostern(world);
  const env = { ...postern.env, KEYVAULT_URL: postern.vaultUrl('app') };
  const program = spawn('node', ['app.js'], { env, stdio: 'inherit' });
  assert.deepEqual(await once(program, 'close'), [0, null]);
});
