import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { expectStatus, vaults } from '../control-plane/resources.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, startPostern, until } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import { startAzurite } from './azurite.ts';
import { cuttingProxy } from './cutting-proxy.ts';
import { accountId, configOf, delivered, logged, putLoggedVault } from './logged-vault.ts';

test("the records of a run are in the storage account, in Azure's layout, one record a line", async () => {
  await using azurite = await startAzurite();
  await using world = await startServerWith({ config: configOf(azurite) });
  const { client, folder } = world;
  await putLoggedVault(client, { storageAccountId: accountId(client, azurite.account) });
  for (let n = 0; n < 20; n += 1) expectStatus(await client.vault('kv-logged', 'GET', '/secrets/a'), 200);
  expectStatus(await client.vault('kv-logged', 'GET', '/secrets/absent'), 404);
  const isThere = async () => (await delivered(azurite)).some((line) => line.includes('"httpStatusCode":404'));
  await until(isThere, 'the last record in the account');
  const id = `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-logged`.toUpperCase();
  for (const name of (await azurite.blobs()).keys()) {
    assert.equal(name.slice(0, id.length + 11), `resourceId=${id}`);
    assert.match(name.slice(id.length + 11), /^\/y=\d{4}\/m=\d\d\/d=\d\d\/h=\d\d\/m=00\/PT1H\.json$/);
  }
  const lines = await delivered(azurite);
  assert.deepEqual(lines, logged(folder.path));
  assert.equal(lines.length, 21);
});

test('the account goes away and comes back under load, and answers are lost: nothing is lost, nothing twice', async () => {
  await using azurite = await startAzurite();
  await using proxy = await cuttingProxy(azurite.port, 2);
  const endpoint = `http://127.0.0.1:${proxy.port}/${azurite.account}`;
  await using world = await startServerWith({ config: configOf({ ...azurite, endpoint }) });
  const { client, folder } = world;
  await putLoggedVault(client, { storageAccountId: accountId(client, azurite.account) });
  const over = new AbortController();
  const load = (async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      // None is refused or fails, whatever the account does.
      expectStatus(await client.vault('kv-logged', 'GET', `/secrets/a?n=${n}`), 200);
      await pause(2);
    }
  })();
  for (let round = 0; round < 2; round += 1) {
    await until(() => proxy.cuts() > round, 'an answer that is lost');
    const stopped = azurite.stop();
    // Azurite ends when its connections have.
    proxy.close();
    await stopped;
    await pause(500);
    await azurite.start();
    proxy.open();
  }
  over.abort();
  await load;
  const wanted = logged(folder.path);
  await until(async () => (await delivered(azurite)).length >= wanted.length, 'the records in the account');
  assert.deepEqual(await delivered(azurite), wanted);
});

test('a server that is killed while it delivers loses nothing and repeats nothing', async () => {
  await using azurite = await startAzurite();
  await using proxy = await cuttingProxy(azurite.port, 3);
  using folder = dataFolder();
  const endpoint = `http://127.0.0.1:${proxy.port}/${azurite.account}`;
  const [config, data] = [join(folder.path, 'postern.json'), join(folder.path, 'data')];
  writeFileSync(config, JSON.stringify(configOf({ ...azurite, endpoint })));
  for (let life = 0; life < 3; life += 1) {
    await using postern = await startPostern(['--data', data, '--config', config]);
    const { client } = postern;
    if (life === 0) await putLoggedVault(client, { storageAccountId: accountId(client, azurite.account) });
    const before = proxy.appends();
    for (let n = 0; n < 100 || proxy.appends() < before + 2; n += 1) {
      expectStatus(await client.vault('kv-logged', 'GET', `/secrets/a?life=${life}&n=${n}`), 200);
    }
    // With records on their way.
    await postern.end('SIGKILL');
  }
  await using postern = await startPostern(['--data', data, '--config', config]);
  await until(async () => (await delivered(azurite)).length >= logged(data).length, 'the records in the account');
  assert.deepEqual(await delivered(azurite), logged(data));
  assert.equal(await postern.end('SIGTERM'), 0);
  assert.equal(postern.stderr().includes(azurite.sharedKey), false, 'the key is in no message');
});
