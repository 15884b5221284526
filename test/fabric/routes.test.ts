import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatRange, networkOf, parseIpv4, parseRange } from '../../src/address/address.ts';
import { subnetRoutes } from '../../src/fabric/routes.ts';

function range(text: string) {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.range;
}

const around = {
  spaces: [range('10.0.0.0/16')],
  peers: [{ spaces: [range('10.1.0.0/16')] }],
  workloads: [{ number: 7, address: parseIpv4('10.0.2.4') ?? 0 }],
};

interface Sent {
  readonly addressPrefix: string;
  readonly nextHopType: 'VirtualNetworkGateway' | 'VnetLocal' | 'Internet' | 'VirtualAppliance' | 'None';
  readonly nextHopIpAddress?: string;
}

function read(...sent: readonly Sent[]) {
  const routes = sent.map((route, index) => ({ name: `route-${index}`, ...route }));
  const { routes: found, problems } = subnetRoutes({ id: '/table', routes }, around);
  return { to: Object.fromEntries(found.map(({ prefix, to }) => [formatRange(prefix), to])), problems };
}

it('a table has its own routes beside the longer ones of Azure', () => {
  const { to, problems } = read({ addressPrefix: '0.0.0.0/0', nextHopType: 'None' });
  assert.deepEqual(problems, []);
  assert.deepEqual(to, {
    '0.0.0.0/0': 'nowhere',
    '10.0.0.0/8': 'nowhere',
    '172.16.0.0/12': 'nowhere',
    '192.168.0.0/16': 'nowhere',
    '100.64.0.0/10': 'nowhere',
    '10.0.0.0/16': 'router',
    '10.1.0.0/16': 'router',
    '168.63.129.16/32': 'router',
  });
});

it('a route of the table comes before one of Azure with the same prefix, but not for the platform', () => {
  const { to } = read(
    { addressPrefix: '10.1.0.0/16', nextHopType: 'None' },
    { addressPrefix: '10.0.0.0/16', nextHopType: 'VirtualAppliance', nextHopIpAddress: '10.0.2.4' },
    { addressPrefix: '168.63.129.16/32', nextHopType: 'None' },
    { addressPrefix: '10.0.3.0/24', nextHopType: 'VnetLocal' },
    { addressPrefix: '8.8.8.0/24', nextHopType: 'VnetLocal' },
  );
  assert.equal(to['10.1.0.0/16'], 'nowhere');
  assert.deepEqual(to['10.0.0.0/16'], { wire: 7, address: parseIpv4('10.0.2.4') });
  assert.equal(to['168.63.129.16/32'], 'router');
  assert.equal(to['10.0.3.0/24'], 'router');
  assert.equal(to['8.8.8.0/24'], 'nowhere');
});

it('a tag is a route to each address of its service, and a prefix that is given comes before it', () => {
  const { to } = read(
    { addressPrefix: '192.0.2.20/32', nextHopType: 'None' },
    { addressPrefix: 'AzureActiveDirectory', nextHopType: 'Internet' },
  );
  assert.equal(to['192.0.2.20/32'], 'nowhere');
  assert.equal(to['192.0.2.40/32'], 'internet');
});

it('a next hop that cannot be reached leads nowhere, and is said', () => {
  const appliance = (nextHopIpAddress: string) =>
    ({ addressPrefix: '9.0.0.0/8', nextHopType: 'VirtualAppliance', nextHopIpAddress }) as const;
  assert.deepEqual(read(appliance('10.0.2.5')).problems, [
    'Route "route-0" of "/table" ends at 10.0.2.5: a workload there gets the packets, and cannot forward them. Change the route.',
  ]);
  for (const [route, why] of [
    [appliance('10.1.0.4'), 'its next hop 10.1.0.4 is not in the address space of its network'],
    [appliance('x'), 'its next hop "x" is not an IPv4 address'],
    [{ addressPrefix: '9.0.0.0/8', nextHopType: 'VirtualNetworkGateway' }, 'a fabric has no virtual network gateways'],
  ] as const) {
    const { to, problems } = read(route);
    assert.equal(to[formatRange(networkOf(range('9.0.0.0/8').first, 8))], 'nowhere');
    assert.deepEqual(problems, [`Route "route-0" of "/table" leads nowhere: ${why}. Change the route.`]);
  }
  assert.deepEqual(read({ addressPrefix: '10.0.0.0/99', nextHopType: 'None' }).problems, [
    'Route "route-0" of "/table" is left out: its prefix "10.0.0.0/99" cannot be read. Change the route.',
  ]);
});
