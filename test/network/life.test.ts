import assert from 'node:assert/strict';
import type { Row } from './core-rows.ts';
import { testInLab } from './in-lab.ts';
import { listenerPorts, type Lab } from './lab.ts';
import { deskAddress, inside, natAddresses, type WorkloadName } from './namespaces.ts';
import { until } from './postern-process.ts';
import { assertBareRead, bareRead, behindNat, inSubnet, isRefused, reads, type Sighting } from './sightings.ts';

/** Opens a connection that stays open, and returns the workload's port by which it is known. */
async function keepOpen(lab: Lab, workload: WorkloadName, slot: string, sighting: Sighting): Promise<number> {
  const opened = assertBareRead(lab, await bareRead(lab, lab.workloads[workload], { slot }), sighting);
  assert.equal(opened.reused, false);
  const again = assertBareRead(lab, await bareRead(lab, lab.workloads[workload], { slot }), sighting);
  assert.deepEqual(again, { localPort: opened.localPort, reused: true });
  return opened.localPort;
}

/** Waits until the workload's own kernel has seen the end of the connection. */
async function seesTheEnd(lab: Lab, workload: WorkloadName, port: number): Promise<void> {
  const list = () => inside(lab.networks.of(workload), 'ss', '-Htn', 'state', 'established', `sport = :${port}`);
  await until(`the end of the connection from port ${port}`, async () => (await list()) === '');
}

const notInRules = { because: 'noVirtualNetworkRule' } as const;

/** The outcome of a connection from a workload to a machine on the internet where nothing listens. */
async function dialInternet(lab: Lab, workload: WorkloadName): Promise<string> {
  const program =
    `require('node:net').connect({ host: '${deskAddress}', port: 9 })` +
    `.on('connect', () => console.log('connected')).on('error', (error) => console.log(error.code))`;
  return (await inside(lab.networks.of(workload), lab.kit.node, '-e', program)).trim();
}

