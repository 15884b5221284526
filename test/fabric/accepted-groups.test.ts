import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import fc from 'fast-check';
import { formatRange, networkOf } from '../../src/address/address.ts';
import { allocate, emptyAllocation } from '../../src/fabric/allocation.ts';
import { plan } from '../../src/fabric/plan.ts';
import { routerRules } from '../../src/fabric/router-rules.ts';
import { securityRule } from '../../src/resources/networks/security-rules.ts';
import { notRun } from '../not-run.ts';
import { stateOf, type RuleSent } from './states.ts';

/** `nft -c` in a network namespace of its own, which an ordinary user may make too. */
const check = ['--user', '--map-root-user', '--net', 'nft', '--check', '--file', '-'];

const port = fc.oneof(
  fc.constant('*'),
  fc.constantFrom('0', '65535', '0-65535', '1-65535'),
  fc.nat(65_535).map(String),
  fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`),
);
const prefix = fc.oneof(
  fc.constantFrom('*', '0.0.0.0/0', '255.255.255.255', '0.0.0.0/1', '2001:db8::/32', '::'),
  fc.constantFrom(
    'VirtualNetwork',
    'INTERNET',
    'AzureKeyVault.WestEurope',
    'AzureCloud',
    'Storage',
    'azureplatformdns',
  ),
  fc.constantFrom('AzurePlatformIMDS', 'AzureLoadBalancer', 'AzureActiveDirectory', 'AzureFrontDoor.Backend'),
  fc.ipV4(),
  fc.tuple(fc.nat(0xffff_ffff), fc.nat(32)).map(([address, bits]) => formatRange(networkOf(address, bits))),
);
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 5 });
const sent: fc.Arbitrary<RuleSent> = fc.record({
  priority: fc.integer({ min: 100, max: 4096 }),
  direction: fc.constantFrom('Inbound', 'Outbound'),
  access: fc.constantFrom('Allow', 'Deny'),
  protocol: fc.constantFrom('*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah'),
  sourcePrefixes: some(prefix),
  sourcePorts: some(port),
  destinationPrefixes: some(prefix),
  destinationPorts: some(port),
});

function isAccepted({
  sourcePrefixes,
  sourcePorts,
  destinationPrefixes,
  destinationPorts,
  ...rule
}: RuleSent): boolean {
  return securityRule({
    ...rule,
    sourceAddressPrefixes: sourcePrefixes,
    sourcePortRanges: sourcePorts,
    destinationAddressPrefixes: destinationPrefixes,
    destinationPortRanges: destinationPorts,
  }).ok;
}

/** The packet filter of a network with two subnets: one whose rules govern new flows only, and one of the other kind. */
function scriptOf(rules: readonly RuleSent[]): string {
  const state = stateOf({
    networks: {
      a: {
        subnets: {
          one: { securityGroup: '/one', routeTable: '/table' },
          two: { addressPrefix: '10.0.1.0/24', securityGroup: '/two' },
        },
      },
    },
    groups: { '/one': rules, '/two': rules },
    flushing: ['/two'],
    tables: { '/table': [{ name: 'all', addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' }] },
  });
  const { routers } = plan({ state, allocation: allocate(emptyAllocation, state), workloads: [], hosts: [] });
  return routers.map((router) => routerRules(router)).join('');
}

function load(script: string): string {
  const { status, stderr, error } = spawnSync('unshare', check, { input: script, encoding: 'utf8' });
  return error?.message ?? (status === 0 ? '' : stderr);
}

const without = load('');
if (without !== '') notRun('test/fabric/accepted-groups.test.ts', `"unshare … nft --check" does not run: ${without}`);
else {
  it('a group that is accepted loads, whatever its rules are', () => {
    assert.notEqual(load('table inet x { chain y { th dport { 1-2, 2-3, }'), '', 'nft checks');
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 8 }), (rules) => {
        const taken = rules.filter(isAccepted);
        accepted += taken.length;
        assert.equal(load(scriptOf(taken)), '');
      }),
      { numRuns: 60 },
    );
    assert.ok(accepted > 60, `${accepted} rules were accepted`);
  });
}
