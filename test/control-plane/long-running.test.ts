import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationRecord } from '../../src/control-plane/long-running/operation.ts';
import { longRunningPrefix } from '../../src/control-plane/keys.ts';
import { deleteGroupContents } from '../../src/control-plane/resource-groups/contents.ts';
import { leasePrefix } from '../../src/schedule/leases.ts';
import { connect } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  vaults,
} from './resources.ts';

test('creating a network or a subnet has an operation, which is done; changing one has none', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const made = expectStatus(await putNetwork(client, 'net', ['s']), 201);
  const url = String(made.headers['azure-asyncoperation']);
  const { subscriptionId } = client.identity;
  const start = `${client.home}/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}/operations/`;
  assert.ok(url.startsWith(start), url);
  assert.equal(made.headers['retry-after'], '1');
  const ended = expectStatus(await followed(client, made), 200);
  assert.equal(at(ended.body, 'status'), 'Succeeded');
  assert.equal(at(ended.body, 'name'), url.slice(start.length, start.length + 36));
  const again = expectStatus(await putNetwork(client, 'net', ['s']), 200);
  assert.notEqual(again.headers['azure-asyncoperation'], url);
  assert.equal((await followed(client, again)).body['status'], 'Succeeded');
  const subnet = { properties: { addressPrefix: '10.0.9.0/24' } };
  const added = expectStatus(await client.arm('PUT', `${networks}/net/subnets/more`, subnet), 201);
  assert.equal(at((await followed(client, added)).body, 'status'), 'Succeeded');
});

test('an operation can be read by callers who may, by its own id, for a week', async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  const { subscriptionId } = client.identity;
  const url = String((await putNetwork(client, 'net', ['s'])).headers['azure-asyncoperation']);
  expectStatus(await client.send(url), 401);
  const id = /operations\/([0-9a-f-]{36})/.exec(url)?.[1] ?? '';
  const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  for (const unknown of [other, 'x']) {
    expectError(
      await client.send(url.replace(id, unknown), { token: await client.token('arm') }),
      404,
      'OperationNotFound',
      `The operation '${unknown}' could not be found. Operations are kept for a week.`,
    );
  }
  const kept = async () => (await folder.store.list({ prefix: longRunningPrefix(subscriptionId), limit: 10 })).length;
  assert.equal(await kept(), 1);
  // The next operation deletes older ones. Tokens have expired in the meantime.
  const after = async (days: number, name: string) => {
    world.advance(days * 86_400_000);
    const { ca, identity } = client;
    const later = connect({ port: world.port, domain: 'localhost', ca, identity });
    expectStatus(await putNetwork(later, name, ['s']), 201);
  };
  await after(6, 'two');
  assert.equal(await kept(), 2);
  await after(2, 'three');
  assert.equal(await kept(), 2);
});

test('nothing is created in a group that is being deleted', async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  for (let index = 0; index < 20; index += 1) expectStatus(await putVault(client, `kv-many-${index}`), 200);
  const accepted = expectStatus(await client.arm('DELETE', group), 202);
  assert.match(String(accepted.headers.location), /\/operationresults\/[0-9a-f-]{36}\?api-version=/);
  expectError(
    await client.arm('PUT', `${vaults}/kv-late`, {}),
    409,
    'ResourceGroupBeingDeleted',
    "The resource group 'rg' is in deprovisioning state and cannot perform this operation.",
  );
  assert.equal(at((await client.arm('GET', group)).body, 'properties', 'provisioningState'), 'Deleting');
  expectStatus(await followed(client, accepted), 200);
  expectStatus(await client.arm('GET', group), 404);
  assert.deepEqual(await folder.store.list({ prefix: leasePrefix, limit: 1 }), []);
  expectStatus(await client.arm('DELETE', group), 404);
});

test('a resource that cannot be deleted keeps its group, and the operation names it', async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  expectStatus(await putVault(client, 'kv-held'), 200);
  const { subscriptionId, objectId, tenantId } = client.identity;
  const held = { code: 'ScopeLocked', message: 'It is locked.' };
  const record: OperationRecord = {
    id: '00000000-0000-7000-8000-000000000000',
    kind: 'deleteResourceGroup',
    status: 'Running',
    startedAt: 0,
    resourceId: `/subscriptions/${subscriptionId}${group}`,
    subject: { resourceGroup: 'rg' },
    behalf: {
      caller: { objectId } as OperationRecord['behalf']['caller'],
      source: { kind: 'unknown', reason: 'a test' },
      subscription: { subscriptionId, tenantId } as OperationRecord['behalf']['subscription'],
      names: world.server.names,
      correlationId: 'c',
    },
  };
  const asked: string[] = [];
  const end = await deleteGroupContents(record, {
    store: folder.store,
    closing: () => false,
    inner: {
      async perform(_, { path }) {
        asked.push(path);
        return { status: 409, body: { error: held } };
      },
      preview: () => Promise.reject(new Error('not asked for')),
      knows: () => true,
    },
  });
  const target = `/subscriptions/${subscriptionId}${vaults}/kv-held`;
  assert.deepEqual(asked, [target]);
  assert.deepEqual(end.error, {
    code: 'ResourceGroupDeletionBlocked',
    message: `Deletion of resource group 'rg' did not finish: the resource ${target} could not be deleted.`,
    details: [{ ...held, target }],
  });
  assert.equal(end.status, 'Failed');
  // The group can be used again.
  const [kept] = end.change?.put ?? [];
  assert.ok(kept !== undefined && !Buffer.from(kept.value).toString().includes('deleting'));
});