const rows: readonly Row[] = [
  {
    name: 'a virtual network that is cut off from everything outside it reaches the vault by its endpoint',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      assert.equal(await dialInternet(lab, 'blueApp'), 'ECONNREFUSED');
      await lab.networks.cutOff('blue');
      try {
        assert.match(await dialInternet(lab, 'blueApp'), /^E(?:HOST|NET)UNREACH$/);
        await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
        await reads(lab, 'blueBack', { origin: inSubnet('blueBack'), decision: { because: 'noVirtualNetworkRule' } });
      } finally {
        await lab.networks.reconnect('blue');
      }
      assert.equal(await dialInternet(lab, 'blueApp'), 'ECONNREFUSED');
    },
  },
  {
    name: 'an endpoint that is switched off ends the connections that were open, and no request is answered on them',
    async see(lab) {
      const { administrator, networks } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      await administrator.setRules({ subnets: [rule] });
      const incarnation = await administrator.guidOf(rule);
      const port = await keepOpen(lab, 'blueApp', 'off', { origin: inSubnet('blueApp'), decision: { rule } });
      // Only at the resource manager: the vault does not wait for the network to follow.
      await administrator.putSubnet('blue', 'apps', 'off');
      await seesTheEnd(lab, 'blueApp', port);
      await isRefused(lab, 'blueApp', 'subnet', { kind: 'endpointOff', incarnation });
      await networks.unredirect('blue', 'apps');
      await networks.forgetFlows('blue', 'apps');
      const outside = { origin: behindNat('blueApp'), decision: { because: 'noIpRule' } } as const;
      const next = assertBareRead(lab, await bareRead(lab, lab.workloads.blueApp, { slot: 'off' }), outside);
      assert.equal(next.reused, false);
      await reads(lab, 'blueApp', outside);
      await lab.switchEndpoint('blue', 'apps', 'on');
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
    },
  },
  {
    name: 'an endpoint that is switched on ends the connections through the NAT, and no request is answered on them',
    async see(lab) {
      const { administrator } = lab;
      await lab.switchEndpoint('blue', 'apps', 'off');
      const rule = natAddresses.blue;
      await administrator.setRules({ ipRules: [rule] });
      const port = await keepOpen(lab, 'blueApp', 'on', { origin: behindNat('blueApp'), decision: { rule } });
      await lab.switchEndpoint('blue', 'apps', 'on');
      const subnet = { origin: inSubnet('blueApp'), decision: notInRules };
      // Data sent on it arrives at the listener's side of the router, which does not know such a connection. An
      // acknowledgement may have arrived there earlier: then the client knows already, and has opened another
      // connection.
      const first = await bareRead(lab, lab.workloads.blueApp, { slot: 'on' });
      if ('code' in first.answer) assert.deepEqual(first.answer, { code: 'ECONNRESET' });
      else assert.equal(assertBareRead(lab, first, subnet).reused, false);
      await seesTheEnd(lab, 'blueApp', port);
      const next = assertBareRead(lab, await bareRead(lab, lab.workloads.blueApp, { slot: 'on' }), subnet);
      assert.equal(next.reused, !('code' in first.answer));
    },
  },
  {
    name: 'removing a rule takes effect on the next request of an open connection',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      const origin = inSubnet('blueApp');
      await lab.administrator.setRules({ subnets: [rule] });
      await keepOpen(lab, 'blueApp', 'rule', { origin, decision: { rule } });
      await lab.administrator.setRules({});
      const kept = { origin, decision: notInRules };
      const next = assertBareRead(lab, await bareRead(lab, lab.workloads.blueApp, { slot: 'rule' }), kept);
      assert.equal(next.reused, true);
    },
  },
  {
    name: 'a subnet that is made again under its old name gets no access until its rule is removed and added again',
    async see(lab) {
      const { administrator, postern, dataDir } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      const origin = inSubnet('blueApp');
      await administrator.setRules({ subnets: [rule] });
      const first = await administrator.guidOf(rule);
      const port = await keepOpen(lab, 'blueApp', 'again', { origin, decision: { rule } });
      await administrator.deleteSubnet('blue', 'apps');
      await seesTheEnd(lab, 'blueApp', port);
      await isRefused(lab, 'blueApp', 'subnet', { kind: 'subnetGone', incarnation: first });

      await administrator.putSubnet('blue', 'apps', 'on');
      assert.notEqual(await administrator.guidOf(rule), first);
      // The old listener belongs to the old subnet for ever.
      await isRefused(lab, 'blueApp', 'subnet', { kind: 'subnetGone', incarnation: first });
      await replaceListener(lab, first);
      await reads(lab, 'blueApp', { origin, decision: notInRules });
      // Clients PUT whole vaults: an existing rule is not bound again by that.
      await administrator.setRules({ subnets: [rule] });
      await reads(lab, 'blueApp', { origin, decision: notInRules });
      await administrator.setRules({});
      await administrator.setRules({ subnets: [rule] });
      await reads(lab, 'blueApp', { origin, decision: { rule } });
      assert.equal((await postern.listListeners(dataDir)).length, 3);
    },
  },
  {
    name: 'a worker that is killed leaves the listeners open, each for the incarnation that it was opened for',
    async see(lab) {
      const { administrator, postern, dataDir } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      await administrator.setRules({ subnets: [rule] });
      const before = await postern.listListeners(dataDir);
      const port = await keepOpen(lab, 'blueApp', 'killed', { origin: inSubnet('blueApp'), decision: { rule } });
      await postern.killWorker();
      await seesTheEnd(lab, 'blueApp', port);
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: notInRules });
      assert.deepEqual(await postern.listListeners(dataDir), before);
    },
  },
  {
    name: 'SIGHUP replaces the worker on the listeners of subnets, and no request is refused meanwhile',
    async see(lab) {
      const { administrator, postern, dataDir } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      await administrator.setRules({ subnets: [rule] });
      const before = await postern.listListeners(dataDir);
      const reloaded = postern.reload();
      for (let round = 0; round < 5; round += 1) {
        await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
        await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: notInRules });
      }
      await reloaded;
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: notInRules });
      assert.deepEqual(await postern.listListeners(dataDir), before);
    },
  },
  {
    name: 'a listener whose subnet was made again stays closed when the worker is killed',
    async see(lab) {
      const { administrator, postern, dataDir } = lab;
      const rule = administrator.subnetId('blue', 'apps');
      const origin = inSubnet('blueApp');
      const first = await administrator.guidOf(rule);
      await administrator.deleteSubnet('blue', 'apps');
      await administrator.putSubnet('blue', 'apps', 'on');
      const before = await postern.listListeners(dataDir);
      await postern.killWorker();
      await isRefused(lab, 'blueApp', 'subnet', { kind: 'subnetGone', incarnation: first });
      assert.deepEqual(await postern.listListeners(dataDir), before);
      await replaceListener(lab, first);
      await administrator.setRules({});
      await administrator.setRules({ subnets: [rule] });
      await reads(lab, 'blueApp', { origin, decision: { rule } });
    },
  },
];

/** Closes the old subnet's listener, and opens one for the present subnet on the same port. */
async function replaceListener(lab: Lab, incarnation: string): Promise<void> {
  const { administrator, postern, dataDir } = lab;
  const old = (await postern.listListeners(dataDir)).find((listener) => listener.incarnation === incarnation);
  assert.ok(old, `no listener of ${incarnation}`);
  await postern.closeListener(dataDir, old.id);
  const opened = await lab.openListener('blue', 'apps', listenerPorts.apps);
  assert.equal(opened.incarnation, await administrator.guidOf(administrator.subnetId('blue', 'apps')));
}

testInLab('while networks change', rows);
