import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  endpoint,
  expectError,
  expectStatus,
  followed,
  incarnationOf,
  location,
  networks,
  putNetwork,
  startWithGroup,
  succeeded,
} from './resources.ts';

const addressSpace = { addressPrefixes: ['10.0.0.0/16', '192.168.0.0/24'] };
const notFound = (type: string, name: string) =>
  `The Resource 'Microsoft.Network/${type}/${name}' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;

test('a network and its subnets are created, returned as they were sent, and deleted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const id = `/subscriptions/${subscriptionId}${networks}/Net`;
  const properties = {
    addressSpace,
    enableDdosProtection: false,
    subnets: [
      {
        name: 'Apps',
        properties: {
          addressPrefix: '10.0.1.0/24',
          privateEndpointNetworkPolicies: 'Disabled',
          serviceEndpoints: [{ service: 'Microsoft.KeyVault' }, { service: 'Microsoft.Storage' }],
        },
      },
    ],
  };
  const put = await client.arm('PUT', `${networks}/Net`, { location, tags: { a: 'b' }, properties });
  expectStatus(put, 201);
  const subnet = {
    name: 'Apps',
    id: `${id}/subnets/Apps`,
    etag: at(put.body, 'properties', 'subnets', 0, 'etag'),
    type: 'Microsoft.Network/virtualNetworks/subnets',
    properties: {
      delegations: [],
      privateEndpointNetworkPolicies: 'Disabled',
      privateLinkServiceNetworkPolicies: 'Enabled',
      provisioningState: 'Succeeded',
      addressPrefix: '10.0.1.0/24',
      serviceEndpoints: ['Microsoft.KeyVault', 'Microsoft.Storage'].map((service) => ({
        provisioningState: 'Succeeded',
        service,
        locations: ['*'],
      })),
    },
  };
  const shown = {
    name: 'Net',
    id,
    etag: at(put.body, 'etag'),
    type: 'Microsoft.Network/virtualNetworks',
    location,
    tags: { a: 'b' },
    properties: {
      enableDdosProtection: false,
      provisioningState: 'Succeeded',
      resourceGuid: at(put.body, 'properties', 'resourceGuid'),
      addressSpace,
      subnets: [subnet],
      virtualNetworkPeerings: [],
    },
  };
  assert.equal(JSON.stringify(put.body).match(/"Updating"/g)?.length, 4);
  assert.deepEqual(succeeded(put.body), shown);
  assert.match(String(at(put.body, 'etag')), /^W\/"[0-9a-f-]{36}"$/);
  const read = expectStatus(await client.arm('GET', `${networks}/net`), 200);
  assert.deepEqual(read.body, shown);
  assert.equal(read.headers.etag, shown.etag);
  assert.deepEqual(expectStatus(await client.arm('GET', `${networks}/net/subnets/apps`), 200).body, subnet);
  assert.deepEqual((await client.arm('GET', `${networks}/net/subnets`)).body, { value: [subnet] });
  expectStatus(await client.arm('DELETE', `${networks}/net/subnets/APPS`), 202);
  expectStatus(await client.arm('DELETE', `${networks}/net/subnets/apps`), 204);
  expectError(
    await client.arm('GET', `${networks}/net/subnets/apps`),
    404,
    'ResourceNotFound',
    notFound('virtualNetworks/subnets', 'Net/apps'),
  );
  expectStatus(await client.arm('DELETE', `${networks}/net`), 202);
  expectStatus(await client.arm('DELETE', `${networks}/net`), 204);
  for (const [method, path] of [
    ['GET', `${networks}/net`],
    ['GET', `${networks}/net/subnets`],
    ['PUT', `${networks}/net/subnets/apps`],
    ['DELETE', `${networks}/net/subnets/apps`],
  ] as const) {
    const message = notFound('virtualNetworks', 'net');
    expectError(await client.arm(method, path), 404, 'ResourceNotFound', message);
  }
});

test("a network's own answer can be sent back to it, and its resourceGuids stay", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'net', ['apps', 'other']), 201);
  const before = await client.arm('GET', `${networks}/net`);
  expectStatus(await client.arm('PUT', `${networks}/net`, before.body), 200);
  const after = await client.arm('GET', `${networks}/net`);
  const withoutEtags = (body: unknown) => JSON.stringify(body, (key, value: unknown) => (key === 'etag' ? 0 : value));
  assert.equal(withoutEtags(after.body), withoutEtags(before.body));
  assert.notEqual(at(after.body, 'etag'), at(before.body, 'etag'));
});

test('a subnet is put under its own id: 201 for a new one, 200 for an existing one', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  const put = (name: string, properties: object) =>
    client.arm('PUT', `${networks}/net/subnets/${name}`, { name, properties });
  const made = expectStatus(await put('more', { addressPrefix: '10.0.9.0/24', ...endpoint }), 201);
  assert.equal(at(made.body, 'properties', 'resourceGuid'), undefined);
  const incarnation = await incarnationOf(client, 'net', 'more');
  const off = expectStatus(await put('MORE', { addressPrefix: '10.0.9.0/25', serviceEndpoints: null }), 200);
  assert.equal(at(off.body, 'name'), 'more');
  assert.equal(await incarnationOf(client, 'net', 'more'), incarnation);
  assert.equal(at(off.body, 'properties', 'serviceEndpoints'), undefined);
  const sole = expectStatus(await put('more', { addressPrefixes: ['10.0.9.0/26'] }), 200);
  assert.equal(at(sole.body, 'properties', 'addressPrefix'), '10.0.9.0/26');
  const listed = await client.arm('GET', `${networks}/net`);
  assert.equal(at(listed.body, 'properties', 'subnets', 'length'), 2);
});

test('an address prefix that is not a range, is outside or overlaps is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const outside = (name: string, prefix: string) =>
    `Subnet '${name}' is not valid because its address prefix ${prefix} is outside the address space of the virtual network (10.0.0.0/16, 192.168.0.0/24).`;
  const taken = (name: string, prefix: string, other: string) =>
    `Subnet '${name}' is not valid in virtual network: its name or its address prefix ${prefix} is that of subnet '${other}', or overlaps it.`;
  const place = 'Invalid value found at properties.subnets[1].properties.addressPrefix: ';
  const refusals: readonly (readonly [string, string | undefined, string])[] = [
    ['b', '10.1.0.0/24', outside('b', '10.1.0.0/24')],
    ['b', '10.0.0.0/15', outside('b', '10.0.0.0/15')],
    ['b', '10.0.0.128/25', taken('b', '10.0.0.128/25', 'a')],
    ['b', '10.0.0.0/23', taken('b', '10.0.0.0/23', 'a')],
    ['A', '10.0.1.0/24', taken('A', '10.0.1.0/24', 'a')],
    [
      'b',
      '10.0.1.1/24',
      `${place}"10.0.1.1/24" has bits set after the prefix; use 10.0.1.0/24 for the range, or the address without a prefix.`,
    ],
    ['b', 'fd00::/64', `${place}"fd00::/64" is IPv6; only IPv4 addresses are supported.`],
    ['b', undefined, `${place}this is missing; it must be a string.`],
  ];
  for (const [name, addressPrefix, message] of refusals) {
    const subnets = [
      { name: 'a', properties: { addressPrefix: '10.0.0.0/24' } },
      { name, properties: { addressPrefix } },
    ];
    const put = await client.arm('PUT', `${networks}/net`, { location, properties: { addressSpace, subnets } });
    expectError(put, 400, 'BadRequest', message);
  }
  expectStatus(await client.arm('GET', `${networks}/net`), 404);
  // The neighbours of refused prefixes are accepted.
  const subnets = ['10.0.0.0/24', '10.0.1.0/24', '192.168.0.0/24'].map((addressPrefix, index) => ({
    name: `s${index}`,
    properties: { addressPrefix },
  }));
  expectStatus(await client.arm('PUT', `${networks}/net`, { location, properties: { addressSpace, subnets } }), 201);
  // The address space cannot be removed from a subnet that the request does not name.
  const smaller = { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/24'] } } };
  expectError(
    await client.arm('PUT', `${networks}/net`, smaller),
    400,
    'BadRequest',
    "Subnet 's1' is not valid because its address prefix 10.0.1.0/24 is outside the address space of the virtual network (10.0.0.0/24).",
  );
  expectError(
    await client.arm('PUT', `${networks}/net/subnets/s3`, { properties: { addressPrefix: '10.0.1.0/25' } }),
    400,
    'BadRequest',
    taken('s3', '10.0.1.0/25', 's1'),
  );
});

test('a network or subnet with an invalid name, or without a group, is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const body = { location, properties: { addressSpace } };
  for (const name of ['n', '-net', 'net-', 'net.', 'n%C3%A4t', 'n'.repeat(65), 'a%3Fb']) {
    const shown = decodeURIComponent(name);
    expectError(
      await client.arm('PUT', `${networks}/${name}`, body),
      400,
      'BadRequest',
      `The virtual network name '${shown}' is invalid: 2 to 64 letters, digits, underscores, hyphens and full stops, a letter or digit first, no hyphen or full stop last.`,
    );
    expectStatus(await client.arm('GET', `${networks}/${name}`), 404);
  }
  expectStatus(await putNetwork(client, 'net', []), 201);
  for (const name of ['-s', 's-', 's'.repeat(81), 's%20s']) {
    expectError(
      await client.arm('PUT', `${networks}/net/subnets/${name}`, { properties: { addressPrefix: '10.0.1.0/24' } }),
      400,
      'BadRequest',
      `Invalid value found at subnet.name: this is "${decodeURIComponent(name)}"; it must be a subnet name (1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first).`,
    );
  }
  const nowhere = '/resourceGroups/none/providers/Microsoft.Network/virtualNetworks/net';
  const message = "Resource group 'none' could not be found.";
  expectError(await client.arm('PUT', nowhere, body), 404, 'ResourceGroupNotFound', message);
  const long = `/resourceGroups/${'g'.repeat(2000)}/providers/Microsoft.Network/virtualNetworks/net`;
  expectStatus(await client.arm('GET', long), 404);
});

test('If-Match is met by the current etag only, and never for a resource that does not exist', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const body = { location, properties: { addressSpace } };
  const subnet = { properties: { addressPrefix: '10.0.0.0/24' } };
  const ifMatch = async (method: string, path: string, etag: unknown, sent?: object) =>
    client.arm(method, `${networks}/${path}`, sent, { headers: { 'if-match': String(etag) } });
  const etagOf = async (path: string) => (await client.arm('GET', `${networks}/${path}`)).body['etag'];
  expectStatus(await ifMatch('PUT', 'net', '*', body), 412);
  const made = expectStatus(await client.arm('PUT', `${networks}/net`, body), 201);
  const old = made.body['etag'];
  expectStatus(await ifMatch('PUT', 'net', old, body), 200);
  expectError(
    await ifMatch('PUT', 'net', old, body),
    412,
    'PreconditionFailed',
    `The If-Match or If-None-Match condition is not met by the current state of /subscriptions/${client.identity.subscriptionId}${networks}/net. Read it again.`,
  );
  expectStatus(await ifMatch('PUT', 'net', '*', body), 200);
  expectStatus(await ifMatch('PUT', 'net/subnets/s', '*', subnet), 412);
  expectStatus(await client.arm('PUT', `${networks}/net/subnets/s`, subnet), 201);
  const first = await etagOf('net/subnets/s');
  expectStatus(await ifMatch('PUT', 'net/subnets/s', first, subnet), 200);
  expectStatus(await ifMatch('PUT', 'net/subnets/s', first, subnet), 412);
  expectStatus(await ifMatch('DELETE', 'net/subnets/s', first), 412);
  expectStatus(await ifMatch('DELETE', 'net/subnets/s', await etagOf('net/subnets/s')), 202);
  expectStatus(await ifMatch('DELETE', 'net', old), 412);
  expectStatus(await ifMatch('DELETE', 'net', await etagOf('net')), 202);
});

test('twenty subnets that are added at the same time are all stored', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'net', []), 201);
  const numbers = Array.from({ length: 20 }, (_item, index) => index);
  const answers = await Promise.all(
    numbers.map((n) =>
      client.arm('PUT', `${networks}/net/subnets/s${n}`, { properties: { addressPrefix: `10.0.${n}.0/24` } }),
    ),
  );
  for (const answer of answers) expectStatus(answer, 201);
  const listed = await client.arm('GET', `${networks}/net/subnets`);
  assert.equal(at(listed.body, 'value', 'length'), 20);
});

test('a resource group is created, read, tagged and deleted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const groups = '/resourcegroups';
  const expected = {
    id: `/subscriptions/${subscriptionId}/resourceGroups/New_(1).x`,
    name: 'New_(1).x',
    type: 'Microsoft.Resources/resourceGroups',
    location,
    tags: { a: 'b' },
    properties: { provisioningState: 'Succeeded' },
  };
  expectStatus(await client.arm('HEAD', `${groups}/New_(1).x`), 404);
  const made = await client.arm('PUT', `${groups}/New_(1).x`, { location, tags: { a: 'b' } });
  assert.deepEqual(expectStatus(made, 201).body, expected);
  expectStatus(await client.arm('HEAD', `${groups}/new_(1).X`), 204);
  assert.deepEqual((await client.arm('GET', `${groups}/new_(1).x`)).body, expected);
  const retagged = await client.arm('PUT', `${groups}/new_(1).x`, { location, tags: {} });
  assert.deepEqual(expectStatus(retagged, 200).body, { ...expected, tags: {} });
  expectStatus(await client.arm('PUT', `${groups}/new_(1).x`, { location: 'northeurope' }), 409);
  expectStatus(await followed(client, expectStatus(await client.arm('DELETE', `${groups}/New_(1).x`), 202)), 200);
  expectStatus(await client.arm('DELETE', `${groups}/New_(1).x`), 404);
  for (const name of ['x.', 'a%20b', 'g'.repeat(91), '%F0%9D%92%9C'.repeat(90)]) {
    expectError(
      await client.arm('PUT', `${groups}/${name}`, { location }),
      400,
      'BadRequest',
      `The resource group name '${decodeURIComponent(name)}' is invalid: 1 to 90 letters, digits, underscores, hyphens, brackets and full stops, no full stop last.`,
    );
  }
});
