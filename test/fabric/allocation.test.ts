import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4 } from '../../src/address/address.ts';
import { allocate, emptyAllocation } from '../../src/fabric/allocation.ts';
import { guidOf, stateOf, type NetworkSent } from './states.ts';

/** Networks `a` to `e`, each with some of the subnets `1` to `4`. */
const networks = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc
    .dictionary(fc.constantFrom('1', '2', '3', '4'), fc.record({ defaultOutboundAccess: fc.boolean() }))
    .map((subnets): NetworkSent => ({ subnets })),
);

describe('allocation', () => {
  it('keeps every number while its owner exists, and gives none twice, nor one that is only just free', () => {
    fc.assert(
      fc.property(fc.array(networks, { maxLength: 8 }), (steps) => {
        let before = emptyAllocation;
        for (const step of steps) {
          const state = stateOf({ networks: step });
          const now = allocate(before, state);
          assert.deepEqual(
            new Set(Object.keys(now.networks)),
            new Set(state.virtualNetworks.map(({ resourceGuid }) => resourceGuid)),
          );
          const given = Object.values(now.networks);
          assert.equal(new Set(given).size, given.length);
          for (const [guid, number] of Object.entries(now.networks)) {
            const former = Object.entries(before.networks).find((entry) => entry[1] === number);
            assert.ok(former === undefined || former[0] === guid);
            assert.equal(number, before.networks[guid] ?? number);
          }
          const subnets = Object.entries(now.subnets);
          const places = subnets.map(([, { network, group }]) => `${network} ${group}`);
          assert.equal(new Set(places).size, places.length);
          for (const [incarnation, numbers] of subnets) {
            const old = before.subnets[incarnation];
            assert.equal(numbers.group, old?.group ?? numbers.group);
            if (numbers.outboundAddress === undefined) continue;
            assert.equal(numbers.outboundAddress, old?.outboundAddress ?? numbers.outboundAddress);
          }
          before = now;
        }
      }),
    );
  });

  it('gives a default outbound address to a subnet that may have one and has no NAT gateway', () => {
    const subnets = {
      usual: {},
      closed: { defaultOutboundAccess: false },
      natted: { publicAddresses: ['198.51.100.3'] },
    };
    const { subnets: numbers } = allocate(emptyAllocation, stateOf({ networks: { a: { subnets } } }));
    const address = (name: string) => numbers[guidOf(`a/${name}`)]?.outboundAddress;
    assert.equal(formatIpv4(address('usual') ?? 0), '203.0.113.128');
    assert.equal(address('closed'), undefined);
    assert.equal(address('natted'), undefined);
  });

  it('leaves the 129th subnet without a default outbound address, and gives it one when another is free', () => {
    const many = (from: number, to: number) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, index) => [`${from + index}`, {}]));
    const full = allocate(emptyAllocation, stateOf({ networks: { a: { subnets: many(0, 129) } } }));
    const last = guidOf('a/128');
    assert.equal(full.subnets[last]?.outboundAddress, undefined);
    assert.equal(formatIpv4(full.subnets[guidOf('a/127')]?.outboundAddress ?? 0), '203.0.113.255');
    const fewer = stateOf({ networks: { a: { subnets: many(1, 129) } } });
    const once = allocate(full, fewer);
    assert.equal(once.subnets[last]?.outboundAddress, undefined, 'the address is only just free');
    assert.equal(formatIpv4(allocate(once, fewer).subnets[last]?.outboundAddress ?? 0), '203.0.113.128');
  });
});
