import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { changeTags } from '../../src/resources/tags.ts';
import { recordsWhere, register } from '../data-plane/vaults.ts';
import type { Json } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  group,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  vaults,
} from './resources.ts';

const tail = '/providers/Microsoft.Resources/tags/default';
const tagged = (tags: unknown, operation?: string) => ({ operation, properties: { tags } });

test("tags that are put at the scope of a resource become the resource's, and nothing else of it changes", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-tags', { networkAcls: { defaultAction: 'Deny', bypass: 'None' } }), 200);
  expectStatus(await putNetwork(client, 'net', ['a']), 201);
  const site = `${group}/providers/Microsoft.Web/sites/app`;
  const identity = { type: 'SystemAssigned' };
  expectStatus(await client.arm('PUT', site, { location, identity, properties: { a: 1 } }), 201);
  for (const scope of ['', group, `${vaults}/KV-tags`, `${networks}/net`, site]) {
    const before = expectStatus(await client.arm('GET', scope), 200).body;
    const put = expectStatus(await client.arm('PUT', `${scope}${tail}`, tagged({ a: 'b' })), 200);
    assert.deepEqual(at(put.body, 'properties', 'tags'), { a: 'b' });
    const after = expectStatus(await client.arm('GET', scope), 200).body;
    assert.deepEqual(after['tags'], { a: 'b' }, scope);
    assert.deepEqual(rest(after), rest(before), scope);
    expectStatus(await client.arm('DELETE', `${scope}${tail}`), 200);
    assert.deepEqual(at((await client.arm('GET', `${scope}${tail}`)).body, 'properties', 'tags'), {});
  }
  const records = await recordsWhere(world, ({ operationName }) => operationName === 'VaultPatch', 2);
  assert.equal(records.length, 2, 'a vault’s change is in its log');
  assert.ok(records[0]?.resourceId.endsWith('/VAULTS/KV-TAGS'));
});

test('invalid tags and scopes without tags are refused with the rule, and change nothing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PATCH', group, { tags: { kept: 'x' } }), 200);
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, 'x']));
  const refused: readonly (readonly [unknown, string])[] = [
    [tagged(many(50), 'Merge'), 'There would be 51 tags; a resource, group or subscription can have at most 50.'],
    [
      tagged({ ['n'.repeat(513)]: 'x' }, 'Merge'),
      `The tag name '${'n'.repeat(512)}' is invalid: 1 to 512 characters, none of < > % & \\ ? /.`,
    ],
    [tagged({ 'a/b': 'x' }, 'Merge'), "The tag name 'a/b' is invalid: 1 to 512 characters, none of < > % & \\ ? /."],
    [tagged({ a: 'v'.repeat(257) }, 'Merge'), "The value of the tag 'a' has 257 characters; the maximum is 256."],
    [tagged({ a: 1 }, 'Merge'), "The value of the tag 'a' must be a string."],
    [tagged({ a: 'x', A: 'y' }, 'Merge'), "The tag 'A' is given twice."],
    [tagged(['a'], 'Merge'), 'properties.tags must be an object of strings.'],
    [tagged({ a: 'x' }, 'Add'), "operation must be 'Merge', 'Replace' or 'Delete'."],
    [tagged({ a: 'x' }), "operation must be 'Merge', 'Replace' or 'Delete'."],
  ];
  for (const [body, message] of refused) {
    expectError(await client.arm('PATCH', `${group}${tail}`, body), 400, 'BadRequest', message);
  }
  assert.deepEqual(at((await client.arm('GET', group)).body, 'tags'), { kept: 'x' });
  const full = { ...many(49), ['n'.repeat(512)]: 'v'.repeat(256) };
  expectStatus(await client.arm('PATCH', `${group}${tail}`, tagged(full, 'Replace')), 200);
  expectStatus(await putVault(client, 'kv-tags'), 200);
  expectStatus(await putNetwork(client, 'net', ['a']), 201);
  for (const scope of [`${vaults}/kv-tags/secrets/s`, `${networks}/net/subnets/a`]) {
    const answered = await client.arm('PUT', `${scope}${tail}`, tagged({ a: 'b' }));
    const id = `/subscriptions/${client.identity.subscriptionId}${scope}`;
    expectError(answered, 400, 'BadRequest', `Tags are not supported by '${id}'.`);
  }
  const none = expectStatus(await client.arm('PUT', `${vaults}/none${tail}`, tagged({ a: 'b' })), 404);
  assert.equal(at(none.body, 'error', 'code'), 'ResourceNotFound');
});

