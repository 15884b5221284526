import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServerWith } from '../world/server.ts';

test('the resource manager asks for https only (RFC 6797) under a domain, and not for the whole of localhost', async () => {
  for (const [options, expected] of [
    [['--domain', 'postern.test'], 'max-age=31536000; includeSubDomains'],
    [[], undefined],
  ] as const) {
    await using world = await startServerWith({ options });
    const { status, headers } = await world.client.arm('GET', '/resourceGroups');
    assert.deepEqual([status, headers['strict-transport-security']], [200, expected]);
  }
});
