import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { AzureBlobs } from '../../src/delivery/azure-blobs.ts';
import { Blobs } from '../../src/delivery/blobs.ts';
import { linesIn } from '../../src/delivery/line-head.ts';
import type { Piece } from '../../src/delivery/sink-state.ts';
import { freePort } from '../world/free-port.ts';
import { startAzurite } from './azurite.ts';

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

test('a container that is deleted under a sink is made again, also for what was written down before', async () => {
  await using azurite = await startAzurite();
  const { account: name, endpoint, sharedKey } = azurite;
  const open = () => new Blobs(new AzureBlobs({ name, endpoint, credential: sharedKey }, () => Date.now()));
  const shipmentOf = (number: number, pieces?: readonly Piece[]) => ({
    fileHead: 'head',
    records: [...linesIn(Buffer.from(recordLine(number)), 0)],
    pieces,
    writeDown: () => {},
  });
  const blobs = open();
  await blobs.deliver(shipmentOf(1));
  const [blob = ''] = (await azurite.blobs()).keys();
  await azurite.deleteContainer();
  await blobs.deliver(shipmentOf(2));
  assert.deepEqual([...(await azurite.blobs()).values()], [recordLine(2)], 'a sink that knew the blob');
  await azurite.deleteContainer();
  const piece = { base: blob, blob, at: recordLine(1).length, bytes: recordLine(3).length };
  await open().deliver(shipmentOf(3, [piece]));
  assert.deepEqual([...(await azurite.blobs()).values()], [recordLine(3)], 'a process that had begun a part');
});

test('of an answer no more is read than was asked for', async () => {
  const mebibyte = Buffer.alloc(1 << 20);
  const sent = { parts: 0 };
  const endless = (status: number) => async (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status);
    for (sent.parts = 0; sent.parts < 200 && !response.destroyed; sent.parts += 1) {
      if (!response.write(mebibyte)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  };
  const bytes = Buffer.alloc(10);
  for (const [status, refusal] of [
    [200, /^It refused to read a part of a blob: 200\.$/],
    [500, /^It refused to read a part of a blob: 500\.$/],
  ] as const) {
    await using service = await startService(endless(status));
    await assert.rejects(blobsAt(service.endpoint).has('a', 0, bytes), { name: 'DeliveryFailed', message: refusal });
    assert.ok(sent.parts < 100, `${sent.parts} MiB were taken from an answer of ${status}`);
  }
  await using service = await startService(endless(206));
  assert.equal(await blobsAt(service.endpoint).has('a', 0, bytes), false);
  assert.ok(sent.parts < 100, `${sent.parts} MiB were taken from a part`);
  await using right = await startService((_, response) => void response.writeHead(206).end(bytes));
  assert.equal(await blobsAt(right.endpoint).has('a', 0, bytes), true);
});

function recordLine(number: number): string {
  const time = '2026-01-31T12:00:00.0000000Z';
  const record = {
    time,
    resourceId: '/VAULTS/ONE',
    category: 'AuditEvent',
    correlationId: `${number}`,
    properties: {},
  };
  return `${JSON.stringify(record)}\n`;
}

/** A blob service that a test plays. */
async function startService(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
