import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tagNamesOf } from '../../src/resources/tags.ts';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Credentials } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { at, expectError, expectStatus, group, location, networks, putVault, startWithGroup } from './resources.ts';

const other = '/resourceGroups/other';
const site = `${other}/providers/Microsoft.Web/sites/app`;

/** Tags of two groups, of a vault, a network and a web app. */
async function startTagged(): Promise<TestServer> {
  const world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PATCH', group, { tags: { Env: 'test', owner: 'ada' } }), 200);
  expectStatus(await client.arm('PUT', other, { location, tags: { env: 'Test' } }), 201);
  expectStatus(await putVault(client, 'kv-tagged', {}, { tags: { ENV: 'test', constructor: 'x' } }), 200);
  const addressSpace = { addressPrefixes: ['10.0.0.0/16'] };
  const network = { location, tags: { env: 'prod' }, properties: { addressSpace } };
  expectStatus(await client.arm('PUT', `${networks}/net`, network), 201);
  expectStatus(await client.arm('PUT', site, { location, tags: { env: 'test' } }), 201);
  return world;
}

async function tagNames({ client }: TestServer, as?: Credentials) {
  const token = await client.token('arm', as);
  return expectStatus(await client.arm('GET', '/tagNames', undefined, { token }), 200).body;
}

test('each tag name of the subscription is listed with its values and their counts', async () => {
  await using world = await startTagged();
  const { subscriptionId } = world.client.identity;
  const id = (name: string) => `/subscriptions/${subscriptionId}/tagNames/${name}`;
  const count = (value: number) => ({ type: 'Total', value });
  const value = (name: string, tagValue: string, many: number) => ({
    id: `${id(name)}/tagValues/${tagValue}`,
    tagValue,
    count: count(many),
  });
  const resource = (name: string, many: number, values: readonly object[]) => ({
    id: id(name),
    tagName: name,
    count: count(many),
    values,
  });
  // Names are compared without case, values with case. The group `other` comes first.
  const env = [value('env', 'Test', 1), value('env', 'test', 3), value('env', 'prod', 1)];
  assert.deepEqual(await tagNames(world), {
    value: [
      resource('constructor', 1, [value('constructor', 'x', 1)]),
      resource('env', 5, env),
      resource('owner', 1, [value('owner', 'ada', 1)]),
    ],
  });
  const { client } = world;
  const beforeIt = (await tagNames(world))['value'];
  expectStatus(await client.arm('PUT', '/providers/Microsoft.Resources/tags/default', { properties: {} }), 200);
  assert.deepEqual((await tagNames(world))['value'], beforeIt);
  expectStatus(await client.arm('DELETE', site), 200);
  assert.equal(at(await tagNames(world), 'value', 1, 'count', 'value'), 4, 'a deleted resource no longer counts');
});

test('a caller sees the tags of resources that it may read, and no others', async () => {
  await using world = await startTagged();
  const { client } = world;
  const [ofGroup, ofVaults, withoutRoles] = [await register(world), await register(world), await register(world)];
  await assign(client, { role: 'Reader', principalId: ofGroup.objectId, at: other });
  const seen = await tagNames(world, ofGroup);
  assert.equal(at(seen, 'value', 0, 'count', 'value'), 2);
  assert.equal(at(seen, 'value', 0, 'tagName'), 'env');
  assert.equal(at(seen, 'value', 'length'), 1);
  await assign(client, { role: 'Key Vault Reader', principalId: ofVaults.objectId });
  for (const caller of [ofVaults, withoutRoles]) {
    const denied = await client.arm('GET', '/tagNames', undefined, { token: await client.token('arm', caller) });
    const action = 'Microsoft.Resources/subscriptions/tagNames/read';
    assert.ok(String(at(expectStatus(denied, 403).body, 'error', 'message')).includes(`action '${action}'`));
  }
});

test('predefined tags are refused, with the remedy', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  for (const path of ['/tagNames/env', '/tagNames/env/tagValues/test']) {
    for (const method of ['PUT', 'DELETE']) {
      expectError(
        await client.arm(method, path),
        400,
        'PredefinedTagsNotSupported',
        'Predefined tag names and values are not supported. Tag a resource or resource group itself: use its id, followed by /providers/Microsoft.Resources/tags/default.',
      );
    }
  }
  assert.deepEqual(await tagNames(world), { value: [] });
});

test('no tagged resource is counted twice or left out', () => {
  const names = fc.constantFrom('a', 'A', 'b', '__proto__', 'toString');
  const tags = fc.uniqueArray(fc.tuple(names, fc.constantFrom('x', 'X', 'y')), {
    selector: ([name]) => name.toLowerCase(),
  });
  fc.assert(
    fc.property(fc.array(tags), (all) => {
      const entries = all.flat();
      const found = tagNamesOf(all.map((one) => Object.fromEntries(one)));
      const lower = found.map(({ name }) => name.toLowerCase());
      assert.deepEqual(lower, [...new Set(entries.map(([name]) => name.toLowerCase()))].toSorted());
      for (const { name, count, values } of found) {
        const same = entries.filter(([one]) => one.toLowerCase() === name.toLowerCase());
        assert.equal(name, same[0]?.[0], 'spelt as it was found first');
        assert.equal(count, same.length);
        for (const [value, many] of values) assert.equal(many, same.filter(([, one]) => one === value).length);
      }
    }),
  );
});
