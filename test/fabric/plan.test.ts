import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatIpv4, parseIpv4 } from '../../src/address/address.ts';
import { allocate, emptyAllocation } from '../../src/fabric/allocation.ts';
import { plan, type Plan } from '../../src/fabric/plan.ts';
import type { FabricState } from '../../src/fabric/state.ts';
import { guidOf, stateOf } from './states.ts';

interface Runs {
  readonly workloads?: Readonly<Record<string, string>>;
}

/** The plan of a state; `workloads` run at these addresses, each in the subnet `NETWORK/SUBNET`. */
function planOf(state: FabricState, { workloads = {} }: Runs = {}): Plan {
  const running = Object.entries(workloads).map(([address, subnet], index) => ({
    number: index + 1,
    incarnation: guidOf(subnet),
    address: parseIpv4(address) ?? 0,
  }));
  return plan({ state, allocation: allocate(emptyAllocation, state), workloads: running, hosts: [] });
}

describe('plan', () => {
  it('builds networks with the same addresses side by side', () => {
    const subnets = { web: {} };
    const { routers, problems } = planOf(stateOf({ networks: { a: { subnets }, b: { subnets } } }));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      routers.map(({ number, subnets: [subnet] }) => [number, subnet?.group, subnet?.outbound.map(formatIpv4)]),
      [
        [1, 1, ['203.0.113.128']],
        [2, 1, ['203.0.113.129']],
      ],
    );
  });

  it('does not build a network whose addresses have a meaning of their own, and says which', () => {
    const bad = [
      '192.0.0.0/16',
      '198.51.100.128/25',
      '203.0.113.0/28',
      '169.254.0.0/24',
      '168.63.0.0/16',
      '0.1.0.0/16',
    ];
    const networks = Object.fromEntries(bad.map((space) => [space, { addressPrefixes: ['10.0.0.0/16', space] }]));
    const { routers, problems } = planOf(stateOf({ networks: { ...networks, fine: {} } }));
    assert.deepEqual(
      routers.map(({ name }) => name),
      ['fine'],
    );
    assert.equal(problems.length, bad.length);
    assert.equal(
      problems[1],
      'Network "198.51.100.128/25" is not built: its address space 198.51.100.128/25 overlaps publicAddressPool (198.51.100.0/24). Give the network another address space.',
    );
  });

  it('names both pools when publicAddressPool is where the fabric has its own addresses', () => {
    const { problems } = planOf(stateOf({ publicAddressPool: '192.0.2.0/28' }));
    assert.deepEqual(problems, [
      'publicAddressPool (192.0.2.0/28) overlaps the addresses of the services (192.0.2.0/24). Configure another publicAddressPool in the server.',
    ]);
  });

  it('peers networks of which both sides are connected, and not the peers of peers', () => {
    const space = (third: number) => [`10.${third}.0.0/16`];
    const networks = {
      a: { addressPrefixes: space(1), peers: [{ to: 'b' }, { to: 'd' }] },
      b: { addressPrefixes: space(2), peers: [{ to: 'a' }, { to: 'c' }] },
      c: { addressPrefixes: space(3), peers: [{ to: 'b' }] },
      d: { addressPrefixes: space(4), peers: [{ to: 'a', state: 'Initiated' }] },
    };
    const { routers } = planOf(stateOf({ networks }));
    assert.deepEqual(
      routers.map(({ peers }) => peers.map(({ number }) => number)),
      [[2], [1, 3], [2], []],
    );
  });

  it('refuses a peering of overlapping spaces, on both sides', () => {
    const networks = { a: { peers: [{ to: 'b' }] }, b: { addressPrefixes: ['10.0.128.0/17'], peers: [{ to: 'a' }] } };
    const { routers, problems } = planOf(stateOf({ networks }));
    assert.deepEqual(
      routers.map(({ peers }) => peers.length),
      [0, 0],
    );
    assert.equal(
      problems[0],
      'Peering "to-b" is not built: address space 10.0.0.0/16 of "a" overlaps one of "b". Networks with the same addresses cannot be peers.',
    );
    assert.equal(problems.length, 2);
  });

  it('gives a workload a place only while its subnet exists and contains its address', () => {
    const state = stateOf({ networks: { a: { subnets: { web: {} } } } });
    const workloads = { '10.0.0.4': 'a/web', '10.0.1.4': 'a/web', '10.0.0.5': 'a/gone' };
    assert.deepEqual(planOf(state, { workloads }).routers[0]?.workloads, [
      { number: 1, group: 1, address: parseIpv4('10.0.0.4') },
    ]);
  });

  it('leads a public address to one network only', () => {
    const subnets = { web: { publicAddresses: ['198.51.100.3'] }, api: { publicAddresses: ['198.51.100.3'] } };
    const { internet, problems } = planOf(stateOf({ networks: { a: { subnets }, b: { subnets } } }));
    assert.deepEqual(
      internet.routers.map(({ publicAddresses }) => publicAddresses.map(formatIpv4)),
      [['198.51.100.3'], []],
    );
    assert.deepEqual(problems, [
      'Public address 198.51.100.3 leads to network "a", so that "b" gets no answers to it. Give "b" a NAT gateway of its own.',
    ]);
  });

  it('says which wishes of a network are not done, where that lets something through', () => {
    const networks = {
      filtered: { addressPrefixes: ['10.1.0.0/16'], dnsServers: ['10.1.0.4', '168.63.129.16'] },
      sealed: { addressPrefixes: ['10.2.0.0/16'], dropUnencrypted: true },
      usual: { addressPrefixes: ['10.3.0.0/16'], dnsServers: ['168.63.129.16'], dropUnencrypted: false },
    };
    assert.deepEqual(planOf(stateOf({ networks })).problems, [
      'Network "filtered": its DNS servers (10.1.0.4) are not asked, but the platform\'s. Remove dnsServers.',
      'Network "sealed": nothing is encrypted, and DropUnencrypted drops nothing. Set AllowUnencrypted.',
    ]);
  });

  it('finds groups and tables by their ids in any case', () => {
    const subnets = {
      web: { securityGroup: '/NSGS/Locked', routeTable: '/TABLES/none' },
      api: { securityGroup: '/x' },
    };
    const tables = { '/tables/None': [{ name: 'all', addressPrefix: '0.0.0.0/0', nextHopType: 'None' }] };
    const { routers } = planOf(stateOf({ networks: { a: { subnets } }, groups: { '/nsgs/locked': [] }, tables }));
    const [web, api] = routers[0]?.subnets ?? [];
    assert.equal(web?.filter?.outbound.length, 3);
    assert.ok(web.routes?.some(({ prefix, to }) => prefix.prefix === 0 && to === 'nowhere'));
    assert.equal(api?.filter, undefined);
  });
});
