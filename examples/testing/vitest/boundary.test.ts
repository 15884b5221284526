import { SecretClient } from '@azure/keyvault-secrets';
import { startPostern } from 'postern';
import type { Postern } from 'postern';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import world from '../world.json' with { type: 'json' };

let postern: Postern;
beforeAll(async () => {
  postern = await startPostern(world);
});
beforeEach(() => postern.reset());
afterAll(() => postern.stop());

test('the shop reads its password in its subnet', async () => {
  const from = postern.clientOptionsFrom('blue/web');
  const secrets = new SecretClient(postern.vaultUrl('app'), postern.credentialOf('shop'), from);
  expect((await secrets.getSecret('db-password')).value).toBe('hunter2');
});

test('nobody reads it from the internet, and the log has the reason', async () => {
  await postern.expectDenied({ vault: 'app', secret: 'db-password', from: '203.0.113.9' });
  const [record] = await postern.audit();
  expect(record).toMatchObject({
    operationName: 'SecretGet',
    callerIpAddress: '203.0.113.9',
    resultSignature: 'Forbidden',
  });
});
