import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseIpv4 } from '../../src/address/address.ts';
import { addHost, deleteHost } from '../../src/fabric/internet-rules.ts';
import { linkChanges } from '../../src/fabric/link-changes.ts';
import { addOwner, deleteOwner } from '../../src/fabric/router-rules.ts';
import { notRun } from '../not-run.ts';
import { missingForPlanLab, PlanLab } from './plan-lab.ts';
import { stateOf, type RuleSent, type Sent, type SubnetSent } from './states.ts';
import type { Protocol } from './station.ts';

const sent = {
  networks: {
    a: {
      peers: [{ to: 'c' }, { to: 'e', allowVirtualNetworkAccess: false }],
      subnets: {
        web: { addressPrefix: '10.0.0.0/24', serviceEndpoint: true },
        api: { addressPrefix: '10.0.1.0/24', publicAddresses: ['198.51.100.3'] },
        locked: { addressPrefix: '10.0.2.0/24', serviceEndpoint: true, securityGroup: '/locked' },
        ruled: { addressPrefix: '10.0.3.0/24', securityGroup: '/ruled' },
        routed: { addressPrefix: '10.0.4.0/24', serviceEndpoint: true, routeTable: '/table' },
        dark: { addressPrefix: '10.0.5.0/24', defaultOutboundAccess: false },
        quiet: { addressPrefix: '10.0.6.0/24', securityGroup: '/quiet' },
        tagged: { addressPrefix: '10.0.7.0/24', securityGroup: '/tagged' },
        led: { addressPrefix: '10.0.8.0/24', securityGroup: '/inside', routeTable: '/outside' },
        inside: { addressPrefix: '10.0.9.0/24', securityGroup: '/inside' },
      },
    },
    b: { subnets: { web: { addressPrefix: '10.0.0.0/24', serviceEndpoint: true } } },
    c: {
      addressPrefixes: ['10.1.0.0/16'],
      peers: [{ to: 'a' }, { to: 'd' }],
      subnets: { one: { addressPrefix: '10.1.0.0/24' } },
    },
    d: { addressPrefixes: ['10.2.0.0/16'], peers: [{ to: 'c' }], subnets: { one: { addressPrefix: '10.2.0.0/24' } } },
    e: { addressPrefixes: ['10.3.0.0/16'], peers: [{ to: 'a' }], subnets: { one: { addressPrefix: '10.3.0.0/24' } } },
  },
  groups: {
    '/locked': [
      { priority: 100, protocol: 'Tcp', destinationPrefixes: ['AzureKeyVault'], destinationPorts: ['443'] },
      { priority: 200, access: 'Deny' },
      { priority: 100, direction: 'Inbound', access: 'Deny' },
    ],
    '/ruled': [
      { priority: 100, protocol: 'Tcp', destinationPrefixes: ['10.0.0.4/32'], destinationPorts: ['80', '90-90'] },
      { priority: 110, access: 'Deny', protocol: 'Tcp', destinationPrefixes: ['10.0.0.0/24'] },
      { priority: 120, access: 'Deny', destinationPrefixes: ['Internet'], destinationPorts: ['443'] },
      { priority: 130, destinationPrefixes: ['10.3.0.0/16'] },
      {
        priority: 100,
        direction: 'Inbound',
        sourcePrefixes: ['10.0.0.4'],
        destinationPorts: ['8080'],
        protocol: 'Tcp',
      },
      {
        priority: 110,
        direction: 'Inbound',
        access: 'Deny',
        sourcePrefixes: ['VirtualNetwork'],
        destinationPorts: ['8080'],
      },
      { priority: 120, direction: 'Inbound', sourcePrefixes: ['*'], destinationPorts: ['443'], protocol: 'Udp' },
    ],
    '/quiet': [
      { priority: 100, access: 'Deny', destinationPrefixes: ['AzurePlatformDNS', 'AzurePlatformIMDS'] },
      { priority: 100, direction: 'Inbound', access: 'Deny', sourcePorts: ['1-1023', '1024-65535'], protocol: 'Udp' },
    ],
    '/inside': [{ priority: 100, access: 'Deny', destinationPrefixes: ['VirtualNetwork'] }],
    '/flushing': [],
    '/tagged': [
      { priority: 100, destinationPrefixes: ['AzureKeyVault.WestEurope'] },
      { priority: 110, destinationPrefixes: ['AzureActiveDirectory'] },
      { priority: 120, destinationPrefixes: ['Storage', 'AzureResourceManager.WestEurope'] },
      { priority: 200, access: 'Deny' },
    ],
  },
  tables: {
    '/outside': [{ name: 'hosts', addressPrefix: '203.0.113.0/25', nextHopType: 'Internet' }],
    '/table': [
      { name: 'all', addressPrefix: '0.0.0.0/0', nextHopType: 'None' },
      { name: 'login', addressPrefix: 'AzureActiveDirectory', nextHopType: 'Internet' },
      { name: 'api', addressPrefix: '10.0.1.0/24', nextHopType: 'None' },
      {
        name: 'appliance',
        addressPrefix: '10.0.5.0/24',
        nextHopType: 'VirtualAppliance',
        nextHopIpAddress: '10.0.0.5',
      },
    ],
  },
} as const satisfies Sent;
const state = stateOf(sent);

