import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { objectKeys, vaultScope } from '../../src/objects/object.ts';
import { newSecretVersion } from '../../src/objects/secrets/secret.ts';
import { encode } from '../../src/store/store.ts';
import { storedVault } from '../control-plane/resources.ts';
import type { Answered, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditRecords, errorBody, items, newClient, putVault, transitionMs, vaultPath } from './vaults.ts';

const day = 86_400_000;
const retention = 7 * day;
let world: TestServer;

before(async () => {
  world = await startServerWith({ still: true });
});

after(() => world[Symbol.asyncDispose]());

/** A vault of its own, with a secret `s` of two versions. The tokens are new, because the clock moves by weeks. */
async function vaultOf(name: string, properties: object = {}) {
  const client = newClient(world);
  await putVault(client, name, { networkAcls: acls.allow, softDeleteRetentionInDays: 7, ...properties });
  const send = (method: string, path: string, body?: unknown) =>
    client.vault(name, method, path, body === undefined ? {} : { body });
  for (const value of ['1', '2']) assert.equal((await send('PUT', '/secrets/s', { value })).status, 200);
  return { client, send, names: async (path: string) => items((await send('GET', path)).body).map(idEnd) };
}

type Send = Awaited<ReturnType<typeof vaultOf>>['send'];

const idEnd = (found: Json) => String(found['id']).split('/').at(-1);

const missing = {
  live: errorBody(
    'SecretNotFound',
    'A secret with (name/id) s was not found in this key vault. If you recently deleted this secret you may be able to ' +
      'recover it using the correct recovery command. For help resolving this issue, please see ' +
      'https://go.microsoft.com/fwlink/?linkid=2125182',
  ),
  deleted: errorBody('SecretNotFound', 'Deleted Secret not found: s'),
};

const changes = [
  ['PUT', '/secrets/s', { value: 'v' }],
  ['PATCH', '/secrets/s', { tags: {} }],
  ['DELETE', '/secrets/s', undefined],
  ['POST', '/deletedsecrets/S/recover', undefined],
  ['DELETE', '/deletedsecrets/s', undefined],
] as const;

async function assertRefused(send: Send, participle: 'Deleted' | 'Recovered'): Promise<void> {
  const changing = `Secret is currently being ${participle.toLowerCase()}.`;
  const creating = `Secret s is currently being ${participle.toLowerCase()} and cannot be re-created; retry later.`;
  for (const [method, path, body] of changes) {
    const answer = await send(method, path, body);
    assert.equal(answer.status, 409, `${method} ${path}`);
    const message = method === 'PUT' ? creating : changing;
    assert.deepEqual(answer.body, errorBody('Conflict', message, `ObjectIsBeing${participle}`));
  }
}

function assertMissing(answer: Answered, where: keyof typeof missing): void {
  assert.equal(answer.status, 404);
  assert.deepEqual(answer.body, missing[where]);
}

