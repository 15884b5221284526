import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, networkOf, type Range } from '../../src/address/address.ts';
import { readFilter, type FilterRule, type SubnetFilter } from '../../src/fabric/security.ts';
import { spansOf, type Span } from '../../src/fabric/tags.ts';
import { stateOf, type RuleSent } from './states.ts';

const own: readonly Range[] = [networkOf(0x0a_00_00_00, 16)];
const reach = { network: own, notInternet: own };

function read(...rules: readonly RuleSent[]) {
  return readFilter(
    { rules: [], flushConnection: false, ...stateOf({ groups: { group: rules } }).securityGroups[0] },
    reach,
  );
}

function text(spans: readonly Span[]): string {
  return spans.map(({ first, last }) => `${formatIpv4(first)}-${formatIpv4(last)}`).join(' ');
}

/** The first rules, without the default ones. */
function own3(filter: SubnetFilter, part: 'outbound' | 'inbound' | 'platform'): readonly FilterRule[] {
  return part === 'platform' ? filter[part] : filter[part].slice(0, -3);
}

describe('prefixes and tags', () => {
  it('Internet is exactly what is in no network', () => {
    const ranges = fc.array(
      fc.tuple(fc.nat(0xffff_ffff), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => networkOf(address, bits)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(ranges, fc.nat(0xffff_ffff), (notInternet, address) => {
        const spans = spansOf('Internet', { network: [], notInternet }) ?? [];
        const edges = notInternet.flatMap(({ first, last }) => [first, last, first - 1, last + 1]);
        for (const each of [address, ...edges].filter((one) => one >= 0 && one <= 0xffff_ffff)) {
          const inside = (some: readonly Span[]) => some.some(({ first, last }) => first <= each && each <= last);
          assert.notEqual(inside(spans), inside(notInternet), formatIpv4(each));
        }
      }),
    );
  });

  it('a prefix is its whole network, a tag its addresses, and what has none here matches nothing', () => {
    const found = {
      '10.1.2.3/8': '10.0.0.0-10.255.255.255',
      '10.1.2.3': '10.1.2.3-10.1.2.3',
      '*': '0.0.0.0-255.255.255.255',
      '0.0.0.0/0': '0.0.0.0-255.255.255.255',
      VIRTUALNETWORK: '10.0.0.0-10.0.255.255',
      'AzureKeyVault.WestEurope': '192.0.2.10-192.0.2.10',
      'Storage.WestEurope': '',
      constructor: '',
      '2001:db8::/32': '',
    };
    for (const [prefix, expected] of Object.entries(found)) {
      assert.equal(text(spansOf(prefix, reach) ?? [{ first: 1, last: 0 }]), expected, prefix);
    }
  });

  it('anything else is not a prefix', () => {
    for (const prefix of [
      '',
      '10.0.0.0/33',
      '10.0.0/8',
      '10.0.0.0/08',
      '10.0.0.1-10.0.0.9',
      'a b',
      '10.0.0.0/8/8',
      '-x',
      // Tags that have no form for one region.
      'azureresourcemanager.westeurope',
      'AzureActiveDirectory.WestEurope',
      'VirtualNetwork.WestEurope',
      'Internet.WestEurope',
      'AzurePlatformDNS.WestEurope',
      'AzureLoadBalancer.WestEurope',
      'AzureKeyVault.WestEurope.x',
    ])
      assert.equal(spansOf(prefix, reach), undefined, prefix);
  });
});

describe('the rules of a security group', () => {
  it('are in the order of priorities, each direction for itself', () => {
    const { filter, problems } = read(
      { priority: 300, access: 'Deny' },
      { priority: 100, protocol: 'Tcp' },
      { priority: 200, direction: 'Inbound', protocol: 'Udp' },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      own3(filter, 'outbound').map(({ access, protocols }) => [access, protocols]),
      [
        ['accept', [6]],
        ['drop', []],
      ],
    );
    assert.deepEqual(
      own3(filter, 'inbound').map(({ protocols }) => protocols),
      [[17]],
    );
  });

  it('ask for a port with TCP and UDP only', () => {
    const { filter } = read(
      { priority: 100, protocol: '*', destinationPorts: ['80', '81-90'] },
      { priority: 110, protocol: 'Icmp', destinationPorts: ['80'] },
      { priority: 120, protocol: '*' },
    );
    assert.deepEqual(
      own3(filter, 'outbound').map(({ protocols, destinationPorts }) => [protocols, destinationPorts]),
      [
        [[6, 17], [{ first: 80, last: 90 }]],
        [[1], [{ first: 0, last: 65_535 }]],
        [[], [{ first: 0, last: 65_535 }]],
      ],
    );
  });

  it('are closed where they cannot be read: one that allows is left out, one that denies denies that part whole', () => {
    const unread = { destinationPrefixes: ['10.0.0.1-10.0.0.9'], destinationPorts: ['80'] };
    const { filter, problems } = read(
      { priority: 100, ...unread },
      { priority: 110, ...unread, access: 'Deny' },
      { priority: 120, sourcePrefixes: [] },
      { priority: 130, destinationPorts: ['90-80'], access: 'Deny' },
    );
    assert.deepEqual(
      own3(filter, 'outbound').map(({ access, destination, destinationPorts }) => [
        access,
        text(destination),
        destinationPorts[0]?.first,
      ]),
      [
        ['drop', '0.0.0.0-255.255.255.255', 80],
        ['drop', '0.0.0.0-255.255.255.255', 0],
      ],
    );
    assert.deepEqual(problems, [
      'Rule "rule-100" (100): destinationPrefixes has "10.0.0.1-10.0.0.9", which cannot be read, so that it allows nothing.',
      'Rule "rule-110" (110): destinationPrefixes has "10.0.0.1-10.0.0.9", which cannot be read, so that it denies as if that part were "*".',
      'Rule "rule-120" (120): sourcePrefixes is empty, so that it allows nothing.',
      'Rule "rule-130" (130): destinationPorts has "90-80", which cannot be read, so that it denies as if that part were "*".',
    ]);
    assert.deepEqual(filter.platform, [], 'what cannot be read does not name the platform');
  });

  it('match nothing where all their tags have no address here, also when they deny', () => {
    const { filter, problems } = read({
      priority: 100,
      access: 'Deny',
      destinationPrefixes: ['Storage', 'Sql.WestUS'],
    });
    assert.deepEqual([own3(filter, 'outbound'), problems], [[], []]);
  });

  it('govern the platform only by its own tags', () => {
    const { filter } = read(
      { priority: 100, access: 'Deny', destinationPrefixes: ['168.63.129.16', '169.254.169.254'] },
      { priority: 110, access: 'Deny', destinationPrefixes: ['*'] },
      { priority: 120, destinationPrefixes: ['AzurePlatformDNS', 'AzureKeyVault'], protocol: 'Udp' },
    );
    assert.deepEqual(
      filter.platform.map(({ access, destination, protocols }) => [access, text(destination), protocols]),
      [['accept', '168.63.129.16-168.63.129.16', [17]]],
    );
  });

  it('deny all of the platform for one region of its tags, which Azure does not have, and allow nothing', () => {
    const { filter, problems } = read(
      { priority: 100, destinationPrefixes: ['AzurePlatformDNS.WestEurope'] },
      { priority: 110, access: 'Deny', destinationPrefixes: ['AzurePlatformIMDS.WestEurope'] },
    );
    assert.deepEqual(
      filter.platform.map(({ access, destination }) => [access, text(destination)]),
      [['drop', '168.63.129.16-168.63.129.16 169.254.169.254-169.254.169.254']],
    );
    assert.equal(
      problems[1],
      'Rule "rule-110" (110): destinationPrefixes has "AzurePlatformIMDS.WestEurope", which cannot be read, so that it denies as if that part were "*".',
    );
  });
});