/** The same with the service endpoint of `a/api` on or off. */
function withEndpoint(serviceEndpoint: boolean): Sent {
  return withApi({ serviceEndpoint });
}

function withApi(changed: SubnetSent): Sent {
  const { a, ...others } = sent.networks;
  const { api: former, ...subnets } = a.subnets;
  return { ...sent, networks: { ...others, a: { ...a, subnets: { ...subnets, api: { ...former, ...changed } } } } };
}

const withGroupOnApi = withApi({ securityGroup: '/locked' });

/** A group on `a/api` that asks for `flushConnection`. */
function withFlushing(...rules: readonly RuleSent[]): Sent {
  const changed = withApi({ securityGroup: '/flushing', serviceEndpoint: true });
  return { ...changed, groups: { ...sent.groups, '/flushing': rules }, flushing: ['/flushing'] };
}

const web = 'a/web 10.0.0.4';
const neighbour = 'a/web 10.0.0.5';
const api = 'a/api 10.0.1.4';
const locked = 'a/locked 10.0.2.4';
const lockedToo = 'a/locked 10.0.2.5';
const ruled = 'a/ruled 10.0.3.4';
const routed = 'a/routed 10.0.4.4';
const dark = 'a/dark 10.0.5.4';
const quiet = 'a/quiet 10.0.6.4';
const tagged = 'a/tagged 10.0.7.4';
const led = 'a/led 10.0.8.4';
const inside = 'a/inside 10.0.9.4';
const otherWeb = 'b/web 10.0.0.4';
const peer = 'c/one 10.1.0.4';
const peersPeer = 'd/one 10.2.0.4';
const distant = 'e/one 10.3.0.4';
const host = 'internet 203.0.113.7';
const machines = [
  web,
  neighbour,
  api,
  locked,
  lockedToo,
  ruled,
  routed,
  dark,
  quiet,
  tagged,
  led,
  inside,
  otherWeb,
  peer,
  peersPeer,
  distant,
  host,
];

const vault = '192.0.2.10:443';
const authority = '192.0.2.20:443';
const dns = '168.63.129.16:53';
const metadata = '169.254.169.254:80';

type Case = readonly [from: string, protocol: Protocol, to: string, heard: string];

