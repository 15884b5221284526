import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatIpv4, formatRange, networkOf, parseAddress } from '../../src/address/address.ts';
import type { CompileOptions } from '../../src/firewall/compile.ts';
import { trustFor } from '../../src/firewall/trust.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import type { Source } from '../../src/types/source.ts';
import { callerWith, fromSubnet, operationOf, subnetId, unknownSource } from '../firewall/samples.ts';

/** Addresses that are close together, so that spans nest, repeat and touch, and both ends of the space. */
export const address = fc.oneof(
  fc.integer({ min: 0xcb007100, max: 0xcb0071ff }),
  fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff),
);
const rule = fc.oneof(
  fc.tuple(fc.integer({ min: 0xcb007100, max: 0xcb0071ff }), fc.integer({ min: 24, max: 32 })),
  fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 8 })),
);
const incarnations = ['a', 'b', 'c'];

export const settings: fc.Arbitrary<FirewallSettings> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ publicNetworkAccess: 'Enabled', networkAcls: undefined }) },
  {
    weight: 9,
    arbitrary: fc.record({
      publicNetworkAccess: fc.constantFrom('Enabled', 'enabled', 'Disabled', 'SecuredByPerimeter'),
      networkAcls: fc.record({
        bypass: fc.constantFrom('AzureServices', 'None'),
        defaultAction: fc.constantFrom('Deny', 'Deny', 'Allow'),
        ipRules: fc.array(
          rule.map(([first, prefix]) => ({ value: formatRange(networkOf(first, prefix)) })),
          { maxLength: 6 },
        ),
        virtualNetworkRules: fc.array(
          fc.constantFrom(...incarnations).map((incarnation) => ({ id: subnetId(`of-${incarnation}`), incarnation })),
          { maxLength: 3 },
        ),
      }),
    }),
  },
);

export const options: fc.Arbitrary<CompileOptions> = fc.record({
  acceptDeclared: fc.boolean(),
  trust: fc.constantFrom(trustFor('documented', 'scenario'), trustFor('current', 'service')),
});

/** A public IPv4 address. */
function fromValue(value: number): Source {
  const found = parseAddress(formatIpv4(value));
  assert.ok(found !== undefined);
  return { kind: 'public', address: found };
}

const ipv6 = parseAddress('2001:db8::1');
assert.ok(ipv6 !== undefined);

export const request = fc.record({
  source: fc.oneof(
    { weight: 4, arbitrary: address.map((value) => fromValue(value)) },
    fc.constant<Source>({ kind: 'public', address: ipv6 }),
    fc
      .tuple(fc.constantFrom(...incarnations, 'd'), fc.constantFrom('enforced', 'declared'))
      .map(([incarnation, assurance]): Source => fromSubnet(incarnation, assurance)),
    fc.constant<Source>(unknownSource),
  ),
  caller: fc.constantFrom(
    undefined,
    callerWith({}),
    callerWith({
      issuerClass: 'services',
      tenant: servicesTenant,
      applicationId: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d',
    }),
    callerWith({ managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/x' }),
    callerWith({ managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x' }),
  ),
  operation: fc.constantFrom(operationOf('secrets/get'), operationOf('keys/wrapKey'), operationOf('keys/delete')),
});

export type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never;