suite('a deletion and a recovery take some time', () => {
  test('a secret that is being deleted is neither live nor deleted, and every operation on it is refused', async () => {
    const { send, names } = await vaultOf('kv-deleting');
    const version = idEnd((await send('GET', '/secrets/s')).body);
    assert.equal((await send('DELETE', '/secrets/s')).status, 200);
    for (const passed of [0, transitionMs - 1]) {
      world.advance(passed);
      assertMissing(await send('GET', '/secrets/s'), 'live');
      assert.equal((await send('GET', `/secrets/s/${version}`)).status, 404);
      assertMissing(await send('POST', '/secrets/s/backup'), 'live');
      assertMissing(await send('GET', '/deletedsecrets/s'), 'deleted');
      assert.deepEqual(await names('/secrets'), []);
      assert.deepEqual(await names('/secrets/s/versions'), []);
      assert.deepEqual(await names('/deletedsecrets'), []);
      await assertRefused(send, 'Deleted');
    }
    world.advance(1);
    assertMissing(await send('GET', '/secrets/s'), 'live');
    assert.equal((await send('GET', '/deletedsecrets/s')).status, 200);
    assert.deepEqual(await names('/deletedsecrets'), ['s']);
    const taken = await send('PUT', '/secrets/s', { value: 'v' });
    assert.equal(taken.body['error']?.['innererror']?.['code'], 'ObjectIsDeletedButRecoverable');
  });

  test('a secret that is being recovered can be read when the recovery is complete', async () => {
    const { send, names } = await vaultOf('kv-recovering');
    await send('DELETE', '/secrets/s');
    world.advance(transitionMs);
    assert.equal((await send('POST', '/deletedsecrets/s/recover')).status, 200);
    for (const passed of [0, transitionMs - 1]) {
      world.advance(passed);
      assertMissing(await send('GET', '/secrets/s/'), 'live');
      assertMissing(await send('POST', '/secrets/s/backup'), 'live');
      assertMissing(await send('GET', '/deletedsecrets/s'), 'deleted');
      assert.deepEqual(await names('/secrets'), []);
      assert.deepEqual(await names('/secrets/s/versions'), []);
      assert.deepEqual(await names('/deletedsecrets'), []);
      await assertRefused(send, 'Recovered');
    }
    world.advance(1);
    assert.equal((await send('GET', '/secrets/s/')).body['value'], '2');
    assert.deepEqual(await names('/secrets'), ['s']);
    assert.equal((await names('/secrets/s/versions')).length, 2);
    assert.equal((await send('PUT', '/secrets/s', { value: '3' })).status, 200);
  });

  test('a secret that was purged is gone, and its name is free when the purge is complete', async () => {
    const { send } = await vaultOf('kv-purging');
    const backup = await send('POST', '/secrets/s/backup');
    await send('DELETE', '/secrets/s');
    world.advance(transitionMs);
    assert.equal((await send('DELETE', '/deletedsecrets/s')).status, 204);
    for (const passed of [0, transitionMs - 1]) {
      world.advance(passed);
      await world.server.scheduler.runDue();
      assertMissing(await send('GET', '/secrets/s'), 'live');
      assertMissing(await send('GET', '/deletedsecrets/s'), 'deleted');
      for (const [method, path, body] of changes.slice(1)) assert.equal((await send(method, path, body)).status, 404);
      const taken = await send('PUT', '/secrets/s', { value: 'v' });
      const message = 'Secret s is currently being deleted and cannot be re-created; retry later.';
      assert.deepEqual([taken.status, taken.body], [409, errorBody('Conflict', message, 'ObjectIsBeingDeleted')]);
      assert.equal((await send('POST', '/secrets/restore', { value: backup.body['value'] })).status, 409);
    }
    world.advance(1);
    await world.server.scheduler.runDue();
    const again = await send('PUT', '/secrets/s', { value: 'again' });
    assert.equal(again.status, 200);
    assert.equal((await send('GET', '/secrets/s/versions')).body['value']?.length, 1);
  });

  test('pages are full even if they skip secrets in transition', async () => {
    const { send, names } = await vaultOf('kv-passed');
    const some = Array.from({ length: 40 }, (_, n) => `n${String(n).padStart(2, '0')}`);
    await Promise.all(some.map((name) => send('PUT', `/secrets/${name}`, { value: 'v' })));
    await Promise.all(some.slice(0, 30).map((name) => send('DELETE', `/secrets/${name}`)));
    world.advance(transitionMs);
    await Promise.all(some.slice(3, 29).map((name) => send('POST', `/deletedsecrets/${name}/recover`)));
    assert.deepEqual(await names('/secrets?maxresults=5'), some.slice(30, 35));
    assert.deepEqual(await names('/deletedsecrets?maxresults=5'), ['n00', 'n01', 'n02', 'n29']);
    world.advance(transitionMs);
    assert.deepEqual(await names('/secrets?maxresults=5'), some.slice(3, 8));
  });

  test('unless the setting says that they take no time', async () => {
    await using other = await startServerWith({ still: true, config: { softDelete: { transitionMs: 0 } } });
    await putVault(other.client, 'kv-instant', { networkAcls: acls.allow });
    const send = (method: string, path: string, body?: unknown) =>
      other.client.vault('kv-instant', method, path, body === undefined ? {} : { body });
    for (const [method, path, status] of [
      ['PUT', '/secrets/s', 200],
      ['DELETE', '/secrets/s', 200],
      ['GET', '/deletedsecrets/s', 200],
      ['POST', '/deletedsecrets/s/recover', 200],
      ['GET', '/secrets/s', 200],
      ['DELETE', '/secrets/s', 200],
      ['DELETE', '/deletedsecrets/s', 204],
      ['PUT', '/secrets/s', 200],
    ] as const) {
      assert.equal((await send(method, path, method === 'PUT' ? { value: 'v' } : undefined)).status, status, path);
    }
  });
});