const cases: Readonly<Record<string, readonly Case[]>> = {
  'the endpoint leads to the listener with the private address, in two networks with the same addresses': [
    [web, 'tcp', vault, 'router a sees 10.0.0.4'],
    [otherWeb, 'tcp', vault, 'router b sees 10.0.0.4'],
    [api, 'tcp', vault, 'internet sees 198.51.100.3'],
    [web, 'tcp', '192.0.2.10:80', 'nothing'],
    [web, 'tcp', authority, 'internet sees 203.0.113.128'],
    [host, 'tcp', vault, 'internet sees 203.0.113.7'],
  ],
  'instance metadata and DNS are for every subnet': [
    [api, 'tcp', metadata, 'router a sees 10.0.1.4'],
    [locked, 'tcp', metadata, 'router a sees 10.0.2.4'],
    [locked, 'udp', dns, 'internet sees 169.254.128.1'],
    [dark, 'tcp', dns, 'internet sees 169.254.128.1'],
    [routed, 'udp', dns, 'internet sees 169.254.128.1'],
    [host, 'udp', dns, 'internet sees 203.0.113.7'],
    [host, 'tcp', metadata, 'ENETUNREACH'],
  ],
  'there is no direct way to a listener, nor to the router': [
    [web, 'tcp', '169.254.1.1:10001', 'nothing'],
    [web, 'tcp', '169.254.128.1:10001', 'nothing'],
    [api, 'tcp', '169.254.1.1:20002', 'nothing'],
    [host, 'tcp', '203.0.113.128:10001', 'nothing'],
    [peer, 'tcp', '169.254.128.1:10001', 'nothing'],
  ],
  'traffic passes inside a network, to a peer and to the internet, and nowhere else': [
    [web, 'tcp', '10.0.0.5:80', `${neighbour} sees 10.0.0.4`],
    [web, 'tcp', '10.0.1.4:80', `${api} sees 10.0.0.4`],
    [web, 'tcp', '10.1.0.4:80', `${peer} sees 10.0.0.4`],
    [peer, 'udp', '10.0.0.4:80', `${web} sees 10.1.0.4`],
    [peersPeer, 'tcp', '10.1.0.4:80', `${peer} sees 10.2.0.4`],
    [peersPeer, 'tcp', '10.0.0.4:80', 'nothing'],
    [web, 'tcp', '10.2.0.4:80', 'nothing'],
    [otherWeb, 'tcp', '10.0.1.4:80', 'nothing'],
    [otherWeb, 'tcp', '10.1.0.4:80', 'nothing'],
    [web, 'tcp', '203.0.113.7:443', `${host} sees 203.0.113.128`],
    [dark, 'tcp', '203.0.113.7:443', 'nothing'],
    [host, 'tcp', '10.0.0.4:80', 'ENETUNREACH'],
    [host, 'tcp', '198.51.100.3:80', 'nothing'],
  ],
  'a side that gives its peer no access is closed, except where a rule names the addresses': [
    [web, 'tcp', '10.3.0.4:80', 'nothing'],
    [distant, 'tcp', '10.0.0.4:80', 'nothing'],
    [ruled, 'tcp', '10.3.0.4:80', `${distant} sees 10.0.3.4`],
    [distant, 'tcp', '10.0.3.4:80', 'nothing'],
  ],
  'a locked subnet reaches the vaults and nothing else': [
    [locked, 'tcp', vault, 'router a sees 10.0.2.4'],
    [locked, 'tcp', authority, 'nothing'],
    [locked, 'tcp', '203.0.113.7:443', 'nothing'],
    [locked, 'tcp', '10.0.0.4:80', 'nothing'],
    [locked, 'udp', '192.0.2.10:443', 'nothing'],
    [web, 'tcp', '10.0.2.4:80', 'nothing'],
    [locked, 'tcp', '10.0.2.5:80', 'nothing'],
    [peer, 'tcp', '10.0.2.4:80', 'nothing'],
  ],
  'rules count by priority, protocol, port and address, and the default rules after them': [
    [ruled, 'tcp', '10.0.0.4:80', `${web} sees 10.0.3.4`],
    [ruled, 'tcp', '10.0.0.4:90', `${web} sees 10.0.3.4`],
    [ruled, 'tcp', '10.0.0.4:91', 'nothing'],
    [ruled, 'tcp', '10.0.0.5:80', 'nothing'],
    [ruled, 'udp', '10.0.0.5:80', `${neighbour} sees 10.0.3.4`],
    [ruled, 'tcp', '10.0.1.4:80', `${api} sees 10.0.3.4`],
    [ruled, 'tcp', '203.0.113.7:443', 'nothing'],
    [ruled, 'tcp', '203.0.113.7:80', `${host} sees 203.0.113.130`],
    [web, 'tcp', '10.0.3.4:8080', `${ruled} sees 10.0.0.4`],
    [neighbour, 'tcp', '10.0.3.4:8080', 'nothing'],
    [web, 'udp', '10.0.3.4:8080', 'nothing'],
    [web, 'tcp', '10.0.3.4:80', `${ruled} sees 10.0.0.4`],
    [peer, 'tcp', '10.0.3.4:80', `${ruled} sees 10.1.0.4`],
  ],
  'a source port is asked for, and platform addresses are governed by their own tags only': [
    [web, 'udp', '10.0.6.4:80', 'nothing'],
    [web, 'tcp', '10.0.6.4:80', `${quiet} sees 10.0.0.4`],
    [quiet, 'udp', dns, 'nothing'],
    [quiet, 'tcp', metadata, 'nothing'],
    [quiet, 'tcp', vault, 'internet sees 203.0.113.132'],
  ],
  'a tag is the addresses of its service, in all regions where Azure has it regional': [
    [tagged, 'tcp', vault, 'internet sees 203.0.113.133'],
    [tagged, 'tcp', authority, 'internet sees 203.0.113.133'],
    [tagged, 'tcp', '192.0.2.40:443', 'internet sees 203.0.113.133'],
    [tagged, 'tcp', '192.0.2.30:443', 'nothing'],
  ],
  "VirtualNetwork is also the prefixes of the subnet's own routes, and Internet stays what is public": [
    [led, 'tcp', '203.0.113.7:443', 'nothing'],
    [led, 'tcp', '10.0.0.4:80', 'nothing'],
    [led, 'tcp', authority, 'internet sees 203.0.113.134'],
    [inside, 'tcp', '203.0.113.7:443', `${host} sees 203.0.113.135`],
    [inside, 'tcp', '10.0.0.4:80', 'nothing'],
  ],
  'a route table leads away all but the endpoint, the DNS and longer prefixes': [
    [routed, 'tcp', vault, 'router a sees 10.0.4.4'],
    [routed, 'tcp', authority, 'internet sees 203.0.113.131'],
    [routed, 'tcp', '192.0.2.30:443', 'nothing'],
    [routed, 'tcp', '203.0.113.7:443', 'nothing'],
    [routed, 'tcp', '10.0.0.4:80', `${web} sees 10.0.4.4`],
    [routed, 'tcp', '10.1.0.4:80', `${peer} sees 10.0.4.4`],
    [routed, 'tcp', '10.0.1.4:80', 'nothing'],
    // The appliance is a workload that forwards nothing.
    [routed, 'tcp', '10.0.5.4:80', 'nothing'],
    [web, 'tcp', '10.0.5.4:80', `${dark} sees 10.0.0.4`],
  ],
};

