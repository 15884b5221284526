/** `Postern.Insight/activity` over HTTP, with other clients and restarts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityAnswer, ActivityEntry } from '../../src/types/activity.ts';
import { acls, networks, putVault, recordsWhere, register, vaultPath } from '../data-plane/vaults.ts';
import type { Registered } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Client, Sent } from '../world/client.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

let world: TestServer;
let nobody: Registered;

before(async () => {
  world = await startServer();
  nobody = await register(world);
  for (const [name, networkAcls] of [
    ['kv-one', acls.deny],
    ['kv-two', acls.allow],
  ] as const) {
    await putVault(world.client, name, { networkAcls });
    // Its record is in the log a moment later.
    while ((await activity({ vault: name })).value.length === 0) await pause(10);
  }
});

after(() => world[Symbol.asyncDispose]());

interface Asked {
  readonly vault?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly sent?: Sent;
}

function answerTo(client: Client, { vault, query = {}, sent }: Asked) {
  const scope = vault === undefined ? '' : vaultPath(vault);
  const parameters = new URLSearchParams(query).toString();
  return client.arm('GET', `${scope}/providers/Postern.Insight/activity?${parameters}`, undefined, sent);
}

async function activity(asked: Asked, client = world.client): Promise<ActivityAnswer> {
  const { status, body } = await answerTo(client, asked);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as ActivityAnswer;
}

/** All that comes after the cursor, once it is so many: the records of changes come a moment after their answers. */
async function until(count: number, vault: string, cursor: string): Promise<readonly ActivityEntry[]> {
  const found: ActivityEntry[] = [];
  for (let [next, tries] = [cursor, 0]; found.length < count && tries < 200; tries += 1) {
    const answer = await activity({ vault, query: { after: next } });
    found.push(...answer.value);
    ({ next } = answer);
    await pause(10);
  }
  return found.toSorted((one, other) => one.time.localeCompare(other.time));
}

const shown = ({ operation, vault, source, verdict, status }: ActivityEntry) => ({
  operation,
  vault: vault.name,
  address: source !== undefined && 'address' in source ? source.address : undefined,
  because: verdict?.because,
  status,
});

suite('activity of a vault', () => {
  test('has what the cursor has not seen: refusals, answers and changes, with the reason and the caller', async () => {
    const { next } = await activity({ vault: 'kv-one' });
    await world.client.vault('kv-one', 'PUT', '/secrets/one', { from: networks.allowed, body: { value: 'x' } });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.allowed });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.refused });
    await world.client.vault('kv-two', 'GET', '/secrets', { from: networks.allowed });
    await world.client.arm('PATCH', vaultPath('kv-one'), { tags: { a: 'b' } });
    const value = await until(4, 'kv-one', next);
    const address = '203.0.113.7';
    assert.deepEqual(value.map(shown), [
      { operation: 'SecretSet', vault: 'kv-one', address, because: 'ipRule', status: 200 },
      { operation: 'SecretGet', vault: 'kv-one', address, because: 'ipRule', status: 200 },
      { operation: 'SecretGet', vault: 'kv-one', address: '203.0.113.8', because: 'noIpRule', status: 403 },
      { operation: 'VaultPatch', vault: 'kv-one', address: '203.0.113.1', because: undefined, status: 200 },
    ]);
    const [, get, denied] = value;
    assert.deepEqual(get?.verdict, {
      allowed: true,
      because: 'ipRule',
      rule: '203.0.113.7',
      explanation: 'Allowed: 203.0.113.7 is in ipRules[0] (203.0.113.7).',
    });
    assert.deepEqual(get.permission, { allowed: true, by: 'accessPolicy' });
    assert.match(get.objectId ?? '', /\/secrets\/one\/[0-9a-f]{32}$/);
    assert.match(denied?.verdict?.explanation ?? '', /^Denied: defaultAction is Deny, 203\.0\.113\.8 is in none/);
    assert.match(denied?.message ?? '', /^Client address is not authorized/);
    const explained = await world.client.arm('POST', `${vaultPath('kv-one')}/explain`, {
      from: '203.0.113.8',
      permission: denied?.requiredPermission,
      caller: { applicationId: denied?.caller?.applicationId },
    });
    assert.equal(denied?.requiredPermission, 'secrets/get');
    assert.equal(explained.body['explanation'], denied.verdict?.explanation);
    const { clientId, objectId } = world.client.identity;
    assert.deepEqual(denied?.caller, { issuerClass: 'own', objectId, applicationId: clientId });
  });

  test('leaves out what every client begins with, and what only reads the resource manager', async () => {
    const { next } = await activity({ vault: 'kv-one' });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { token: undefined });
    await world.client.arm('GET', vaultPath('kv-one'));
    await world.client.vault('kv-one', 'GET', '/secrets/one', { token: 'x', from: networks.allowed });
    const { value } = await activity({ vault: 'kv-one', query: { after: next } });
    assert.deepEqual(value.map(shown), [
      { operation: 'Authentication', vault: 'kv-one', address: '203.0.113.7', because: undefined, status: 401 },
    ]);
  });

  test('gives the last ones without a cursor, and the rest of a page with the next', async () => {
    for (const name of ['a', 'b', 'c']) await world.client.vault('kv-two', 'GET', `/secrets/${name}`);
    const names = ({ value }: ActivityAnswer) => value.map(({ objectId }) => objectId?.split('/').at(-1));
    assert.deepEqual(names(await activity({ vault: 'kv-two', query: { $top: '2' } })), ['b', 'c']);
    const { next } = await activity({ vault: 'kv-two' });
    for (const name of ['d', 'e', 'f']) await world.client.vault('kv-two', 'GET', `/secrets/${name}`);
    const page = await activity({ vault: 'kv-two', query: { after: next, $top: '2' } });
    assert.deepEqual([names(page), page.more], [['d', 'e'], true]);
    const rest = await activity({ vault: 'kv-two', query: { after: page.next, $top: '2' } });
    assert.deepEqual([names(rest), rest.more, rest.gap], [['f'], false, false]);
    assert.deepEqual((await activity({ vault: 'kv-two', query: { after: rest.next } })).value, []);
  });

  test('filters by result, address, caller and operation', async () => {
    const { next } = await activity({ vault: 'kv-one' });
    const token = await world.client.token('vault', nobody);
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.allowed });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.refused });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.allowed, token });
    const statuses = async (filter: string) => {
      const { value } = await activity({ vault: 'kv-one', query: { after: next, $filter: filter } });
      return value.map(({ verdict, permission }) => [verdict?.allowed, permission?.allowed]);
    };
    assert.deepEqual(await statuses("result eq 'denied'"), [[false, undefined]]);
    assert.deepEqual(await statuses("result eq 'refused'"), [[true, false]]);
    assert.deepEqual(await statuses("result eq 'allowed'"), [[true, true]]);
    assert.equal((await statuses("result eq 'failed'")).length, 2);
    assert.equal((await statuses("address eq '203.0.113.7' and operation eq 'secretget'")).length, 2);
    assert.equal((await statuses(`caller eq '${nobody.objectId}'`)).length, 1);
    for (const filter of ["status eq '403'", "result eq 'constructor'", "result ne 'denied'", 'result']) {
      const { status, body } = await answerTo(world.client, { vault: 'kv-one', query: { $filter: filter } });
      assert.equal(status, 400, filter);
      assert.match(String(body['error']?.['message']), /^\$filter is '.*'; supported is result \(allowed/);
    }
  });

  test('is in the audit log once, and again after an hour, but not each time that a cursor is used', async () => {
    const records = async () =>
      (await recordsWhere(world, ({ operationName }) => operationName === 'VaultActivity')).length;
    const earlier = await records();
    const first = await activity({ vault: 'kv-one' });
    let last = first;
    for (let turn = 0; turn < 3; turn += 1) last = await activity({ vault: 'kv-one', query: { after: last.next } });
    assert.equal(await records(), earlier + 1);
    // A cursor of another vault, or one that is made up, does not prove a record.
    await activity({ vault: 'kv-two', query: { after: first.next } });
    await activity({ vault: 'kv-one', query: { after: `${first.next.slice(0, -2)}AA` } });
    assert.equal(await records(), earlier + 3);
    world.advance(3_600_000);
    last = await activity({ vault: 'kv-one', query: { after: last.next } });
    await activity({ vault: 'kv-one', query: { after: last.next } });
    assert.equal(await records(), earlier + 4);
  });
});