suite('when its retention is over a deleted secret is purged automatically', () => {
  const run = () => world.server.scheduler.runDue();
  const contents = async (vault: string) => {
    const { incarnation } = (await storedVault(world, vault)).vault;
    const records = await world.folder.store.list({ prefix: `vault/${incarnation}/`, limit: 1000 });
    return records.map(({ key }) => key.slice(`vault/${incarnation}/`.length));
  };

  /** Moves the clock to the given time after the deletion, which is stored in whole seconds. */
  function advanceTo(deleted: Answered, afterMs: number): void {
    world.advance(Number(deleted.body['deletedDate']) * 1000 + afterMs - world.now());
  }

  for (const enablePurgeProtection of [undefined, true]) {
    const suffix = enablePurgeProtection ? ', also where purge protection keeps people from it' : '';
    test(`with all its versions, and not a second before${suffix}`, async () => {
      const name = enablePurgeProtection ? 'kv-held' : 'kv-due';
      const { send } = await vaultOf(name, { ...(enablePurgeProtection && { enablePurgeProtection }) });
      await send('PUT', '/secrets/other', { value: 'stays' });
      const deleted = await send('DELETE', '/secrets/s');
      assert.equal(Number(deleted.body['scheduledPurgeDate']), Number(deleted.body['deletedDate']) + retention / 1000);
      advanceTo(deleted, retention - 1);
      await run();
      assert.equal((await contents(name)).length, 3);
      advanceTo(deleted, retention);
      await run();
      assert.deepEqual(await contents(name), ['secrets/other']);
      const later = await vaultOf(name, { ...(enablePurgeProtection && { enablePurgeProtection }) });
      assert.equal((await later.send('GET', '/deletedsecrets/s')).status, 404);
      assert.equal((await later.names('/secrets/s/versions')).length, 2, 'a new secret has its own versions only');
    });
  }

  test('with one audit record, which has no caller and no source', async () => {
    const { client, send } = await vaultOf('kv-recorded');
    const deleted = await send('DELETE', '/secrets/s');
    advanceTo(deleted, retention);
    await run();
    await run();
    await vaultOf('kv-recorded');
    const origin = client.vaultOrigin('kv-recorded');
    const recorded = () =>
      auditRecords(world).filter(({ properties }) => properties.id === `${origin}/deletedsecrets/s`);
    while (recorded().length === 0) await send('GET', '/healthstatus');
    const [record, ...others] = recorded();
    assert.deepEqual(others, []);
    assert.equal(record?.operationName, 'SecretPurge');
    assert.match(record.resourceId, /\/VAULTS\/KV-RECORDED$/);
    assert.equal(record.identity, undefined);
    assert.equal(record.callerIpAddress, undefined);
    const dueAt = new Date(Number(deleted.body['scheduledPurgeDate']) * 1000).toISOString();
    assert.deepEqual(record.properties.scheduled, { kind: 'purgeObject', dueAt });
  });

  test('but not one that was recovered, nor, at its old time, one that was deleted again', async () => {
    const { send } = await vaultOf('kv-again');
    const deleted = await send('DELETE', '/secrets/s');
    world.advance(transitionMs);
    await send('POST', '/deletedsecrets/s/recover');
    world.advance(transitionMs + 1000);
    const again = await send('DELETE', '/secrets/s');
    advanceTo(deleted, retention);
    await run();
    assert.equal((await contents('kv-again')).length, 2);
    advanceTo(again, retention);
    await run();
    assert.deepEqual(await contents('kv-again'), []);
  });

  test('even if its vault is soft-deleted', async () => {
    const { send } = await vaultOf('kv-both', { softDeleteRetentionInDays: 8 });
    const deleted = await send('DELETE', '/secrets/s');
    world.advance(day);
    const later = await vaultOf('kv-last');
    assert.equal((await later.client.arm('DELETE', vaultPath('kv-both'))).status, 200);
    advanceTo(deleted, 8 * day);
    await run();
    assert.deepEqual(await contents('kv-both'), []);
  });

  test('and a purge on request removes the last of very many versions', async () => {
    const { send } = await vaultOf('kv-many');
    const { vault } = await storedVault(world, 'kv-many');
    const { store } = world.folder;
    const keys = objectKeys(vaultScope(vault, { transitionMs: 0, nowMs: 0, require: [] }), 'secrets');
    for (let page = 0; page < 20; page += 1) {
      const versions = Array.from({ length: 850 }, (_, n) => (page * 850 + n).toString(16).padStart(32, '0'));
      await store.transact({
        put: versions.map((version) => ({
          key: keys.version('s', version),
          value: encode(newSecretVersion({ value: 'v' }, { version, nowSeconds: 1 })),
        })),
      });
    }
    await send('DELETE', '/secrets/s');
    world.advance(transitionMs);
    assert.equal((await send('DELETE', '/deletedsecrets/s')).status, 204);
    assertMissing(await send('GET', '/deletedsecrets/s'), 'deleted');
    world.advance(transitionMs);
    await run();
    assert.deepEqual(await contents('kv-many'), []);
    assert.equal((await send('PUT', '/secrets/s', { value: 'again' })).status, 200);
  });
});
