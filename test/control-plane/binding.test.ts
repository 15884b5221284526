import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import {
  at,
  endpoint,
  expectError,
  expectStatus,
  incarnationOf,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  storedVault,
  subnetId,
  vaultBody,
  vaults,
  verdictOf,
} from './resources.ts';

const allowed = { allowed: true, because: 'virtualNetworkRule', index: 0 };
const denied = { allowed: false, because: 'noVirtualNetworkRule' };
const from = '10.0.0.4';

function rulesFor(...ids: readonly string[]) {
  return {
    networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: ids.map((id) => ({ id })) },
  };
}

/** A vault `kv-bound` with one rule, bound to the subnet `vnet/apps`, which is then deleted. */
async function withDeadRule() {
  const world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps', 'other']), 201);
  const subnet = subnetId(client, 'vnet', 'apps');
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet)), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), allowed);
  expectStatus(await client.arm('DELETE', `${networks}/vnet/subnets/apps`), 202);
  return { world, client, subnet };
}

async function putSubnet(client: Client, name: string, addressPrefix: string, others: object = endpoint) {
  return client.arm('PUT', `${networks}/vnet/subnets/${name}`, { properties: { addressPrefix, ...others } });
}

test('a subnet that is deleted and created again under its name gets no access', async () => {
  const { world, client, subnet } = await withDeadRule();
  await using _ = world;
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
  const explained = await client.arm('POST', `${vaults}/kv-bound/explain`, { from, subnet });
  assert.match(
    String(explained.body['explanation']),
    /\(virtualNetworkRules\[0\] was made for an earlier subnet of that name; remove it and add it again\)/,
  );
});

test('a network that is deleted and created again under its name gets no access', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const first = expectStatus(await putNetwork(client, 'vnet', ['apps']), 201);
  const subnet = subnetId(client, 'vnet', 'apps');
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet)), 200);
  expectStatus(await client.arm('DELETE', `${networks}/vnet`), 202);
  const second = expectStatus(await putNetwork(client, 'vnet', ['apps']), 201);
  assert.notEqual(at(first.body, 'properties', 'resourceGuid'), at(second.body, 'properties', 'resourceGuid'));
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
});

test('a PUT of the whole vault accepts a rule whose subnet was deleted, and keeps its dead binding', async () => {
  const { world, client, subnet } = await withDeadRule();
  await using _ = world;
  const before = await storedVault(world, 'kv-bound');
  const put = await putVault(client, 'kv-bound', rulesFor(subnet), { tags: { cost: 'centre' } });
  assert.equal(at(expectStatus(put, 200).body, 'tags', 'cost'), 'centre');
  const after = await storedVault(world, 'kv-bound');
  assert.deepEqual(after.vault.properties.networkAcls, before.vault.properties.networkAcls);
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet.toUpperCase().replace('/SUB', '/sub'))), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
});

test('a PATCH with the same rules keeps a dead binding too', async () => {
  const { world, client, subnet } = await withDeadRule();
  await using _ = world;
  expectStatus(await client.arm('PATCH', `${vaults}/kv-bound`, { properties: rulesFor(subnet) }), 200);
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  expectStatus(await client.arm('PATCH', `${vaults}/kv-bound`, { tags: { a: 'b' } }), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
});

test('a rule that is removed and added again gets a new binding', async () => {
  const { world, client, subnet } = await withDeadRule();
  await using _ = world;
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  expectStatus(await putVault(client, 'kv-bound', rulesFor()), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet)), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), allowed);
});

test('a rule that appears twice is bound once, and keeps its binding while one of the two stays', async () => {
  const { world, client, subnet } = await withDeadRule();
  await using _ = world;
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet, subnet)), 200);
  const { vault } = await storedVault(world, 'kv-bound');
  const bindings = vault.properties.networkAcls?.virtualNetworkRules.map(({ incarnation }) => incarnation);
  assert.equal(bindings?.length, 2);
  assert.equal(bindings[0], bindings[1]);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
});

