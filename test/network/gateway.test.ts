import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { notRun } from '../not-run.ts';
import { subnetTlv, version2 } from '../ingress/proxy-encoder.ts';
import type { Row } from './core-rows.ts';
import { channelOf, gatewayPorts, setUpGateways } from './haproxy-gateways.ts';
import { testInLab } from './in-lab.ts';
import type { Lab } from './lab.ts';
import { natAddresses, type SubnetName, type VnetName } from './namespaces.ts';
import { behindNat, inSubnet, isRefused, reads, refusesBytes } from './sightings.ts';

const notInRules = { because: 'noVirtualNetworkRule' } as const;
const noIpRule = { because: 'noIpRule' } as const;

function incarnationOf({ administrator }: Lab, vnet: VnetName, subnet: SubnetName): Promise<string> {
  return administrator.guidOf(administrator.subnetId(vnet, subnet));
}

const rows: readonly Row[] = [
  {
    name: 'HAProxy in the routers, over a channel for each network, gives the same decisions',
    async see(lab) {
      await setUpGateways(lab);
      await lab.networks.redirect('blue', 'apps', gatewayPorts.apps);
      await lab.networks.redirect('blue', 'back', gatewayPorts.back);
      await lab.networks.redirect('green', 'apps', gatewayPorts.apps);
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
      await reads(lab, 'blueNeighbour', { origin: inSubnet('blueNeighbour'), decision: { rule } });
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: notInRules });
      await reads(lab, 'blueBack', { origin: inSubnet('blueBack'), decision: notInRules });
      assert.deepEqual(await lab.postern.listListeners(lab.dataDir), [], 'none of its own listeners is left');
    },
  },
  {
    name: "a channel of one network that names the other network's subnet, or none, is refused",
    async see(lab) {
      // If it were believed, it would be let in.
      await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('green', 'apps')] });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.forged);
      const incarnation = await incarnationOf(lab, 'green', 'apps');
      await isRefused(lab, 'blueApp', 'unixGateway', { kind: 'subnetOfAnotherVnet', incarnation });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.unnamed);
      await isRefused(lab, 'blueApp', 'unixGateway', { kind: 'subnetNotNamed' });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.apps);
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: notInRules });
    },
  },
  {
    name: 'a workload that sends a header of its own through the gateway, or dials its path, gets no answer',
    async see(lab) {
      await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('blue', 'apps')] });
      const tlvs = [subnetTlv(await incarnationOf(lab, 'blue', 'apps'))];
      const forged = version2({ tlvs, checksum: true });
      await refusesBytes(lab, 'blueBack', forged, { listener: 'unixGateway', remoteAddress: undefined });
      const { connected, ended } = await lab.workloads.blueBack.dial({ path: channelOf(lab, 'blue') }, forged);
      assert.deepEqual({ connected, ended }, { connected: false, ended: 'EACCES' });
    },
  },
  {
    name: 'a gateway on another host uses mutual TLS, and is believed for its own network only',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule, lab.administrator.subnetId('green', 'apps')] });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.remote);
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.remoteForged);
      const incarnation = await incarnationOf(lab, 'green', 'apps');
      await isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'subnetOfAnotherVnet', incarnation });
      await lab.networks.redirect('blue', 'apps', gatewayPorts.apps);
    },
  },
  {
    name: 'with the endpoint off a gateway is not believed, and IP rules decide on connections through the NAT',
    async see(lab) {
      const { administrator, networks } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      const subnets = [rule];
      await administrator.setRules({ subnets });
      await administrator.putSubnet('blue', 'apps', 'off');
      const incarnation = await incarnationOf(lab, 'blue', 'apps');
      await isRefused(lab, 'blueApp', 'unixGateway', { kind: 'endpointOff', incarnation });
      await networks.unredirect('blue', 'apps');
      await reads(lab, 'blueApp', { origin: behindNat('blueApp'), decision: noIpRule });
      await administrator.setRules({ subnets, ipRules: [natAddresses.green] });
      await reads(lab, 'blueApp', { origin: behindNat('blueApp'), decision: noIpRule });
      await administrator.setRules({ subnets, ipRules: [natAddresses.blue] });
      await reads(lab, 'blueApp', { origin: behindNat('blueApp'), decision: { rule: natAddresses.blue } });
      await administrator.putSubnet('blue', 'apps', 'on');
      await networks.redirect('blue', 'apps', gatewayPorts.apps);
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
    },
  },
  {
    name: 'a gateway that still names a subnet that was made again is refused',
    async see(lab) {
      const { administrator } = lab;
      const incarnation = await incarnationOf(lab, 'blue', 'apps');
      await administrator.deleteSubnet('blue', 'apps');
      await administrator.putSubnet('blue', 'apps', 'on');
      await isRefused(lab, 'blueApp', 'unixGateway', { kind: 'subnetGone', incarnation });
    },
  },
];

if (spawnSync('haproxy', ['-v']).status === 0) testInLab('through HAProxy', rows);
else notRun('gateways in real networks', 'there is no haproxy on PATH (Debian: apt-get install haproxy)');
