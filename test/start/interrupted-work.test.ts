import assert from 'node:assert/strict';
import { chownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newOperation, operationPut } from '../../src/control-plane/long-running/operation.ts';
import { nameSet } from '../../src/http/host.ts';
import { longRunningPrefix } from '../../src/control-plane/keys.ts';
import { resourceGroupKey } from '../../src/resources/keys.ts';
import { duePrefix } from '../../src/schedule/due.ts';
import { leasePrefix, Leases } from '../../src/schedule/leases.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { decode, encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import type { SubscriptionRecord } from '../../src/types/resource-group.ts';
import { openFolder } from '../../src/worker/folder.ts';
import { at, expectStatus, followed, group, location, vaultBody, vaults } from '../control-plane/resources.ts';
import type { Client } from '../world/client.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';

/** The store of a data folder that no server has open. */
async function withStore<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const argv = ['--data', path, '--no-demo'];
  const read = readSettings({ argv, environment: {}, readFile: () => '', folder: path });
  assert.ok(read.ok);
  const folder = await openFolder({
    settings: read.settings,
    path,
    entry: path,
    readFile: (file) => readFileSync(file, 'utf8'),
    mark: { path: 'commit-mark' },
    notice: () => {},
    now: Date.now(),
  });
  try {
    return await work(folder.store);
  } finally {
    await folder.store.close();
    await folder.close();
    giveBack(path);
  }
}

/** Started by root, the server's worker has a uid of its own, and cannot use files that the test made as root. */
function giveBack(folder: string): void {
  const { uid, gid } = statSync(folder);
  for (const name of readdirSync(folder)) chownSync(join(folder, name), uid, gid);
}

/** The store after a server was killed while it deleted that many groups. */
async function interruptDeletions(store: Store, { identity }: Client, count: number): Promise<void> {
  const { subscriptionId, tenantId, objectId } = identity;
  const gone = new Leases({ store, now: Date.now, alone: true });
  const [subscription] = await store.list({ prefix: 'subscription/', limit: 1 });
  assert.ok(subscription !== undefined);
  for (let index = 0; index < count; index += 1) {
    const resourceGroup = `gone-${index}`;
    const record = newOperation(
      {
        kind: 'deleteResourceGroup',
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
        subject: { resourceGroup },
        statusPath: (id) => id,
        header: 'location',
      },
      {
        behalf: {
          caller: { tenant: tenantId, objectId, groups: [] } as never,
          source: { kind: 'unknown', reason: 'a test' },
          subscription: decode<SubscriptionRecord>(subscription),
          names: nameSet('localhost', 8443),
          correlationId: 'c',
        },
        now: Date.now(),
        newId: () => crypto.randomUUID(),
      },
    );
    const { put } = gone.claim('operation', { subscriptionId, operationId: record.id });
    const key = resourceGroupKey({ subscriptionId, resourceGroup });
    const value = encode({ subscriptionId, name: resourceGroup, location, tags: {}, deleting: true });
    await store.transact({ put: [operationPut(record), put, { key, value }] });
  }
}

test('the start takes over the work of a server that has ended, however much it is', async () => {
  using data = dataFolder();
  const path = '/secrets/purged';
  {
    await using first = await startPostern(['--data', data.path, '--no-demo']);
    const { client } = first;
    expectStatus(await client.arm('PUT', group, { location }), 201);
    const { tenantId, objectId } = client.identity;
    const properties = { accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['all'] } }] };
    expectStatus(await client.arm('PUT', `${vaults}/kv-over`, vaultBody(client, properties)), 200);
    await until(
      async () => (await client.vault('kv-over', 'PUT', path, { body: { value: 'v' } })).status === 200,
      'a secret',
    );
    expectStatus(await client.vault('kv-over', 'DELETE', path), 200);
    await until(async () => (await client.vault('kv-over', 'GET', '/deletedsecrets/purged')).status === 200, 'deleted');
    expectStatus(await client.vault('kv-over', 'DELETE', '/deletedsecrets/purged'), 204);
    await first.end('SIGKILL');
    await withStore(data.path, async (store) => {
      await interruptDeletions(store, client, 600);
      const later = () => Date.now() + 3_600_000;
      const taken = await new Leases({ store, now: later, alone: false }).take(10);
      assert.deepEqual(
        taken.map(({ kind }) => kind),
        ['purgeObject'],
      );
    });
  }
  await using second = await startPostern(['--data', data.path, '--no-demo']);
  const { client } = second;
  await until(
    async () => (await client.vault('kv-over', 'PUT', path, { body: { value: 'v' } })).status === 200,
    'the end of the purge',
  );
  const groups = async () => JSON.stringify((await client.arm('GET', '/resourceGroups?$top=1000')).body);
  for (let waits = 0; waits < 6 && (await groups()).includes('gone-'); waits += 1) {
    await until(async () => !(await groups()).includes('gone-'), 'the end of all deletions').catch(() => undefined);
  }
  assert.ok(!(await groups()).includes('gone-'), 'some groups are still there');
  await second.end('SIGTERM');
  await withStore(data.path, async (store) => {
    assert.deepEqual(await store.list({ prefix: leasePrefix, limit: 1 }), []);
    const due = await store.list({ prefix: duePrefix, limit: 10 });
    assert.ok(!due.some(({ key }) => key.includes('/operation/')));
    const operations = await store.list({ prefix: longRunningPrefix(client.identity.subscriptionId), limit: 1000 });
    const ended = operations.filter(({ value }) => Buffer.from(value).toString().includes('"status":"Succeeded"'));
    assert.ok(ended.length >= 600);
  });
});

test('kill -9 of the worker: a deletion continues at the start, and a deployment is marked as failed', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path, '--no-demo']);
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [
      {
        type: 'Microsoft.KeyVault/vaults',
        apiVersion: '2023-07-01',
        name: "[concat('kv-cut-', copyIndex())]",
        copy: { name: 'many', count: 300 },
        ...vaultBody(client),
      },
    ],
  };
  const deployment = `${group}/providers/Microsoft.Resources/deployments/cut`;
  const body = { properties: { mode: 'Incremental', template } };
  expectStatus(await client.arm('PUT', deployment, body), 201);
  process.kill(world.workerPid(), 'SIGKILL');
  const state = async () => {
    const answered = await client.arm('GET', deployment).catch(() => undefined);
    return answered?.status === 200 ? answered : undefined;
  };
  await until(
    async () =>
      at((await state())?.body ?? ({ properties: {} } as never), 'properties', 'provisioningState') === 'Failed',
    'the end of the deployment',
  );
  const error = at((await state())?.body, 'properties', 'error', 'details', 0, 'code');
  assert.equal(error, 'DeploymentInterrupted');

  const accepted = expectStatus(await client.arm('DELETE', group), 202);
  process.kill(world.workerPid(), 'SIGKILL');
  await until(async () => (await client.arm('GET', group).catch(() => undefined)) !== undefined, 'the next worker');
  expectStatus(await followed(client, accepted), 200);
  expectStatus(await client.arm('GET', group), 404);
});
