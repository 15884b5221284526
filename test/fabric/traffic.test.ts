/** Programs of several networks reach each other, end to end, by peering, routes and security groups. */
import assert from 'node:assert/strict';
import { until } from '../world/process.ts';
import type { FabricLab } from './fabric-lab.ts';
import { Program } from './programs.ts';
import { idOf, peer, put, putGateway, putNetwork, subnetAt, testAtSite } from './site.ts';

const places = {
  web: { subnet: 'blue/web', address: '10.0.0.4' },
  db: { subnet: 'blue/db', address: '10.0.1.4' },
  shy: { subnet: 'blue/shy', address: '10.0.2.4' },
  routed: { subnet: 'blue/routed', address: '10.0.3.4' },
  greenWeb: { subnet: 'green/web', address: '10.0.0.4' },
  greenDb: { subnet: 'green/db', address: '10.0.1.4' },
  red: { subnet: 'red/one', address: '10.1.0.4' },
  far: { subnet: 'violet/one', address: '10.2.0.4' },
  host: { internet: '203.0.113.7', address: '203.0.113.7' },
  otherHost: { internet: '203.0.113.8', address: '203.0.113.8' },
} as const;
type Name = keyof typeof places;

const ports = [8080, 8081];
const nothing = 'nothing';

type Case = readonly [from: Name, protocol: 'tcp' | 'udp', to: Name, port: number, heard: string];

const cases = (gateway: string): Readonly<Record<string, readonly Case[]>> => ({
  'two networks with the same addresses do not meet': [
    ['web', 'tcp', 'db', 8080, 'db sees 10.0.0.4'],
    ['greenWeb', 'tcp', 'greenDb', 8081, 'greenDb sees 10.0.0.4'],
    ['greenWeb', 'tcp', 'red', 8080, nothing],
    ['red', 'udp', 'web', 8080, 'web sees 10.1.0.4'],
  ],
  'peered networks reach each other, and a peer of the peer does not': [
    ['web', 'tcp', 'red', 8080, 'red sees 10.0.0.4'],
    ['red', 'tcp', 'far', 8080, 'far sees 10.1.0.4'],
    ['far', 'tcp', 'red', 8080, 'red sees 10.2.0.4'],
    ['far', 'tcp', 'web', 8080, nothing],
    ['web', 'udp', 'far', 8080, nothing],
  ],
  'an inbound rule opens a port to a subnet, and no other port, protocol or place': [
    ['web', 'tcp', 'db', 8080, 'db sees 10.0.0.4'],
    ['web', 'tcp', 'db', 8081, nothing],
    ['web', 'udp', 'db', 8080, nothing],
    ['shy', 'tcp', 'db', 8080, nothing],
    ['red', 'tcp', 'db', 8080, nothing],
    ['db', 'tcp', 'web', 8081, 'web sees 10.0.1.4'],
  ],
  'an outbound rule closes the internet but for a host, and the network stays open': [
    ['shy', 'tcp', 'host', 8080, 'host sees 203.0.113.'],
    ['shy', 'tcp', 'host', 8081, nothing],
    ['shy', 'tcp', 'otherHost', 8080, nothing],
    ['shy', 'udp', 'web', 8080, 'web sees 10.0.2.4'],
  ],
  'routes without a next hop drop what they are for, and nothing else': [
    ['routed', 'tcp', 'host', 8080, nothing],
    ['routed', 'tcp', 'web', 8080, nothing],
    ['routed', 'tcp', 'otherHost', 8080, 'otherHost sees 203.0.113.'],
    ['routed', 'tcp', 'red', 8080, 'red sees 10.0.3.4'],
  ],
  'the internet sees the address of the NAT gateway, and reaches nothing behind it': [
    ['web', 'tcp', 'host', 8080, `host sees ${gateway}`],
    ['web', 'udp', 'otherHost', 8081, `otherHost sees ${gateway}`],
    ['host', 'tcp', 'otherHost', 8080, 'otherHost sees 203.0.113.7'],
    ['host', 'tcp', 'web', 8080, 'ENETUNREACH'],
  ],
});

