import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putVault } from '../data-plane/vaults.ts';
import { startNodes } from '../world/nodes.ts';
import { until } from '../world/process.ts';

test('token keys that one node rotates verify on the other at once, and revoked ones no more', async () => {
  await using nodes = await startNodes(['a', 'b']);
  const { a, b } = nodes.of;
  await putVault(a.client, 'kv-tokens');
  const before = await a.client.token('vault');
  const get = (token: string) => b.client.vault('kv-tokens', 'GET', '/secrets', { token });
  assert.equal((await get(before)).status, 200);
  await a.server.signingKeys.rotate();
  const token = await a.client.token(`https://vault.azure.net`);
  assert.equal((await get(token)).status, 200);
  assert.equal((await get(before)).status, 200);
  await a.server.signingKeys.rotate({ revoke: true });
  await until(async () => (await get(before)).status === 401, 'the end of the revoked key on the other node');
  assert.equal((await get(token)).status, 401);
});

test('invented key ids make few reads', async () => {
  await using nodes = await startNodes(['a']);
  const { server, folder } = nodes.of.a;
  let reads = 0;
  const list = folder.store.list.bind(folder.store);
  folder.store.list = (request) => {
    if (request.prefix.startsWith('authority/signing-key/')) reads += 1;
    return list(request);
  };
  const found = await Promise.all(
    Array.from({ length: 500 }, (_, at) => server.signingKeys.lookUp(String(at).padStart(43, 'x'))),
  );
  assert.ok(found.every((key) => key === undefined));
  assert.equal(await server.signingKeys.lookUp('too short'), undefined);
  assert.equal(reads, 1);
});