test('a new rule for a subnet, a network or a subscription that does not exist is refused, whatever the default action', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps']), 201);
  const stranger = '11111111-2222-3333-4444-555555555555';
  const real = subnetId(client, 'vnet', 'apps');
  const missing = [
    subnetId(client, 'vnet', 'gone'),
    subnetId(client, 'gone', 'apps'),
    real.replace('/resourceGroups/rg/', '/resourceGroups/other/'),
    real.replace(client.identity.subscriptionId, stranger),
  ];
  for (const id of missing) {
    for (const defaultAction of ['Deny', 'Allow']) {
      for (const ignoreMissingVnetServiceEndpoint of [false, true]) {
        const networkAcls = { defaultAction, virtualNetworkRules: [{ id, ignoreMissingVnetServiceEndpoint }] };
        const [network, subnet] = id.toLowerCase().split('/subnets/');
        expectError(
          await putVault(client, 'kv-new', { networkAcls }),
          400,
          'VirtualNetworkNotValid',
          `Operation on Virtual Network could not be performed. StatusCode: 400 (BadRequest). Error Code: SubnetNotFound. Error Message: Virtual network ${network} does not have subnets with names ${subnet}..`,
        );
      }
    }
  }
  expectStatus(await client.arm('GET', `${vaults}/kv-new`), 404);
});

test("a subnet without the service endpoint is refused with Azure's message, which ends with two full stops", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const without = [{}, { serviceEndpoints: [] }, { serviceEndpoints: [{ service: 'Microsoft.Storage' }] }];
  for (const [index, others] of without.entries()) {
    expectStatus(await putNetwork(client, 'vnet', ['apps'], others), index === 0 ? 201 : 200);
    const network = `/subscriptions/${client.identity.subscriptionId}${networks}/vnet`.toLowerCase();
    expectError(
      await putVault(client, 'kv-new', rulesFor(subnetId(client, 'vnet', 'apps'))),
      400,
      'VirtualNetworkNotValid',
      `Operation on Virtual Network could not be performed. StatusCode: 400 (BadRequest). Error Code: SubnetsHaveNoServiceEndpointsConfigured. Error Message: Subnets apps of virtual network ${network} do not have ServiceEndpoints for Microsoft.KeyVault resources configured. Add Microsoft.KeyVault to subnet's ServiceEndpoints collection before trying to ACL Microsoft.KeyVault resources to these subnets..`,
    );
  }
});

test('ignoreMissingVnetServiceEndpoint accepts a subnet without the endpoint, and the rule works once the endpoint exists', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps'], {}), 201);
  const subnet = subnetId(client, 'vnet', 'apps');
  const virtualNetworkRules = [{ id: subnet, ignoreMissingVnetServiceEndpoint: true }];
  const networkAcls = { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules };
  const put = expectStatus(await putVault(client, 'kv-new', { networkAcls }), 200);
  assert.deepEqual(at(put.body, 'properties', 'networkAcls', 'virtualNetworkRules'), [
    { id: subnet, ignoreMissingVnetServiceEndpoint: true },
  ]);
  expectError(
    await client.arm('POST', `${vaults}/kv-new/explain`, { from, subnet }),
    400,
    'BadRequest',
    `The subnet ${subnet} has no service endpoint for Microsoft.KeyVault: the vault sees its public (NAT) address. Give that as from, without subnet.`,
  );
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 200);
  assert.deepEqual(await verdictOf(client, 'kv-new', { from, subnet }), allowed);
});

test('recovering a soft-deleted vault keeps the stored bindings and ignores the networkAcls that are sent', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps', 'other']), 201);
  const [apps, other] = [subnetId(client, 'vnet', 'apps'), subnetId(client, 'vnet', 'other')];
  expectStatus(await putVault(client, 'kv-bound', rulesFor(apps, other)), 200);
  const before = await storedVault(world, 'kv-bound');
  expectStatus(await client.arm('DELETE', `${vaults}/kv-bound`), 200);
  expectStatus(await client.arm('DELETE', `${networks}/vnet/subnets/apps`), 202);
  expectStatus(await putSubnet(client, 'apps', '10.0.0.0/24'), 201);
  const sent = { createMode: 'recover', networkAcls: { defaultAction: 'Allow', bypass: 'AzureServices' } };
  const recovered = expectStatus(await putVault(client, 'kv-bound', sent), 200);
  assert.equal(at(recovered.body, 'properties', 'networkAcls', 'bypass'), 'None');
  assert.equal(at(recovered.body, 'properties', 'networkAcls', 'defaultAction'), 'Deny');
  assert.equal(at(recovered.body, 'properties', 'createMode'), undefined);
  const { vault } = await storedVault(world, 'kv-bound');
  assert.deepEqual(vault.properties, before.vault.properties);
  assert.equal(vault.incarnation, before.vault.incarnation);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet: apps }), denied);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet: other }), { ...allowed, index: 1 });
});

