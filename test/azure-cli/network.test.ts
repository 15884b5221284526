import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  at,
  expectStatus,
  putNetwork,
  putVault,
  startWithGroup,
  subnetId,
  vaults,
} from '../control-plane/resources.ts';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import { azIsInstalled, refused, signedIn, typed } from './az.ts';

function named(list: Json): readonly Json[] {
  return Object.values<Json>(list).map((item) => at(item, 'name'));
}

function runSuite(): void {
  test('public addresses, NAT gateways, network security groups and route tables are made, and a subnet has them', async () => {
    await using world = await startWithGroup();
    using az = await signedIn(world);
    const network = (command: string) => typed(az, `network ${command}`);
    const ip = await network('public-ip create -g rg -n ip --sku Standard --allocation-method Static -l westeurope');
    assert.equal(at(ip, 'publicIp', 'ipAddress'), '198.51.100.1');
    assert.deepEqual(at(ip, 'publicIp', 'sku'), { name: 'Standard', tier: 'Regional' });
    const nat = await network(
      'nat gateway create -g rg -n nat --public-ip-addresses ip --idle-timeout 10 -l westeurope',
    );
    assert.equal(at(nat, 'idleTimeoutInMinutes'), 10);
    const group = await network('nsg create -g rg -n nsg -l westeurope');
    assert.equal(at(group, 'NewNSG', 'defaultSecurityRules', 'length'), 6);
    const rule = 'nsg rule create -g rg --nsg-name nsg -n kv --priority 100 --direction Outbound --protocol Tcp';
    const made = await network(`${rule} --destination-address-prefixes AzureKeyVault --destination-port-ranges 443`);
    assert.equal(at(made, 'destinationAddressPrefix'), 'AzureKeyVault');
    assert.equal(at(await network('nsg rule update -g rg --nsg-name nsg -n kv --priority 110'), 'priority'), 110);
    await network('route-table create -g rg -n rt -l westeurope');
    const route = 'route-table route create -g rg --route-table-name rt -n all --address-prefix 0.0.0.0/0';
    assert.equal(at(await network(`${route} --next-hop-type Internet`), 'nextHopType'), 'Internet');
    expectStatus(await putNetwork(world.client, 'va', ['apps']), 201);
    const all = '--nat-gateway nat --network-security-group nsg --route-table rt';
    const subnet = await network(`vnet subnet update -g rg --vnet-name va -n apps ${all}`);
    assert.match(String(at(subnet, 'natGateway', 'id')), /\/natGateways\/nat$/);
    assert.match(
      await refused(az, 'network nsg delete -g rg -n nsg'),
      /^ERROR: \(InUseNetworkSecurityGroupCannotBeDeleted\)/m,
    );
  });

  test('virtual networks are peered, and the services that subnets have endpoints for are listed', async () => {
    await using world = await startWithGroup();
    using az = await signedIn(world);
    const vnet = (command: string) => typed(az, `network vnet ${command}`);
    const services = await vnet('list-endpoint-services -l westeurope');
    assert.ok(Object.values<Json>(services).some((service) => at(service, 'name') === 'Microsoft.KeyVault'));
    for (const [name, prefix] of [
      ['va', '10.1'],
      ['vb', '10.2'],
    ] as const) {
      await vnet(
        `create -g rg -n ${name} --address-prefixes ${prefix}.0.0/16 --subnet-name apps --subnet-prefixes ${prefix}.0.0/24`,
      );
    }
    const peer = (from: string, to: string) =>
      vnet(`peering create -g rg -n peer --vnet-name ${from} --remote-vnet ${to} --allow-vnet-access`);
    assert.equal(at(await peer('va', 'vb'), 'peeringState'), 'Initiated');
    assert.equal(at(await peer('vb', 'va'), 'peeringState'), 'Connected');
    assert.deepEqual(named(await vnet('peering list -g rg --vnet-name va')), ['peer']);
    await vnet('peering delete -g rg -n peer --vnet-name vb');
    assert.equal(at(await vnet('peering show -g rg -n peer --vnet-name va'), 'peeringState'), 'Disconnected');
  });

  test('private endpoints are made, and their connections approved, rejected and deleted', async () => {
    await using world = await startWithGroup();
    const { client } = world;
    using az = await signedIn(world);
    expectStatus(await putNetwork(client, 'va', ['apps']), 201);
    expectStatus(await putVault(client, 'kv-az'), 200);
    const vault = `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-az`;
    const create = (name: string, group = 'vault') =>
      `network private-endpoint create -g rg -n ${name} --subnet ${subnetId(client, 'va', 'apps')} --private-connection-resource-id ${vault} --group-id ${group} --connection-name kv -l westeurope`;
    const stateOf = (shown: Json) => [at(shown, 'status'), at(shown, 'description')];

    const links = await typed(az, 'keyvault private-link-resource list --vault-name kv-az');
    assert.deepEqual(named(links), ['vault']);
    const auto = await typed(az, create('auto'));
    const [own] = Object.values<Json>(at(auto, 'privateLinkServiceConnections'));
    assert.deepEqual(stateOf(at(own, 'privateLinkServiceConnectionState')), ['Approved', 'Auto-Approved']);
    await typed(az, `${create('asked')} --manual-request true --request-message please`);
    assert.match(await refused(az, create('other', 'blob')), /groupIds: this is an array; it must be \["vault"\]/);

    const listed = Object.values<Json>(await typed(az, `network private-endpoint-connection list --id ${vault}`));
    const id = String(listed.map((one) => at(one, 'id')).find((one) => String(one).includes('/asked.')));
    const connection = (command: string) => typed(az, `keyvault private-endpoint-connection ${command} --id ${id}`);
    const decided = (shown: Json) => stateOf(at(shown, 'privateLinkServiceConnectionState'));
    assert.deepEqual(decided(await connection('show')), ['Pending', 'please']);
    assert.deepEqual(decided(await connection('approve --description welcome')), ['Approved', 'welcome']);
    assert.deepEqual(decided(await connection('reject --description no')), ['Rejected', 'no']);
    await connection('delete');
    const asked = await typed(az, 'network private-endpoint show -g rg -n asked');
    const state = at(asked, 'manualPrivateLinkServiceConnections', 0, 'privateLinkServiceConnectionState', 'status');
    assert.equal(state, 'Disconnected');
    assert.match(
      await refused(az, 'network vnet subnet delete -g rg --vnet-name va -n apps'),
      /^ERROR: \(InUseSubnetCannotBeDeleted\)/m,
    );
    for (const name of ['asked', 'auto']) await typed(az, `network private-endpoint delete -g rg -n ${name}`);
    await typed(az, 'network vnet subnet delete -g rg --vnet-name va -n apps');
  });
}

if (azIsInstalled()) suite('the Azure CLI, networks', { concurrency: 1 }, runSuite);
else
  notRun(
    'the Azure CLI makes networks and private endpoints',
    'az is not installed (Debian: apt-get install azure-cli)',
  );
