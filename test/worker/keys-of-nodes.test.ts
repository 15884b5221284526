import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unavailable } from '../../src/store/store.ts';
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

test('a node that cannot follow the changes of others takes no token of a key that one of them has revoked', async () => {
  await using nodes = await startNodes(['a', 'b']);
  const { a, b } = nodes.of;
  await putVault(a.client, 'kv-revoked');
  let asked = 0;
  b.folder.store.changes = () => {
    asked += 1;
    return Promise.reject(new Unavailable('the changes cannot be read'));
  };
  const tokens = {
    vault: await a.client.token('vault'),
    arm: await a.client.token('arm'),
    graph: await a.client.token('https://graph.microsoft.com'),
  };
  const name = { displayName: 'Readers', mailNickname: 'readers', mailEnabled: false, securityEnabled: true };
  const asks = {
    read: () => b.client.vault('kv-revoked', 'GET', '/secrets', { token: tokens.vault }),
    change: () => b.client.vault('kv-revoked', 'PUT', '/secrets/s', { token: tokens.vault, body: { value: 'v' } }),
    resources: () => b.client.arm('GET', '/resourcegroups', undefined, { token: tokens.arm }),
    users: () => b.client.send(`${b.client.home}/v1.0/users`, { token: tokens.graph }),
    group: () => b.client.send(`${b.client.home}/v1.0/groups`, { method: 'POST', token: tokens.graph, body: name }),
  };
  const statuses = async () => {
    const found: Record<string, number> = {};
    for (const [ask, answer] of Object.entries(asks)) found[ask] = (await answer()).status;
    return found;
  };
  const accepted = { read: 200, change: 200, resources: 200, users: 200, group: 201 };
  assert.deepEqual(await statuses(), accepted);
  // Near miss: the key before still verifies.
  await a.server.signingKeys.rotate();
  assert.deepEqual(await statuses(), accepted);
  await a.server.signingKeys.rotate({ revoke: true });
  const refused = Object.fromEntries(Object.keys(asks).map((ask) => [ask, 401]));
  assert.deepEqual(await statuses(), refused);
  tokens.vault = await a.client.token('https://vault.azure.net');
  assert.equal((await asks.read()).status, 200);
  assert.ok(asked > 0);
});

/** Lists that the resource manager has in memory: it reads nothing for them once the caller is known. */
const inMemory: Readonly<Record<string, string>> = {
  'role assignments': '/providers/Microsoft.Authorization/roleAssignments',
  'role definitions': '/providers/Microsoft.Authorization/roleDefinitions',
  activity: '/providers/Postern.Insight/activity',
  'the subscription': '',
};

for (const [name, path] of Object.entries(inMemory)) {
  test(`nor does it show what it has in memory: ${name}`, async () => {
    await using nodes = await startNodes(['a', 'b']);
    const { a, b } = nodes.of;
    b.folder.store.changes = () => Promise.reject(new Unavailable('the changes cannot be read'));
    const token = await a.client.token('arm');
    const ask = async () => (await b.client.arm('GET', path, undefined, { token })).status;
    assert.equal(await ask(), 200);
    // Near miss: the key before still verifies.
    await a.server.signingKeys.rotate();
    assert.equal(await ask(), 200);
    await a.server.signingKeys.rotate({ revoke: true });
    assert.equal(await ask(), 401);
  });
}

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