test('a PUT of a whole network keeps the subnets that it names, in any case, and deletes those that it leaves out', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps', 'other']), 201);
  const [apps, other] = [subnetId(client, 'vnet', 'apps'), subnetId(client, 'vnet', 'other')];
  expectStatus(await putVault(client, 'kv-bound', rulesFor(apps, other)), 200);
  expectStatus(await putNetwork(client, 'VNET', ['APPS']), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet: apps }), allowed);
  const listed = await client.arm('GET', `${networks}/vnet/subnets`);
  assert.equal(at(listed.body, 'value', 'length'), 1);
  assert.equal(at(listed.body, 'value', 0, 'name'), 'apps');
  expectStatus(await putNetwork(client, 'vnet', ['apps', 'other']), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet: apps }), allowed);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet: other }), denied);
});

test('a PUT of a network without `subnets` leaves them as they are, and one with an empty list deletes them', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps']), 201);
  const subnet = subnetId(client, 'vnet', 'apps');
  expectStatus(await putVault(client, 'kv-bound', rulesFor(subnet)), 200);
  const addressSpace = { addressPrefixes: ['10.0.0.0/16'] };
  const bare = { location, tags: { a: 'b' }, properties: { addressSpace } };
  expectStatus(await client.arm('PUT', `${networks}/vnet`, bare), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), allowed);
  const emptied = { location, properties: { addressSpace, subnets: [] } };
  expectStatus(await client.arm('PUT', `${networks}/vnet`, emptied), 200);
  expectStatus(await putNetwork(client, 'vnet', ['apps']), 200);
  assert.deepEqual(await verdictOf(client, 'kv-bound', { from, subnet }), denied);
});

test('the rulebook has the state of a subnet once the change is answered', async () => {
  const { world, client } = await withDeadRule();
  await using _ = world;
  const { rulebook } = world.server;
  const other = await incarnationOf(client, 'vnet', 'other');
  assert.equal(rulebook.subnet(other)?.serviceEndpoint, true);
  expectStatus(await putSubnet(client, 'other', '10.0.1.0/24', {}), 200);
  assert.equal(rulebook.subnet(other)?.serviceEndpoint, false);
  expectStatus(await putSubnet(client, 'other', '10.0.1.0/24'), 200);
  assert.equal(rulebook.subnet(other)?.serviceEndpoint, true);
  assert.equal(await incarnationOf(client, 'vnet', 'other'), other);
  expectStatus(await client.arm('DELETE', `${networks}/vnet/subnets/other`), 202);
  assert.equal(rulebook.subnet(other), undefined);
});

test('a malformed subnet id is refused, and the error names its place', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await putNetwork(client, 'vnet', ['apps']), 201);
  const real = subnetId(client, 'vnet', 'apps');
  const example =
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/vnet1/subnets/subnet1';
  const malformed = [
    '',
    'apps',
    real.slice(1),
    `${real}/`,
    ` ${real}`,
    real.replace('/subnets/apps', ''),
    real.replace('Microsoft.Network', 'Microsoft.Compute'),
    real.replace(client.identity.subscriptionId, 'not-a-guid'),
  ];
  for (const id of malformed) {
    expectError(
      await client.arm('PUT', `${vaults}/kv-new`, vaultBody(client, rulesFor(real, id))),
      400,
      'BadRequest',
      `Invalid value found at properties.networkAcls.virtualNetworkRules[1].id: ${JSON.stringify(id)} is not the id of a subnet; it has the form ${example}.`,
    );
  }
});
