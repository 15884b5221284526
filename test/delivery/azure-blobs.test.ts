import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AzureBlobs } from '../../src/delivery/azure-blobs.ts';
import { freePort } from '../world/server.ts';

const credential = '?sv=2021-12-02&sig=SECRET-SIGNATURE';

function blobsAt(endpoint: string): AzureBlobs {
  return new AzureBlobs({ name: 'seclogs', endpoint, credential }, () => 0);
}

test('no message about an account that cannot be asked has what its address or its credential holds', async () => {
  const port = await freePort();
  const reasons = [
    ['http://op:SECRET@127.0.0.1', 'TypeError'],
    ['http://127.0.0.1', 'ECONNREFUSED'],
  ] as const;
  for (const [endpoint, reason] of reasons) {
    await assert.rejects(blobsAt(`${endpoint}:${port}`).open('a'), {
      name: 'DeliveryFailed',
      message: `127.0.0.1:${port} does not answer (${reason}). Check audit.storageAccounts.`,
    });
  }
});