test('the permission to write tags is needed and enough; a lock forbids changes', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putVault(client, 'kv-tags'), 200);
  const vault = `${vaults}/kv-tags`;
  const tagger = await register(world);
  const reader = await register(world);
  const scope = `/subscriptions/${client.identity.subscriptionId}`;
  const role = randomUUID();
  const properties = {
    roleName: 'Tagger',
    permissions: [{ actions: ['Microsoft.Resources/tags/*'], notActions: [] }],
    assignableScopes: [scope],
  };
  const roles = '/providers/Microsoft.Authorization/roleDefinitions';
  expectStatus(await client.arm('PUT', `${roles}/${role}`, { properties }), 201);
  const assign = async (principalId: string, id: string) => {
    const assignment = { properties: { principalId, roleDefinitionId: `${scope}${roles}/${id}` } };
    const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    expectStatus(await client.arm('PUT', path, assignment), 201);
  };
  await assign(tagger.objectId, role);
  await assign(reader.objectId, 'acdd72a7-3385-48ef-bd42-f606fba81ae7');
  const body = tagged({ a: 'b' });
  const asTagger = { token: await client.token('arm', tagger) };
  const asReader = { token: await client.token('arm', reader) };
  expectStatus(await client.arm('PUT', `${vault}${tail}`, body, asTagger), 200);
  expectStatus(await client.arm('PATCH', vault, { tags: {} }, asTagger), 403);
  expectStatus(await client.arm('GET', `${vault}${tail}`, undefined, asReader), 200);
  const denied = expectStatus(await client.arm('PUT', `${vault}${tail}`, body, asReader), 403);
  assert.match(String(at(denied.body, 'error', 'message')), /action 'Microsoft\.Resources\/tags\/write' over scope/);
  const lock = `${group}/providers/Microsoft.Authorization/locks/keep`;
  expectStatus(await client.arm('PUT', lock, { properties: { level: 'ReadOnly' } }), 201);
  const locked = expectStatus(await client.arm('PUT', `${vault}${tail}`, body), 409);
  assert.equal(at(locked.body, 'error', 'code'), 'ScopeLocked');
});

test('merging and deleting tags obey algebraic laws', () => {
  const tags = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), { noNullPrototype: true });
  const change = (before: Record<string, string>, operation: string, given: Record<string, string>) => {
    const changed = changeTags(before, { operation, given });
    assert.ok(changed.ok);
    return changed.value;
  };
  fc.assert(
    fc.property(tags, tags, (before, given) => {
      assert.deepEqual(change(before, 'Merge', given), { ...before, ...given });
      assert.deepEqual(change(change(before, 'Merge', given), 'Merge', given), change(before, 'merge', given));
      assert.deepEqual(change(given, 'DELETE', given), {});
      const left = change(before, 'Delete', given);
      for (const [name, value] of Object.entries(before)) assert.equal(left[name] === undefined, given[name] === value);
      const upper = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toUpperCase(), value]));
      assert.deepEqual(change(before, 'Delete', upper), left);
      const names = Object.fromEntries(Object.keys(before).map((name) => [name, '']));
      assert.deepEqual(change(before, 'Delete', names), {});
    }),
  );
});

/** The body without the members that change with every state, at any depth. */
function rest(body: Json): unknown {
  const changing = new Set(['tags', 'etag', 'systemData']);
  return JSON.parse(JSON.stringify(body), (key, member: unknown) => (changing.has(key) ? undefined : member));
}
