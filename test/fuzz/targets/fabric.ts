import assert from 'node:assert/strict';
import { allocate, emptyAllocation } from '../../../src/fabric/allocation.ts';
import { foundThings } from '../../../src/fabric/found-things.ts';
import { nothingKept, readKept } from '../../../src/fabric/kept.ts';
import { plan } from '../../../src/fabric/plan.ts';
import { routerRules } from '../../../src/fabric/router-rules.ts';
import { readFabricRequest } from '../../../src/fabric/socket.ts';
import { fabricState } from '../../../src/fabric/state.ts';
import { bytesOf, jsonOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const guid = '11111111-2222-4333-8444-555555555555';

/** A line of the fabric's socket becomes a request with the id of a process that can be one, or it is refused. */
export const fabricLine: FuzzTarget = {
  form: 'json',
  words: ['join', 'subnet', 'internet', 'address', 'identityHeader', 'pid', 'status', 'stop', '0.0.0.0', '--all'],
  samples: () => ({
    inputs: [
      { join: 'subnet', subnet: 'demo-blue/workloads', address: '10.0.0.4', identityHeader: 's3cret-header', pid: 7 },
      { join: 'internet', address: '203.0.113.7', pid: 7 },
      { status: true },
      { stop: true },
    ].map(bytesOf),
    read(input) {
      const request = readFabricRequest(textOf(input));
      if (typeof request === 'string') {
        assert.doesNotMatch(request, /s3cret-header/);
        return;
      }
      assert.notEqual(jsonOf(input), undefined);
      if (!('pid' in request)) return;
      assert.ok(Number.isInteger(request.pid) && request.pid > 1, `${request.pid}`);
      if (request.kind === 'joinSubnet') assert.notEqual(request.subnet, '');
    },
  }),
};

const rule = {
  name: 'kv',
  priority: 100,
  direction: 'Outbound',
  access: 'Deny',
  protocol: 'Tcp',
  sourcePrefixes: ['VirtualNetwork'],
  sourcePorts: ['*'],
  destinationPrefixes: ['AzureKeyVault.WestEurope', '10.0.0.0/8'],
  destinationPorts: ['443', '80-90'],
};
const subnet = {
  id: '/vnets/a/subnets/web',
  name: 'web',
  incarnation: guid,
  addressPrefix: '10.0.0.0/24',
  serviceEndpoint: true,
  publicAddresses: ['198.51.100.3'],
  defaultOutboundAccess: false,
  securityGroup: '/nsg',
  routeTable: '/table',
};
const peering = {
  name: 'to-b',
  remote: '/vnets/b',
  remoteGuid: guid.replace('1', '2'),
  state: 'Connected',
  allowVirtualNetworkAccess: true,
  allowForwardedTraffic: false,
};

/** A state is refused, or has a plan whose packet filter is made of its own words: no string of the state is in it. */
export const networks: FuzzTarget = {
  form: 'json',
  words: [
    'Internet',
    'VirtualNetwork',
    '0.0.0.0/0',
    '255.255.255.255/32',
    '65535',
    '90-80',
    'None',
    'VirtualAppliance',
  ],
  samples: () => ({
    inputs: [
      bytesOf({
        version: '1',
        publicAddressPool: '198.51.100.0/24',
        virtualNetworks: [
          {
            id: '/vnets/a',
            name: 'a',
            resourceGuid: guid,
            addressPrefixes: ['10.0.0.0/16'],
            subnets: [subnet],
            peerings: [peering],
          },
        ],
        securityGroups: [{ id: '/nsg', rules: [rule], flushConnection: true }],
        routeTables: [
          {
            id: '/table',
            routes: [{ name: 'all', addressPrefix: '0.0.0.0/0', nextHopType: 'None', nextHopIpAddress: null }],
          },
        ],
      }),
    ],
    read(input) {
      const read = fabricState(jsonOf(input));
      if (!read.ok) return;
      const state = read.value;
      const { routers } = plan({ state, allocation: allocate(emptyAllocation, state), workloads: [], hosts: [] });
      for (const router of routers) assert.match(routerRules(router), /^[\w\s{}:;.,"*=!<>+/()@-]*$/);
    },
  }),
};

const link = {
  ifname: 'v1',
  flags: ['UP'],
  group: '7',
  addr_info: [{ family: 'inet', local: '169.254.1.1', prefixlen: 32 }],
};

/** The output of `ip -json` is read, or it is said that this version cannot read it. */
export const ipOutput: FuzzTarget = {
  form: 'request',
  samples: () => ({
    inputs: [
      [
        JSON.stringify([link]),
        JSON.stringify([{ dst: '10.0.0.4', dev: 'w1', scope: 'link', flags: [] }]),
        JSON.stringify([{ priority: 100, fwmark: '0x1', table: '101' }]),
      ].join('\n'),
    ].map(bytesOf),
    read(input) {
      try {
        const { wires, settings } = foundThings(textOf(input), 1);
        for (const { slot } of [...wires, ...settings]) assert.notEqual(slot, '');
      } catch (error) {
        if (error instanceof SyntaxError) return;
        assert.match(String(error), /^Error: "ip -json" printed what this version cannot read, at /);
      }
    },
  }),
};

/** The file of an earlier reconciler is read whole, or counts as none. */
export const keptFile: FuzzTarget = {
  form: 'json',
  words: ['allocation', 'networks', 'subnets', 'workloads', 'hosts', 'holder', 'startTicks', 'outboundAddress'],
  samples: () => {
    const holder = { pid: 7, startTicks: 1 };
    const workload = { number: 1, address: 167_772_164, holder, incarnation: guid, name: 'a/web' };
    return {
      inputs: [
        nothingKept,
        {
          ...nothingKept,
          controlSocket: '/run/x',
          allocation: {
            networks: { [guid]: 1 },
            subnets: { [guid]: { network: guid, group: 1, outboundAddress: 3_405_803_904 } },
          },
          workloads: [workload],
          hosts: [{ number: 2, address: 3_405_803_783, holder }],
          endpoints: [guid],
          listeners: [{ id: guid, key: 'k' }],
        },
      ].map(bytesOf),
      read(input) {
        const kept = readKept(jsonOf(input));
        for (const { holder: found, number } of [...(kept?.workloads ?? []), ...(kept?.hosts ?? [])]) {
          assert.ok(Number.isSafeInteger(found.pid) && found.pid >= 0 && Number.isSafeInteger(number), `${found.pid}`);
        }
      },
    };
  },
};