suite('activity of a subscription', () => {
  test('shows each caller only the vaults whose activity it may read', async () => {
    const other = await register(world);
    const armToken = await world.client.token('arm', other);
    const refused = await answerTo(world.client, { sent: { token: armToken } });
    assert.deepEqual([refused.status, refused.body['error']?.['code']], [403, 'AuthorizationFailed']);
    await assign(world.client, { role: 'Reader', principalId: other.objectId, at: vaultPath('kv-two') });
    await world.client.vault('kv-one', 'GET', '/secrets/one', { from: networks.refused });
    await world.client.vault('kv-two', 'GET', '/secrets/two');
    const { value } = await activity({ sent: { token: armToken } });
    assert.deepEqual([...new Set(value.map(({ vault }) => vault.name))], ['kv-two']);
    const all = await activity({});
    assert.deepEqual([...new Set(all.value.map(({ vault }) => vault.name))].toSorted(), ['kv-one', 'kv-two']);
    const { subscriptionId } = world.client.identity;
    assert.ok(all.value.some(({ vault }) => vault.id === `/subscriptions/${subscriptionId}${vaultPath('kv-one')}`));
    const one = await answerTo(world.client, { vault: 'kv-one', sent: { token: armToken } });
    assert.deepEqual([one.status, one.body['error']?.['code']], [403, 'AuthorizationFailed']);
  });
});

test('after kill -9 the records of before are there, and a cursor of before says that there is a gap', async () => {
  using folder = dataFolder();
  const options = ['--data', join(folder.path, 'data')];
  const demo = '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo/providers/Postern.Insight/activity';
  const read = async (client: Client, query = '') => {
    const { status, body } = await client.arm('GET', `${demo}${query}`);
    assert.equal(status, 200);
    return body as unknown as ActivityAnswer;
  };
  let next: string;
  {
    await using server = await startPostern(options);
    await server.client.vault('demo', 'GET', '/secrets/greeting', { from: networks.allowed });
    ({ next } = await read(server.client));
    await server.client.vault('demo', 'GET', '/secrets/greeting', { from: networks.refused });
    await server.end('SIGKILL');
  }
  await using server = await startPostern(options);
  const again = await read(server.client, `?after=${next}`);
  assert.deepEqual(
    again.value.map(({ operation, status }) => [operation, status]),
    [
      ['SecretGet', 200],
      ['SecretGet', 403],
    ],
  );
  assert.equal(again.gap, true);
  assert.deepEqual((await read(server.client, `?after=${again.next}`)).gap, false);
});
