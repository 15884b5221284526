import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { TestServer } from '../world/server.ts';
import {
  at,
  expectError,
  expectStatus,
  group,
  location,
  networks,
  startWithGroup,
  vaultBody,
  vaults,
} from './resources.ts';

const sites = `${group}/providers/Microsoft.Web/sites`;
const million = 'x'.repeat(1_000_000);
const of = (count: number) => Array.from({ length: count }, (_, index) => index);

suite('the size of a resource', () => {
  let world: TestServer;
  before(async () => {
    world = await startWithGroup();
  });
  after(() => world[Symbol.asyncDispose]());

  test('grows with each change up to a limit, and a change beyond it changes nothing', async () => {
    const { client } = world;
    expectStatus(await client.arm('PUT', `${sites}/grows`, { location, properties: { a: million } }), 201);
    expectStatus(await client.arm('PATCH', `${sites}/grows`, { properties: { b: million } }), 200);
    const refused = await client.arm('PATCH', `${sites}/grows`, { properties: { c: million } });
    assert.deepEqual([refused.status, at(refused.body, 'error', 'code')], [413, 'RequestContentTooLarge']);
    assert.match(
      String(at(refused.body, 'error', 'message')),
      /^The resource would be 300\d{4} bytes; at most 2097152 are allowed\./,
    );
    const { body } = expectStatus(await client.arm('GET', `${sites}/grows`), 200);
    assert.deepEqual(Object.keys(at(body, 'properties')), ['a', 'b', 'provisioningState']);
  });

  test('makes the pages of a list short, and none is left out', async () => {
    const { client } = world;
    const names = of(5).map((index) => `large-${index}`);
    for (const name of names) {
      expectStatus(await client.arm('PUT', `${sites}/${name}`, { location, properties: { a: million } }), 201);
    }
    const found: string[] = [];
    const sizes: number[] = [];
    let url: unknown = `${client.home}/subscriptions/${client.identity.subscriptionId}${sites}?api-version=2023-07-01`;
    while (typeof url === 'string') {
      const page = expectStatus(await client.send(url, { token: await client.token('arm') }), 200);
      const value = at(page.body, 'value') as unknown as readonly { readonly name: string }[];
      sizes.push(JSON.stringify(value).length);
      found.push(...value.map(({ name }) => name));
      url = at(page.body, 'nextLink');
    }
    assert.deepEqual(found, ['grows', ...names]);
    assert.ok(sizes.length > 2 && sizes.every((size) => size < 4_200_000), `pages of ${sizes.join(', ')} characters`);
    const all = expectStatus(await client.arm('GET', `${group}/resources`), 200);
    assert.ok(at(all.body, 'nextLink') !== undefined, 'the size of the records counts, not that of the answer');
  });

  test("is limited in tags, whose number and lengths are Azure's for every resource", async () => {
    const { client } = world;
    const many = Object.fromEntries(of(51).map((index) => [`tag ${index}`, 'v']));
    const bodies: Readonly<Record<string, (tags: unknown) => [string, string, object]>> = {
      'a group': (tags) => ['PUT', group, { location, tags }],
      'a group that is patched': (tags) => ['PATCH', group, { tags }],
      'a vault': (tags) => ['PUT', `${vaults}/kv-tags`, vaultBody(client, {}, { tags })],
      'a site': (tags) => ['PUT', `${sites}/tags`, { location, tags }],
      'a network': (tags) => [
        'PUT',
        `${networks}/tags`,
        { location, tags, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } },
      ],
    };
    for (const [what, bodyWith] of Object.entries(bodies)) {
      const says = async (tags: unknown) => {
        const answered = await client.arm(...bodyWith(tags));
        return answered.status < 300 ? 'taken' : at(answered.body, 'error', 'message');
      };
      assert.equal(
        await says(many),
        'There would be 51 tags; a resource, group or subscription can have at most 50.',
        what,
      );
      assert.match(String(await says({ a: 'v'.repeat(257) })), /'a' has 257 characters; the maximum is 256\.$/, what);
      assert.match(String(await says({ ['n'.repeat(513)]: 'v' })), /1 to 512 characters/, what);
      assert.equal(await says({ 'hidden-link:/a/b': 'Resource', ['n'.repeat(512)]: 'v'.repeat(256) }), 'taken', what);
    }
  });

  test('is limited in subnets, as on Azure, and in the assignable scopes of a role', async () => {
    const { client } = world;
    const subnets = of(3001).map((index) => ({
      name: `s${index}`,
      properties: { addressPrefix: `10.${index >> 8}.${index & 255}.0/24` },
    }));
    const put = (count: number) =>
      client.arm('PUT', `${networks}/large`, {
        location,
        properties: { addressSpace: { addressPrefixes: ['10.0.0.0/8'] }, subnets: subnets.slice(0, count) },
      });
    const tooMany = 'The virtual network would have 3001 subnets; the maximum is 3000.';
    expectError(await put(3001), 400, 'BadRequest', tooMany);
    expectStatus(await put(3000), 201);
    const scope = `/subscriptions/${client.identity.subscriptionId}`;
    const properties = {
      roleName: 'wide',
      assignableScopes: of(2001).map((index) => `${scope}/resourceGroups/g${index}`),
      permissions: [{ actions: ['*/read'] }],
    };
    const role = `/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`;
    const tooWide = 'A role can have at most 2000 assignable scopes, not 2001.';
    expectError(await client.arm('PUT', role, { properties }), 400, 'InvalidRoleDefinition', tooWide);
  });
});
