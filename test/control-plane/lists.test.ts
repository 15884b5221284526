import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import {
  at,
  expectError,
  expectStatus,
  location,
  namesIn,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  vaults,
} from './resources.ts';

const provider = '/providers/Microsoft.KeyVault';

/** The names on every page from a URL on; follows `nextLink` unchanged. */
async function pagesOf(client: Client, path: string): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  const { subscriptionId } = client.identity;
  const query = path.includes('?') ? '&' : '?';
  let url: string | undefined = `${client.home}/subscriptions/${subscriptionId}${path}${query}api-version=2023-07-01`;
  while (url !== undefined) {
    const page = expectStatus(await client.send(url, { token: await client.token('arm') }), 200);
    pages.push(namesIn(page.body));
    const nextLink = page.body['nextLink'] as unknown;
    assert.ok(nextLink === undefined || typeof nextLink === 'string');
    if (nextLink !== undefined) assert.ok(nextLink.startsWith(`${client.home}/subscriptions/`), nextLink);
    url = nextLink;
  }
  return pages;
}

/** Vaults `kv-0` to `kv-4` in `rg`, and `kv-x` in the group `Über(1)`. */
async function startWithVaults() {
  const world = await startWithGroup();
  const { client } = world;
  const other = `/resourceGroups/${encodeURIComponent('Über(1)')}`;
  expectStatus(await client.arm('PUT', other, { location }), 201);
  const names = [0, 1, 2, 3, 4].map((n) => `kv-${n}`);
  for (const name of names) expectStatus(await putVault(client, name, {}, { tags: { n: name } }), 200);
  const { tenantId } = client.identity;
  const body = { location, properties: { tenantId, sku: { family: 'A', name: 'standard' } } };
  expectStatus(await client.arm('PUT', `${other}${provider}/vaults/kv-x`, body), 200);
  return { world, client, names, other };
}

test('the lists of a group and of the subscription show vaults as their GET does', async () => {
  const { world, client, names, other } = await startWithVaults();
  await using _ = world;
  assert.deepEqual(await pagesOf(client, vaults), [names]);
  assert.deepEqual(await pagesOf(client, `${other}${provider}/vaults`), [['kv-x']]);
  const all = await pagesOf(client, `${provider}/vaults`);
  assert.deepEqual(all.flat().toSorted(), [...names, 'kv-x']);
  const listed = await client.arm('GET', vaults);
  assert.deepEqual(at(listed.body, 'value', 3), (await client.arm('GET', `${vaults}/kv-3`)).body);
  expectError(
    await client.arm('GET', `/resourceGroups/none${provider}/vaults`),
    404,
    'ResourceGroupNotFound',
    "Resource group 'none' could not be found.",
  );
});

test('$top divides a list into pages, and nextLink leads to each of them once', async () => {
  const { world, client, names, other } = await startWithVaults();
  await using _ = world;
  assert.deepEqual(await pagesOf(client, `${vaults}?$top=2`), [names.slice(0, 2), names.slice(2, 4), names.slice(4)]);
  assert.deepEqual(await pagesOf(client, `${vaults}?$top=5`), [names]);
  assert.deepEqual((await pagesOf(client, `${provider}/vaults?$top=1`)).flat().toSorted(), [...names, 'kv-x']);
  for (const name of names) expectStatus(await client.arm('DELETE', `${vaults}/${name}`), 200);
  expectStatus(await client.arm('DELETE', `${other}${provider}/vaults/kv-x`), 200);
  const deleted = await pagesOf(client, `${provider}/deletedVaults?$top=4`);
  assert.deepEqual(
    deleted.map(({ length }) => length),
    [4, 2],
  );
  assert.deepEqual(deleted.flat().toSorted(), [...names, 'kv-x']);
});

