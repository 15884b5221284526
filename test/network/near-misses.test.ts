import assert from 'node:assert/strict';
import { subnetTlv, version2 } from '../ingress/proxy-encoder.ts';
import type { Row } from './core-rows.ts';
import { testInLab } from './in-lab.ts';
import { listenerPorts, type Lab } from './lab.ts';
import { inside, natAddresses, routerAddress, vaultAddress, type WorkloadName } from './namespaces.ts';
import { inSubnet, reads, refusesBytes, type BytesRefused } from './sightings.ts';

const silenceMs = 400;

/** Connects to the vault from an address, with all the rights that root has over the workload's own namespace. */
async function knockAsRoot(lab: Lab, workload: WorkloadName, address: string): Promise<string> {
  const program =
    `const socket = require('node:net').connect({ host: '${vaultAddress}', port: 443, localAddress: '${address}' });` +
    `const say = (text) => { console.log(text); process.exit(); };` +
    `socket.on('connect', () => say('connected')).on('error', (error) => say(error.code));` +
    `setTimeout(() => say('silence'), ${silenceMs});`;
  return (await inside(lab.networks.of(workload), lab.kit.node, '-e', program)).trim();
}

/** Headers that claim an allowed address or an allowed subnet: version 1, version 2, and with a TLV. */
function forgedHeaders(incarnation: string): readonly Uint8Array[] {
  const addresses = [natAddresses.blue, vaultAddress] as const;
  return [
    Buffer.from(`PROXY TCP4 ${addresses.join(' ')} 40000 443\r\n`),
    version2({ addresses, checksum: true }),
    version2({ tlvs: [subnetTlv(incarnation)], checksum: true }),
  ];
}

/** The listener accepts no header: the log names the real peer. */
async function refusesHeaders(lab: Lab, workload: WorkloadName, seen: BytesRefused): Promise<void> {
  const incarnation = await lab.administrator.guidOf(lab.administrator.subnetId('blue', 'apps'));
  for (const bytes of forgedHeaders(incarnation)) await refusesBytes(lab, workload, bytes, seen);
}

const rows: readonly Row[] = [
  {
    name: "a neighbour's address is dropped at the router, even where the workload has become root",
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      const own = lab.networks.of('blueBack');
      assert.equal(await knockAsRoot(lab, 'blueBack', '10.0.1.4'), 'connected');
      for (const stolen of ['10.0.0.4', '10.0.0.5', '203.0.113.7', '10.0.1.5']) {
        await inside(own, 'ip', 'addr', 'add', `${stolen}/32`, 'dev', 'eth0');
        const before = await lab.networks.spoofed('blue');
        assert.equal(await knockAsRoot(lab, 'blueBack', stolen), 'silence', stolen);
        assert.ok((await lab.networks.spoofed('blue')) > before, stolen);
        await inside(own, 'ip', 'addr', 'del', `${stolen}/32`, 'dev', 'eth0');
      }
      await reads(lab, 'blueNeighbour', { origin: inSubnet('blueNeighbour'), decision: { rule } });
      await reads(lab, 'blueBack', { origin: inSubnet('blueBack'), decision: { because: 'noVirtualNetworkRule' } });
    },
  },
  {
    name: "a PROXY header is refused at a subnet's listener",
    async see(lab) {
      await refusesHeaders(lab, 'greenApp', { listener: 'subnet', remoteAddress: '10.0.0.4' });
    },
  },
  {
    name: 'a PROXY header is refused at the public listener',
    async see(lab) {
      await lab.switchEndpoint('green', 'apps', 'off');
      await refusesHeaders(lab, 'greenApp', { listener: 'public', remoteAddress: natAddresses.green });
      await lab.switchEndpoint('green', 'apps', 'on');
    },
  },
  {
    name: "a subnet's listener does not answer at any other address that its port can be tried at",
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      const port = listenerPorts.apps;
      const pokes: readonly (readonly [WorkloadName, string])[] = [
        ['blueApp', routerAddress],
        ['blueApp', natAddresses.blue],
        ['blueApp', vaultAddress],
        ['blueBack', routerAddress],
        ['blueBack', natAddresses.blue],
        ['greenApp', routerAddress],
        ['greenApp', natAddresses.blue],
        ['greenApp', vaultAddress],
      ];
      for (const [workload, host] of pokes) {
        const { connected, ended } = await lab.workloads[workload].dial({ host, port });
        assert.deepEqual({ connected, ended }, { connected: false, ended: 'ECONNREFUSED' }, `${workload} at ${host}`);
      }
      // But it does listen.
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
    },
  },
];

testInLab('near misses in real networks', rows);
