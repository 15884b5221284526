import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServerWith } from '../world/server.ts';
import {
  at,
  expectError,
  expectStatus,
  group,
  location,
  putNetwork,
  putVault,
  startWithGroup,
  storedVault,
  subnetId,
  vaultBody,
  vaults,
} from './resources.ts';

const remedy =
  'IP rules take public addresses only: give the public (NAT) address that callers arrive from, ' +
  'or a virtual network rule for callers in a subnet. To let every network in, set defaultAction to Allow.';

function ipRules(values: readonly string[]) {
  return { networkAcls: { defaultAction: 'Deny', ipRules: values.map((value) => ({ value })) } };
}

function addresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `20.0.${index >> 8}.${index & 255}`);
}

test('127 IP rules and 127 virtual network rules are accepted, and one more of either is refused and changes nothing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const names = Array.from({ length: 128 }, (_, index) => `s${index}`);
  expectStatus(await putNetwork(client, 'vnet', names), 201);
  const subnets = names.map((name) => ({ id: subnetId(client, 'vnet', name) }));
  const ranges = addresses(128).map((value) => ({ value }));
  const acls = (ip: number, vnet: number) => ({
    networkAcls: { defaultAction: 'Deny', ipRules: ranges.slice(0, ip), virtualNetworkRules: subnets.slice(0, vnet) },
  });
  const put = expectStatus(await putVault(client, 'kv-full', acls(127, 127)), 200);
  assert.equal(at(put.body, 'properties', 'networkAcls', 'ipRules', 'length'), 127);
  assert.equal(at(put.body, 'properties', 'networkAcls', 'virtualNetworkRules', 'length'), 127);
  const before = await client.arm('GET', `${vaults}/kv-full`);
  const { version } = await storedVault(world, 'kv-full');
  const tooMany = [
    [
      acls(128, 127),
      'ipRules[127]: a vault takes at most 127 IPv4 rules',
      'join neighbouring addresses into ranges, or remove rules.',
    ],
    [
      acls(127, 128),
      'virtualNetworkRules[127]: a vault takes at most 127 virtual network rules',
      'remove rules of subnets that no longer need the vault.',
    ],
  ] as const;
  for (const [properties, rule, instead] of tooMany) {
    const message = `Invalid value found at properties.networkAcls.${rule} (rule profile documented); ${instead}`;
    expectError(await putVault(client, 'kv-full', properties, { tags: { a: 'b' } }), 400, 'BadRequest', message);
    expectError(await client.arm('PATCH', `${vaults}/kv-full`, { properties }), 400, 'BadRequest', message);
  }
  const after = await client.arm('GET', `${vaults}/kv-full`);
  assert.equal(JSON.stringify(after.body), JSON.stringify(before.body));
  assert.equal((await storedVault(world, 'kv-full')).version, version);
});

test('a value that appears twice is stored twice and counted once', async () => {
  await using world = await startWithGroup();
  const values = [...addresses(127), '20.0.0.0', '20.0.0.1'];
  const put = expectStatus(await putVault(world.client, 'kv-twice', ipRules(values)), 200);
  assert.equal(at(put.body, 'properties', 'networkAcls', 'ipRules', 'length'), 129);
});

test('the profile `current` accepts 1000 IP rules and small ranges, and returns an address as a /32', async () => {
  await using world = await startServerWith({ options: ['--rules', 'current'], config: { azureNormalization: true } });
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  expectStatus(await putVault(client, 'kv-full', ipRules(addresses(1000))), 200);
  expectError(
    await putVault(client, 'kv-full', ipRules(addresses(1001))),
    400,
    'BadRequest',
    'Invalid value found at properties.networkAcls.ipRules[1000]: a vault takes at most 1000 IPv4 rules (rule profile current); join neighbouring addresses into ranges, or remove rules.',
  );
  const small = ['203.0.113.7', '203.0.113.8/32', '203.0.113.10/31', '203.0.113.0/24'];
  const put = expectStatus(await putVault(client, 'kv-small', ipRules(small)), 200);
  assert.deepEqual(at(put.body, 'properties', 'networkAcls', 'ipRules'), [
    { value: '203.0.113.7/32' },
    { value: '203.0.113.8/32' },
    { value: '203.0.113.10/31' },
    { value: '203.0.113.0/24' },
  ]);
  expectError(
    await putVault(client, 'kv-small', ipRules(['172.20.10.5'])),
    400,
    'BadRequest',
    `Invalid value found at properties.networkAcls.ipRules[0].value: 172.20.10.5/32 belongs to forbidden range 172.16.0.0–172.31.255.255 (private IP addresses). ${remedy}`,
  );
});

