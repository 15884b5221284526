import assert from 'node:assert/strict';
import type { Lab } from './lab.ts';
import { assertBareRead, bareRead, behindNat, inSubnet, reads } from './sightings.ts';

/** A behaviour to be seen in a lab. Each leaves the endpoints on, as they were, and sets the rules that it needs. */
export interface Row {
  readonly name: string;
  readonly see: (lab: Lab) => Promise<void>;
}

/** Headers by which a caller claims the allowed address. */
const forgeries = {
  'x-forwarded-for': '203.0.113.7, 10.0.0.4',
  forwarded: 'for=203.0.113.7;proto=https',
  'x-real-ip': '203.0.113.7',
  'x-client-ip': '203.0.113.7',
  'true-client-ip': '203.0.113.7',
  via: '1.1 203.0.113.7',
  'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;',
} as const;

/** The facts to be seen in every lab, made by root or not. */
export const coreRows: readonly Row[] = [
  {
    name: 'a workload in the allowed subnet reads the secret, and is seen at its private address',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
      await reads(lab, 'blueNeighbour', { origin: inSubnet('blueNeighbour'), decision: { rule } });
    },
  },
  {
    name: 'the other virtual network at the same private address is kept out, and so is another subnet of the same network',
    async see(lab) {
      await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('blue', 'apps')] });
      const decision = { because: 'noVirtualNetworkRule' } as const;
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision });
      await reads(lab, 'blueBack', { origin: inSubnet('blueBack'), decision });
    },
  },
  {
    name: "a rule for the other network's subnet reverses the two",
    async see(lab) {
      const rule = lab.administrator.subnetId('green', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: { rule } });
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { because: 'noVirtualNetworkRule' } });
    },
  },
  {
    name: "with the endpoint off the vault sees the NAT's address, and lets it in exactly when an IP rule says so",
    async see(lab) {
      const { administrator } = lab;
      const subnets = [administrator.subnetId('blue', 'apps')];
      const origin = behindNat('blueApp');
      const kept = { origin, decision: { because: 'noIpRule' } } as const;
      await administrator.setRules({ subnets });
      await lab.switchEndpoint('blue', 'apps', 'off');
      await reads(lab, 'blueApp', kept);
      await administrator.setRules({ subnets, ipRules: ['203.0.113.6', '203.0.113.8/30'] });
      await reads(lab, 'blueApp', kept);
      await administrator.setRules({ subnets, ipRules: [origin.address] });
      await reads(lab, 'blueApp', { origin, decision: { rule: origin.address } });
      // The address of one network's gateway: the rule is for it, and not for the other's.
      await lab.switchEndpoint('green', 'apps', 'off');
      await reads(lab, 'greenApp', { origin: behindNat('greenApp'), decision: { because: 'noIpRule' } });
      await administrator.setRules({ subnets });
      await reads(lab, 'blueApp', kept);
      await lab.switchEndpoint('green', 'apps', 'on');
      await lab.switchEndpoint('blue', 'apps', 'on');
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule: String(subnets[0]) } });
    },
  },
  {
    name: 'the same address and port from both networks at the same time are told apart',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      const { blueApp, greenApp } = lab.workloads;
      const ask = async (name: 'blueApp' | 'greenApp') => {
        const asked = { slot: 'same', from: { address: '10.0.0.4', port: 40_000 } };
        const decision = name === 'blueApp' ? { rule } : ({ because: 'noVirtualNetworkRule' } as const);
        const request = await bareRead(lab, { blueApp, greenApp }[name], asked);
        return assertBareRead(lab, request, { origin: inSubnet(name), decision });
      };
      // Both connections stay open, and each is used again while the other one is.
      const first = { localPort: 40_000, reused: false };
      assert.deepEqual(await Promise.all([ask('blueApp'), ask('greenApp')]), [first, first]);
      const again = { localPort: 40_000, reused: true };
      assert.deepEqual(await Promise.all([ask('greenApp'), ask('blueApp')]), [again, again]);
    },
  },
  {
    name: 'headers with a claimed address change nothing, inside a subnet and outside',
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule], ipRules: ['203.0.113.7'] });
      const kept = { origin: inSubnet('greenApp'), decision: { because: 'noVirtualNetworkRule' } } as const;
      for (const [name, value] of Object.entries(forgeries)) {
        const request = await bareRead(lab, lab.workloads.greenApp, { headers: { [name]: value } });
        assertBareRead(lab, request, kept);
      }
      assertBareRead(lab, await bareRead(lab, lab.workloads.greenApp, { headers: forgeries }), kept);
      await lab.switchEndpoint('green', 'apps', 'off');
      assertBareRead(lab, await bareRead(lab, lab.workloads.greenApp, { headers: forgeries }), {
        origin: { kind: 'public', address: '203.0.113.8' },
        decision: { because: 'noIpRule' },
      });
      await lab.switchEndpoint('green', 'apps', 'on');
    },
  },
];
