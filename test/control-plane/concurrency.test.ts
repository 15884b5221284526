import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import { at, expectError, expectStatus, json, putVault, startWithGroup, vaults } from './resources.ts';

const kv = `${vaults}/kv-two`;

/** The first half of an edit, which reads. It returns the second half, which writes. */
async function addRule(client: Client, value: string, conditional: boolean) {
  const got = await client.arm('GET', kv);
  const { properties } = got.body;
  const before: unknown = at(properties, 'networkAcls', 'ipRules');
  assert.ok(Array.isArray(before));
  const rules: readonly unknown[] = before;
  const networkAcls = { ...acls.networkAcls, ipRules: [...rules, { value }] };
  const body = { ...objectIn(got.body), properties: { ...objectIn(properties), networkAcls } };
  return () => client.arm('PUT', kv, body, conditional ? { headers: { 'if-match': String(got.headers.etag) } } : {});
}

function objectIn(value: unknown): object {
  assert.ok(typeof value === 'object' && value !== null);
  return value;
}

async function addresses(client: Client): Promise<readonly string[]> {
  const rules: unknown = at((await client.arm('GET', kv)).body, 'properties', 'networkAcls', 'ipRules');
  assert.ok(Array.isArray(rules));
  return rules.map((rule: unknown) => String(at(json(rule), 'value')));
}

const acls = { networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [] } };

test('of two clients that edit one vault with If-Match, the second is refused, and no change is lost', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-two', acls), 200);
  const [one, other] = [await addRule(client, '203.0.113.1', true), await addRule(client, '203.0.113.2', true)];
  const first = expectStatus(await one(), 200);
  expectError(
    await other(),
    412,
    'PreconditionFailed',
    `The If-Match or If-None-Match condition is not met by the current state of /subscriptions/${client.identity.subscriptionId}${kv}. Read it again.`,
  );
  assert.deepEqual(await addresses(client), ['203.0.113.1']);
  // The answer to a PUT has the ETag for the next change.
  const patch = { tags: { a: 'b' } };
  expectStatus(await client.arm('PATCH', kv, patch, { headers: { 'if-match': String(first.headers.etag) } }), 200);
  expectStatus(await client.arm('PATCH', kv, patch, { headers: { 'if-match': String(first.headers.etag) } }), 412);
  expectStatus(await client.arm('DELETE', kv, undefined, { headers: { 'if-match': String(first.headers.etag) } }), 412);
  expectStatus(await (await addRule(client, '203.0.113.2', true))(), 200);
  assert.deepEqual(await addresses(client), ['203.0.113.1', '203.0.113.2']);
});

test('of twenty edits at the same time one succeeds, and the others are refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-two', acls), 200);
  const edits = await Promise.all(
    Array.from({ length: 20 }, (_, index) => addRule(client, `203.0.113.${index + 1}`, true)),
  );
  const statuses = (await Promise.all(edits.map((edit) => edit()))).map(({ status }) => status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, ...Array.from({ length: 19 }, () => 412)],
  );
  assert.equal((await addresses(client)).length, 1);
});

test('If-None-Match: * only creates a vault; without a condition the last writer wins, as on Azure', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', kv, {}, { headers: { 'if-match': '*' } }), 400);
  const made = await putVault(client, 'kv-two', acls);
  expectStatus(made, 200);
  expectStatus(await client.arm('PUT', kv, made.body, { headers: { 'if-none-match': '*' } }), 412);
  const [one, other] = [await addRule(client, '203.0.113.1', false), await addRule(client, '203.0.113.2', false)];
  expectStatus(await one(), 200);
  expectStatus(await other(), 200);
  assert.deepEqual(await addresses(client), ['203.0.113.2']);
  assert.equal(at((await client.arm('GET', kv)).body, 'etag'), undefined);
});