test('the profile `current` accepts 200 virtual network rules', async () => {
  await using world = await startWithGroup('--rules', 'current');
  const { client } = world;
  const names = Array.from({ length: 201 }, (_, index) => `s${index}`);
  expectStatus(await putNetwork(client, 'vnet', names), 201);
  const rules = names.map((name) => ({ id: subnetId(client, 'vnet', name) }));
  const acls = (count: number) => ({ networkAcls: { virtualNetworkRules: rules.slice(0, count) } });
  expectStatus(await putVault(client, 'kv-full', acls(200)), 200);
  expectError(
    await putVault(client, 'kv-full', acls(201)),
    400,
    'BadRequest',
    'Invalid value found at properties.networkAcls.virtualNetworkRules[200]: a vault takes at most 200 virtual network rules (rule profile current); remove rules of subnets that no longer need the vault.',
  );
});

test('a value that is not a public IPv4 address or range is refused, and the error names its place, the value and the remedy', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const small = (value: string, instead: string) =>
    `${value} is a small range, and the prefix sizes /31 and /32 are not supported; use individual addresses instead: ${instead}.`;
  const reserved = (value: string, range: string) => `${value} belongs to forbidden range ${range}. ${remedy}`;
  const refusals: readonly (readonly [string, string])[] = [
    ['203.0.113.8/31', small('203.0.113.8/31', '203.0.113.8 and 203.0.113.9')],
    ['203.0.113.8/32', small('203.0.113.8/32', '203.0.113.8')],
    ['10.0.0.0/8', reserved('10.0.0.0/8', '10.0.0.0–10.255.255.255 (private IP addresses)')],
    ['172.20.10.5', reserved('172.20.10.5', '172.16.0.0–172.31.255.255 (private IP addresses)')],
    ['192.168.1.0/24', reserved('192.168.1.0/24', '192.168.0.0–192.168.255.255 (private IP addresses)')],
    ['127.0.0.1', reserved('127.0.0.1', '127.0.0.0–127.255.255.255 (loopback addresses)')],
    [
      '0.0.0.0/0',
      `0.0.0.0/0 overlaps forbidden range 0.0.0.0–0.255.255.255 ("this network" addresses, RFC 791). ${remedy}`,
    ],
    ['2001:db8::1', '"2001:db8::1" is IPv6; only IPv4 addresses are supported.'],
    ['::ffff:203.0.113.7', '"::ffff:203.0.113.7" is IPv6; only IPv4 addresses are supported.'],
    [
      '203.0.113.7/24',
      '"203.0.113.7/24" has bits set after the prefix; use 203.0.113.0/24 for the range, or the address without a prefix.',
    ],
    [
      '010.1.1.1',
      '"010.1.1.1" has the octet 010, whose leading zero some readers take for octal; write 10 if decimal is meant.',
    ],
    [' 203.0.113.7', '" 203.0.113.7" has white space in it; remove it.'],
    ['203.0.113', '"203.0.113" has 3 of 4 octets; write all four, as in 203.0.113.0/24.'],
    ['', '"" is empty; give a public IPv4 address, or a range such as 203.0.113.0/24.'],
  ];
  for (const [value, message] of refusals) {
    const place = 'Invalid value found at properties.networkAcls.ipRules[1].value: ';
    const put = await putVault(client, 'kv-new', ipRules(['203.0.113.1', value]));
    expectError(put, 400, 'BadRequest', `${place}${message}`);
  }
  expectStatus(await client.arm('GET', `${vaults}/kv-new`), 404);
});

test('a networkAcls of another shape is refused, and the error names the member', async () => {
  await using world = await startWithGroup();
  const place = 'Invalid value found at properties.networkAcls';
  const refusals: readonly (readonly [unknown, string])[] = [
    ['Deny', `${place}: this is a string; it must be an object.`],
    [{ defaultAction: 'Block' }, `${place}.defaultAction: "Block" is not a choice; use Allow or Deny.`],
    [{ bypass: 'Metrics' }, `${place}.bypass: "Metrics" is not a choice; use AzureServices or None.`],
    [{ ipRules: {} }, `${place}.ipRules: this is an object; it must be an array.`],
    [{ ipRules: [{ value: 7 }] }, `${place}.ipRules[0].value: this is a number; it must be a string.`],
    [{ ipRules: [{}] }, `${place}.ipRules[0]: the member "value" is missing; every rule needs one.`],
    [
      { resourceAccessRules: [] },
      `${place}: the member "resourceAccessRules" is not supported; remove it, the members are bypass, defaultAction, ipRules, virtualNetworkRules.`,
    ],
  ];
  for (const [networkAcls, message] of refusals) {
    expectError(await putVault(world.client, 'kv-new', { networkAcls }), 400, 'BadRequest', message);
  }
});

