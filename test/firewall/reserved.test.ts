import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpv4, parseIpv4 } from '../../src/address/address.ts';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { reservedRanges, validateNetworkAcls } from '../../src/firewall/validate.ts';

/** The name of the reserved range that refused the address, or undefined if it was accepted. */
function refusedBy(value: string): string | undefined {
  const result = validateNetworkAcls({ ipRules: [{ value }] }, ruleProfiles.documented);
  if (result.ok) return undefined;
  assert.ok(result.refusal.kind === 'reservedRange', `${value}: ${result.refusal.kind}`);
  return result.refusal.reserved.name;
}

// Written again here, address by address, so that a wrong row in the table shows.
const edges: readonly (readonly [
  before: string | undefined,
  first: string,
  last: string,
  after: string | undefined,
])[] = [
  [undefined, '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ['126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['168.63.129.15', '168.63.129.16', '168.63.129.16', '168.63.129.17'],
  ['169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
  ['191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
  ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['223.255.255.255', '224.0.0.0', '239.255.255.255', undefined],
  [undefined, '240.0.0.0', '255.255.255.254', undefined],
  [undefined, '255.255.255.255', '255.255.255.255', undefined],
];

test('there are as many reserved ranges as this test knows', () => {
  assert.equal(reservedRanges.length, edges.length);
});

for (const [row, [before, first, last, after]] of edges.entries()) {
  const name = reservedRanges[row]?.name ?? 'no such row';
  test(`${first} to ${last} is refused as ${name}, and its public neighbours are accepted`, () => {
    assert.equal(refusedBy(first), name);
    assert.equal(refusedBy(last), name);
    const middle = Math.floor(((parseIpv4(first) ?? 0) + (parseIpv4(last) ?? 0)) / 2);
    assert.equal(refusedBy(formatIpv4(middle)), name);
    for (const neighbour of [before, after]) {
      if (neighbour !== undefined) assert.equal(refusedBy(neighbour), undefined, neighbour);
    }
  });
}

const overlapping: readonly (readonly [value: string, name: string | undefined])[] = [
  ['8.0.0.0/6', 'private IP addresses'],
  ['8.0.0.0/7', undefined],
  ['10.128.0.0/9', 'private IP addresses'],
  ['11.0.0.0/8', undefined],
  ['172.0.0.0/11', 'private IP addresses'],
  ['172.0.0.0/12', undefined],
  ['172.32.0.0/11', undefined],
  ['192.168.0.0/15', 'private IP addresses'],
  ['192.160.0.0/13', undefined],
  ['168.63.129.16/28', "the Azure platform's own address"],
  ['168.63.129.0/28', undefined],
  ['0.0.0.0/0', '"this network" addresses, RFC 791'],
  ['128.0.0.0/1', "the Azure platform's own address"],
  ['224.0.0.0/3', 'multicast addresses'],
];

for (const [value, name] of overlapping) {
  test(`${value} is ${name === undefined ? 'accepted' : `refused, because it overlaps ${name}`}`, () => {
    assert.equal(refusedBy(value), name);
  });
}

for (const value of ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '198.51.100.7']) {
  test(`the documentation range or address ${value} counts as public`, () => {
    assert.equal(refusedBy(value), undefined);
  });
}