const missing = missingForPlanLab();
if (missing !== undefined) notRun('test/fabric/packets.test.ts', missing);
else {
  describe('packets of a plan', () => {
    let lab: PlanLab;
    before(async () => {
      lab = new PlanLab();
      lab.apply(state, machines);
      await lab.start();
    });
    after(() => lab[Symbol.asyncDispose]());

    for (const [title, table] of Object.entries(cases)) {
      it(title, async () => {
        const heard = await Promise.all(
          table.map(async ([from, protocol, to]) => [from, protocol, to, await lab.ask(from, protocol, to)]),
        );
        assert.deepEqual(heard, table);
      });
    }

    it('what `ip` finds is what the plan wants, so that nothing is done again', () => {
      assert.deepEqual(linkChanges(lab.found(), lab.wanted()), {
        add: [],
        remove: [],
        removals: [],
        wires: [],
        settings: new Map(),
      });
    });

    it('a source address that another workload has, or IPv6, does not leave the wire', async () => {
      const namespace = lab.workload(web);
      lab.inside(namespace, 'ip', 'address', 'add', '10.0.0.5/32', 'dev', 'eth0');
      lab.inside(namespace, 'ip', 'address', 'add', '10.1.0.4/32', 'dev', 'eth0');
      const earlier = lab.counted('a', 'spoofed');
      for (const from of ['10.0.0.5', '10.1.0.4']) {
        assert.equal(await lab.ask(web, 'udp', '10.0.1.4:80', from), 'nothing');
        assert.equal(await lab.ask(web, 'tcp', vault, from), 'nothing');
      }
      assert.ok(lab.counted('a', 'spoofed') >= earlier + 4);
      assert.equal(await lab.ask(web, 'udp', '10.0.1.4:80', '10.0.0.4'), `${api} sees 10.0.0.4`);
      assert.equal(lab.counted('a', 'untranslated'), 0);
      lab.inside(namespace, 'ip', 'address', 'delete', '10.0.0.5/32', 'dev', 'eth0');
      lab.inside(namespace, 'ip', 'address', 'delete', '10.1.0.4/32', 'dev', 'eth0');
    });

    it('one workload or host joins and leaves without replacing the rules', async () => {
      const [address, number] = [parseIpv4('10.0.0.4') ?? 0, machines.indexOf(web) + 1];
      const router = lab.router('a');
      lab.nft(router, deleteOwner({ number, group: 1, address }));
      assert.equal(await lab.ask(web, 'udp', '10.0.1.4:80'), 'nothing');
      lab.nft(router, addOwner({ number, group: 1, address }));
      assert.equal(await lab.ask(web, 'udp', '10.0.1.4:80'), `${api} sees 10.0.0.4`);
      const outside = { number: machines.indexOf(host) + 1, address: parseIpv4('203.0.113.7') ?? 0 };
      lab.nft(lab.names.internet, deleteHost(outside));
      assert.equal(await lab.ask(host, 'tcp', vault), 'nothing');
      lab.nft(lab.names.internet, addHost(outside));
      assert.equal(await lab.ask(host, 'tcp', vault), 'internet sees 203.0.113.7');
    });

    it('a switch of the endpoint moves kept connections, and touches no other subnet', async () => {
      const switched = (serviceEndpoint: boolean) => stateOf(withEndpoint(serviceEndpoint));
      await lab.tell(api, { kind: 'keep', to: '192.0.2.10', port: 443 });
      await lab.tell(otherWeb, { kind: 'keep', to: '192.0.2.10', port: 443 });
      lab.apply(switched(true), machines);
      assert.equal(await lab.tell(api, { kind: 'askKept' }), 'nothing', 'the former way is closed');
      assert.equal(await lab.ask(api, 'tcp', vault), 'router a sees 10.0.1.4');
      assert.equal(await lab.tell(otherWeb, { kind: 'askKept' }), 'router b sees 10.0.0.4');
      lab.apply(switched(false), machines);
      assert.equal(await lab.ask(api, 'tcp', vault), 'internet sees 198.51.100.3');
    });

    it('a rule that changes governs new flows only', async () => {
      assert.equal(await lab.tell(web, { kind: 'keep', to: '10.0.1.4', port: 80 }), `${api} sees 10.0.0.4`);
      lab.apply(stateOf(withGroupOnApi), machines);
      assert.equal(await lab.ask(web, 'tcp', '10.0.1.4:80'), 'nothing');
      assert.equal(await lab.tell(web, { kind: 'askKept' }), `${api} sees 10.0.0.4`);
      lab.apply(state, machines);
      assert.equal(await lab.ask(web, 'tcp', '10.0.1.4:80'), `${api} sees 10.0.0.4`);
    });

    it('a rule of a group with flushConnection governs open flows too, and leaves those that it allows', async () => {
      const inbound = { direction: 'Inbound', access: 'Deny', sourcePrefixes: ['10.0.0.4'] } as const;
      const outbound = { access: 'Deny', destinationPrefixes: ['Internet'], destinationPorts: ['443'] } as const;
      const denials = [
        { ...inbound, priority: 100 },
        { ...outbound, priority: 100 },
      ];
      for (const [kept, allowed] of [
        [{ to: '203.0.113.7', port: 443 }, `${host} sees 198.51.100.3`],
        [{ to: '192.0.2.10', port: 443 }, 'router a sees 10.0.1.4'],
      ] as const) {
        lab.apply(stateOf(withFlushing()), machines);
        assert.equal(await lab.ask(api, 'udp', dns), 'internet sees 169.254.128.1');
        assert.equal(await lab.tell(api, { kind: 'keep', ...kept }), allowed);
        assert.equal(await lab.tell(web, { kind: 'keep', to: '10.0.1.4', port: 80 }), `${api} sees 10.0.0.4`);
        assert.equal(await lab.tell(neighbour, { kind: 'keep', to: '10.0.1.4', port: 80 }), `${api} sees 10.0.0.5`);
        assert.equal(await lab.tell(api, { kind: 'askKept' }), allowed);
        lab.apply(stateOf(withFlushing(...denials)), machines);
        assert.equal(await lab.tell(api, { kind: 'askKept' }), 'nothing');
        assert.equal(await lab.tell(web, { kind: 'askKept' }), 'nothing');
        assert.equal(await lab.tell(neighbour, { kind: 'askKept' }), `${api} sees 10.0.0.5`);
        assert.equal(await lab.ask(api, 'udp', dns), 'internet sees 169.254.128.1');
      }
      lab.apply(state, machines);
    });

    it('an answer is judged as what it answers, also when nothing is asked any more', async () => {
      const again = async () => {
        const heard = lab.tell(web, { kind: 'hear' });
        await lab.tell(api, { kind: 'answerAgain' });
        return heard;
      };
      lab.apply(stateOf(withFlushing()), machines);
      const answer = `${api} sees 10.0.0.4`;
      assert.equal(await lab.tell(web, { kind: 'keepUdp', to: '10.0.1.4', port: 80 }), answer);
      assert.equal(await again(), answer);
      lab.apply(
        stateOf(withFlushing({ priority: 100, direction: 'Inbound', access: 'Deny', sourcePrefixes: ['10.0.0.4'] })),
        machines,
      );
      assert.equal(await again(), 'nothing');
      lab.apply(state, machines);
    });
  });
}