testAtSite('programs reach each other as peerings, routes and security groups say', async (lab, test) => {
  const gateway = await putNetworks(lab);
  await lab.up();
  await using stack = new AsyncDisposableStack();
  const started = Object.entries(places).map(async ([name, place]) => {
    const { address } = place;
    const program = stack.use(await Program.start(lab, place));
    await program.listen({ name, address, ports });
    return [name, program] as const;
  });
  const programs = new Map<string, Program>(await Promise.all(started));
  const ask = async ([from, protocol, to, port]: readonly [Name, 'tcp' | 'udp', Name, number, ...unknown[]]) =>
    programs.get(from)?.ask(protocol, `${places[to].address}:${port}`);
  for (const [title, rows] of Object.entries(cases(gateway))) {
    await test(title, async () => {
      const heard = await Promise.all(rows.map(ask));
      for (const [index, row] of rows.entries()) {
        const answer = heard[index] ?? '';
        const isAsWanted = row[4].endsWith('.') ? answer.startsWith(row[4]) : answer === row[4];
        assert.ok(isAsWanted, `${row.join(' ')}: ${answer}`);
      }
    });
  }
  await test('a rule that changes, and a peering that ends, are in force for programs that run', async () => {
    assert.equal(await ask(['web', 'tcp', 'db', 8081]), nothing);
    await putInbound(lab, '8080-8081');
    await until(async () => (await ask(['web', 'tcp', 'db', 8081])) === 'db sees 10.0.0.4', 'the open port');
    await lab.arm('DELETE', `${networks}/blue/virtualNetworkPeerings/to-red`);
    await until(async () => (await ask(['web', 'tcp', 'red', 8080])) === nothing, 'the end of the peering');
    assert.equal(await ask(['far', 'tcp', 'red', 8080]), 'red sees 10.2.0.4');
  });
});

const networks = '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks';

/** Returns the public address of `blue/web`. */
async function putNetworks(lab: FabricLab): Promise<string> {
  const gateway = await putGateway(lab, 'gateway');
  await putInbound(lab, '8080');
  await put(lab, 'networkSecurityGroups/shy', {
    securityRules: [
      rule('host', {
        priority: 100,
        direction: 'Outbound',
        access: 'Allow',
        protocol: 'Tcp',
        destinationAddressPrefix: '203.0.113.7/32',
        destinationPortRange: '8080',
      }),
      rule('internet', {
        priority: 110,
        direction: 'Outbound',
        access: 'Deny',
        destinationAddressPrefix: 'Internet',
        destinationPortRange: '*',
      }),
    ],
  });
  const dropped = (name: string, addressPrefix: string) => ({
    name,
    properties: { addressPrefix, nextHopType: 'None' },
  });
  await put(lab, 'routeTables/table', { routes: [dropped('host', '203.0.113.7/32'), dropped('web', '10.0.0.0/24')] });
  const group = (name: string) => ({ networkSecurityGroup: { id: idOf(lab, `networkSecurityGroups/${name}`) } });
  const blue = {
    web: subnetAt('10.0.0.0/24', 'endpoint', { natGateway: { id: idOf(lab, 'natGateways/gateway') } }),
    db: subnetAt('10.0.1.0/24', 'no endpoint', group('db')),
    shy: subnetAt('10.0.2.0/24', 'no endpoint', group('shy')),
    routed: subnetAt('10.0.3.0/24', 'endpoint', { routeTable: { id: idOf(lab, 'routeTables/table') } }),
  };
  const same = { web: subnetAt('10.0.0.0/24', 'endpoint'), db: subnetAt('10.0.1.0/24', 'no endpoint') };
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: blue });
  await putNetwork(lab, 'green', { space: '10.0.0.0/16', subnets: same });
  await putNetwork(lab, 'red', { space: '10.1.0.0/16', subnets: { one: subnetAt('10.1.0.0/24', 'no endpoint') } });
  await putNetwork(lab, 'violet', { space: '10.2.0.0/16', subnets: { one: subnetAt('10.2.0.0/24', 'no endpoint') } });
  await peer(lab, 'blue', 'red');
  await peer(lab, 'red', 'violet');
  return gateway;
}

/** `blue/db` may be reached at these ports from `blue/web`, and not otherwise from the network. */
function putInbound(lab: FabricLab, openPorts: string): Promise<void> {
  return put(lab, 'networkSecurityGroups/db', {
    securityRules: [
      rule('web', {
        priority: 100,
        direction: 'Inbound',
        access: 'Allow',
        protocol: 'Tcp',
        sourceAddressPrefix: '10.0.0.0/24',
        destinationPortRange: openPorts,
      }),
      rule('others', { priority: 110, direction: 'Inbound', access: 'Deny', sourceAddressPrefix: 'VirtualNetwork' }),
    ],
  });
}

function rule(name: string, properties: object): object {
  const any = {
    protocol: '*',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '*',
  };
  return { name, properties: { ...any, ...properties } };
}
