import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { startServer } from './postern.mjs';

test('the application is not let in from here', async () => {
  await using postern = await startServer();
  const credential = new ClientSecretCredential(postern.tenantId, postern.clientId, postern.clientSecret, {
    authorityHost: postern.home,
    disableInstanceDiscovery: true,
  });
  const secrets = new SecretClient(`https://demo${postern.vaultSuffix}`, credential);
  await assert.rejects(secrets.getSecret('greeting'), { statusCode: 403, message: /Client address: 203\.0\.113\.1\r/ });
});