test("a vault's own answer can be sent back to it, and changes nothing", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  expectStatus(await putNetwork(client, 'Net', ['Apps']), 201);
  const id = subnetId(client, 'Net', 'Apps');
  const properties = {
    accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['Get', 'list'], keys: [] } }],
    enabledForDiskEncryption: true,
    softDeleteRetentionInDays: 30,
    enablePurgeProtection: true,
    publicNetworkAccess: 'enabled',
    networkAcls: {
      defaultAction: 'deny',
      bypass: 'azureservices',
      ipRules: [{ value: '203.0.113.0/24' }, { value: '198.51.100.7' }],
      virtualNetworkRules: [{ id, ignoreMissingVnetServiceEndpoint: false }],
    },
  };
  const put = expectStatus(await putVault(client, 'Kv-Round', properties, { tags: { A: 'b' } }), 200);
  assert.deepEqual(at(put.body, 'properties', 'networkAcls'), {
    bypass: 'AzureServices',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.0/24' }, { value: '198.51.100.7' }],
    virtualNetworkRules: [{ id, ignoreMissingVnetServiceEndpoint: false }],
  });
  assert.equal(at(put.body, 'properties', 'publicNetworkAccess'), 'Enabled');
  assert.deepEqual(at(put.body, 'properties', 'accessPolicies'), properties.accessPolicies);
  const got = expectStatus(await client.arm('GET', `${vaults}/Kv-Round`), 200);
  assert.deepEqual(got.body, put.body);
  expectStatus(await client.arm('PUT', `${vaults}/Kv-Round`, got.body), 200);
  const again = expectStatus(await client.arm('GET', `${vaults}/kv-round`), 200);
  for (const member of ['id', 'name', 'type', 'location', 'tags', 'properties']) {
    assert.deepEqual(at(again.body, member), at(got.body, member));
  }
});

test('rules are stored also with defaultAction Allow, and a networkAcls without rules is returned with empty lists', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const networkAcls = { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [{ value: '203.0.113.7' }] };
  const open = expectStatus(await putVault(client, 'kv-open', { networkAcls }), 200);
  assert.deepEqual(at(open.body, 'properties', 'networkAcls'), { ...networkAcls, virtualNetworkRules: [] });
  const bare = expectStatus(await putVault(client, 'kv-bare', { networkAcls: { defaultAction: 'Deny' } }), 200);
  assert.deepEqual(at(bare.body, 'properties', 'networkAcls'), {
    bypass: 'AzureServices',
    defaultAction: 'Deny',
    ipRules: [],
    virtualNetworkRules: [],
  });
  const never = expectStatus(await client.arm('PUT', `${vaults}/kv-never`, vaultBody(client)), 200);
  assert.equal(at(never.body, 'properties', 'networkAcls'), undefined);
});

test('a PATCH replaces the networkAcls as one property, and a PUT without them does not open the vault', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(
    await putVault(client, 'kv-shut', { publicNetworkAccess: 'Disabled', ...ipRules(['203.0.113.7']) }),
    200,
  );
  const put = expectStatus(await putVault(client, 'kv-shut', {}, { tags: { a: 'b' } }), 200);
  assert.equal(at(put.body, 'properties', 'publicNetworkAccess'), 'Disabled');
  assert.deepEqual(at(put.body, 'properties', 'networkAcls', 'ipRules'), [{ value: '203.0.113.7' }]);
  const patch = { properties: { networkAcls: { defaultAction: 'Deny', bypass: 'None' } } };
  const patched = expectStatus(await client.arm('PATCH', `${vaults}/kv-shut`, patch), 200);
  assert.deepEqual(at(patched.body, 'properties', 'networkAcls'), {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [],
    virtualNetworkRules: [],
  });
  assert.equal(at(patched.body, 'tags', 'a'), 'b');
  assert.equal(at(patched.body, 'properties', 'publicNetworkAccess'), 'Disabled');
});
