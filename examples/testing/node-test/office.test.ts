import { test } from 'node:test';
import { startPostern } from 'postern';

test('only the office reads the password', async () => {
  await using postern = await startPostern({
    vaults: { app: { rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'] }, secrets: { password: 'hunter2' } } },
  });
  await postern.expectAllowed({ vault: 'app', secret: 'password', from: '203.0.113.7' });
  await postern.expectDenied({ vault: 'app', secret: 'password', from: '203.0.113.8' });
});