test('the page after a change neither repeats nor skips the other vaults', async () => {
  const { world, client } = await startWithVaults();
  await using _ = world;
  const first = expectStatus(await client.arm('GET', `${vaults}?$top=2`), 200);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-0`), 200);
  expectStatus(await client.arm('DELETE', `${vaults}/kv-1`), 200);
  const token = await client.token('arm');
  const second = expectStatus(await client.send(String(first.body['nextLink']), { token }), 200);
  assert.deepEqual(namesIn(second.body), ['kv-2', 'kv-3']);
});

test('an invalid $top, a made-up $skiptoken, and either given twice, are refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectError(
    await client.arm('GET', `${vaults}?$top=1&$top=2`),
    400,
    'BadRequest',
    "The query parameter '$top' is given more than once.",
  );
  for (const top of ['0', '-1', '1001', '1.5', 'all', '']) {
    const message = `$top is '${top}'; it must be a whole number from 1 to 1000.`;
    expectError(await client.arm('GET', `${vaults}?$top=${top}`), 400, 'BadRequest', message);
  }
  const marker = (after: unknown) => Buffer.from(JSON.stringify({ NextMarker: after })).toString('base64url');
  const madeUp = [
    '',
    'x',
    marker(7),
    marker(''),
    marker('ä'),
    marker('a b'),
    marker('k'.repeat(900)),
    marker('k'.repeat(5000)),
  ];
  const long = `/resourceGroups/${encodeURIComponent('漢'.repeat(90))}`;
  expectStatus(await client.arm('PUT', long, { location }), 201);
  const message = '$skiptoken did not come from this server; follow nextLink unchanged.';
  for (const token of madeUp) {
    const path = `${long}${provider}/vaults?$skiptoken=${token}`;
    expectError(await client.arm('GET', path), 400, 'BadRequest', message);
  }
});

test('the generic list filters by type and name, in any case, and shows no properties', async () => {
  const { world, client, names } = await startWithVaults();
  await using _ = world;
  const { subscriptionId } = client.identity;
  const find = (filter: string) => pagesOf(client, `/resources?$filter=${encodeURIComponent(filter)}`);
  assert.deepEqual((await find("resourceType eq 'Microsoft.KeyVault/vaults'")).flat().toSorted(), [...names, 'kv-x']);
  assert.deepEqual(await find("resourceType eq 'microsoft.keyvault/VAULTS' and name eq 'KV-2'"), [['kv-2']]);
  assert.deepEqual(await find("resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'kv-'"), [[]]);
  const filter = encodeURIComponent("resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'kv-2'");
  const listed = expectStatus(await client.arm('GET', `/resources?$filter=${filter}`), 200);
  assert.deepEqual(at(listed.body, 'value'), [
    {
      id: `/subscriptions/${subscriptionId}${vaults}/kv-2`,
      name: 'kv-2',
      type: 'Microsoft.KeyVault/vaults',
      location,
      tags: { n: 'kv-2' },
    },
  ]);
});

test('a filter that is not supported is refused, never ignored', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const filters = [
    "resourceType eq 'Microsoft.KeyVault/vaults' or name eq 'kv-2'",
    "resourceType eq 'Microsoft.KeyVault/vaults' and",
    "plan eq 'x'",
    'name eq kv-2',
    "name gt 'kv-2'",
    "resourceType eq 'Microsoft.KeyVault/vaults' name eq 'kv-2'",
  ];
  for (const filter of filters) {
    expectError(
      await client.arm('GET', `/resources?$filter=${encodeURIComponent(filter)}`),
      400,
      'BadRequest',
      `$filter is '${filter}'; supported is resourceType, name, resourceGroup, location, tagName, tagValue with eq or ne; substringof('…', name); startswith(tagName, '…'); joined by and.`,
    );
  }
});

test('groups and networks are listed in pages too', async () => {
  const { world, client } = await startWithVaults();
  await using _ = world;
  for (const name of ['net-a', 'net-b', 'net-c']) expectStatus(await putNetwork(client, name, []), 201);
  assert.deepEqual(await pagesOf(client, `${networks}?$top=2`), [['net-a', 'net-b'], ['net-c']]);
  assert.deepEqual(await pagesOf(client, '/providers/Microsoft.Network/virtualNetworks?$top=2'), [
    ['net-a', 'net-b'],
    ['net-c'],
  ]);
  assert.deepEqual((await pagesOf(client, '/resourceGroups?$top=1')).flat().toSorted(), ['rg', 'Über(1)']);
});
