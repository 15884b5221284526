import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestServer } from '../world/server.ts';
import {
  at,
  auditLog,
  expectStatus,
  location,
  putVault,
  startWithGroup,
  vaultBody,
  vaults,
  verdictOf,
} from './resources.ts';

const provider = '/providers/Microsoft.KeyVault';
const shut = { publicNetworkAccess: 'Disabled', networkAcls: { defaultAction: 'Deny', bypass: 'None' } };

test("a vault's firewall does not apply to its control plane, and every operation is in the audit log", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId, subscriptionId } = client.identity;
  const from = '127.0.0.8';
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-shut', { ...shut, accessPolicies }), 200);
  expectStatus(await client.vault('kv-shut', 'GET', '/secrets', { from }), 403);
  const before = (await recorded(world, 2)).length;
  const filter = encodeURIComponent("resourceType eq 'Microsoft.KeyVault/vaults'");
  const deleted = `${provider}/locations/${location}/deletedVaults/kv-shut`;
  const one = `${vaults}/kv-shut`;
  const recover = vaultBody(client, { createMode: 'recover' });
  const asked: readonly (readonly [string, string, unknown, string, string])[] = [
    ['GET', one, undefined, 'VaultGet', one],
    ['PUT', one, vaultBody(client, { ...shut, accessPolicies }), 'VaultPut', one],
    ['PATCH', one, { tags: { a: 'b' } }, 'VaultPatch', one],
    ['PUT', `${one}/accessPolicies/add`, { properties: { accessPolicies } }, 'VaultPatch', one],
    ['POST', `${one}/explain`, { from: '203.0.113.8' }, 'VaultExplain', one],
    ['GET', vaults, undefined, 'VaultList', vaults],
    ['GET', `${provider}/vaults`, undefined, 'VaultList', `${provider}/vaults`],
    ['GET', `/resources?$filter=${filter}`, undefined, 'VaultList', '/resources'],
    ['DELETE', one, undefined, 'VaultDelete', one],
    ['GET', `${provider}/deletedVaults`, undefined, 'VaultListDeleted', `${provider}/deletedVaults`],
    ['GET', deleted, undefined, 'VaultGetDeleted', deleted],
    ['PUT', one, recover, 'VaultRecover', one],
    ['DELETE', one, undefined, 'VaultDelete', one],
    ['POST', `${deleted}/purge`, undefined, 'VaultPurge', `${deleted}/purge`],
  ];
  const statusOf = (path: string) => (path.endsWith('/purge') ? 202 : 200);
  for (const [method, path, body] of asked)
    expectStatus(await client.arm(method, path, body, { from }), statusOf(path));
  const lines = await recorded(world, before + asked.length);
  const shown = lines
    .slice(before)
    .map((line) => `${String(line['operationName'])} ${String(line['resourceId'])} ${String(line['callerIpAddress'])}`);
  const expected = asked.map(
    ([, , , name, resource]) => `${name} ${`/subscriptions/${subscriptionId}${resource}`.toUpperCase()} 203.0.113.8`,
  );
  // In any order: a change is recorded after its commit, a read before its answer.
  assert.deepEqual(shown.toSorted(), expected.toSorted());
  for (const line of lines.slice(before)) {
    const purge = line['operationName'] === 'VaultPurge';
    assert.equal(line['resultSignature'], purge ? 'Accepted' : 'OK');
    assert.equal(at(line, 'properties', 'httpStatusCode'), purge ? 202 : 200);
    assert.equal(at(line, 'identity', 'claim', 'oid'), objectId);
    assert.equal(line['operationVersion'], '2023-07-01');
  }
});

test('a refused and an unauthenticated request are in the audit log as such', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const before = auditLog(world).length;
  expectStatus(await client.arm('GET', `${vaults}/kv-none`), 404);
  expectStatus(await client.arm('PUT', `${vaults}/kv-none`, {}), 400);
  expectStatus(await client.arm('PUT', `${vaults}/kv-none`, vaultBody(client, { createMode: 'Recover' })), 404);
  expectStatus(await client.arm('GET', `${vaults}/kv-none`, undefined, { token: undefined }), 401);
  const lines = auditLog(world).slice(before);
  assert.deepEqual(
    lines.map((line) => [line['operationName'], line['resultSignature'], at(line, 'properties', 'httpStatusCode')]),
    [
      ['VaultGet', 'Not Found', 404],
      ['VaultPut', 'Bad Request', 400],
      ['VaultRecover', 'Not Found', 404],
      ['Authentication', 'Unauthorized', 401],
    ],
  );
  assert.equal(lines[3]?.['identity'], undefined);
  assert.equal(
    lines[1]?.['resultDescription'],
    'The \'location\' property is required: give the region, for example "westeurope".',
  );
});

test('explain gives the verdict that the data plane would give to each kind of source', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const ipRules = [{ value: '198.51.100.0/24' }, { value: '203.0.113.7' }];
  expectStatus(await putVault(client, 'kv-rules', { networkAcls: { defaultAction: 'Deny', ipRules } }), 200);
  expectStatus(await putVault(client, 'kv-shut', shut), 200);
  expectStatus(await putVault(client, 'kv-open'), 200);
  const cases = [
    ['kv-rules', '203.0.113.7', { allowed: true, because: 'ipRule', index: 1 }],
    ['kv-rules', '203.0.113.8', { allowed: false, because: 'noIpRule' }],
    ['kv-rules', '2001:db8::1', { allowed: false, because: 'ipv6' }],
    ['kv-rules', '::ffff:203.0.113.7', { allowed: true, because: 'ipRule', index: 1 }],
    ['kv-shut', '203.0.113.7', { allowed: false, because: 'publicNetworkAccessDisabled' }],
    ['kv-open', '203.0.113.8', { allowed: true, because: 'defaultAction' }],
  ] as const;
  for (const [vault, from, verdict] of cases) assert.deepEqual(await verdictOf(client, vault, { from }), verdict);
  for (const from of [undefined, 7, 'here', '203.0.113.0/24']) {
    const answered = await client.arm('POST', `${vaults}/kv-rules/explain`, { from });
    assert.equal(
      expectStatus(answered, 400).body['error']?.['message'],
      `from is ${JSON.stringify(from)}; it must be an IP address, such as "203.0.113.7".`,
    );
  }
  const subnet = '/subscriptions/x';
  const answered = await client.arm('POST', `${vaults}/kv-rules/explain`, { from: '10.0.0.4', subnet });
  assert.equal(expectStatus(answered, 400).body['error']?.['message'], `There is no subnet "${subnet}".`);
});

test('fifty requests at the same time to explain a vault that is not in memory yet get the same answer', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const ipRules = [{ value: '203.0.113.7' }];
  expectStatus(await putVault(client, 'kv-rules', { networkAcls: { defaultAction: 'Deny', ipRules } }), 200);
  const questions = Array.from({ length: 50 }, () => verdictOf(client, 'kv-rules', { from: '203.0.113.7' }));
  for (const verdict of await Promise.all(questions)) {
    assert.deepEqual(verdict, { allowed: true, because: 'ipRule', index: 0 });
  }
});

/** The audit log once it has that many lines: a change's record is written after its answer. */
async function recorded(world: TestServer, count: number) {
  let found = auditLog(world);
  while (found.length < count) {
    await new Promise((resolve) => setImmediate(resolve));
    found = auditLog(world);
  }
  return found;
}
