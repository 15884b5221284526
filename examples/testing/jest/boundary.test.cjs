const { SecretClient } = require('@azure/keyvault-secrets');
const { startPostern } = require('postern');
const world = require('../world.json');

let postern;
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

test('nobody reads it from the internet', async () => {
  await postern.expectDenied({ vault: 'app', secret: 'db-password', from: '203.0.113.9' });
});
