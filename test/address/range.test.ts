import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contains, formatRange, networkOf, overlaps, parseRange } from '../../src/address/address.ts';
import type { Range, RangeProblem } from '../../src/address/address.ts';

const good: readonly (readonly [string, Range])[] = [
  ['203.0.113.7', { first: 0xcb007107, last: 0xcb007107, prefix: 32 }],
  ['203.0.113.7/32', { first: 0xcb007107, last: 0xcb007107, prefix: 32 }],
  ['203.0.113.6/31', { first: 0xcb007106, last: 0xcb007107, prefix: 31 }],
  ['203.0.113.0/24', { first: 0xcb007100, last: 0xcb0071ff, prefix: 24 }],
  ['128.0.0.0/1', { first: 0x80000000, last: 0xffffffff, prefix: 1 }],
  ['0.0.0.0/0', { first: 0, last: 0xffffffff, prefix: 0 }],
];

for (const [text, range] of good) {
  test(`${text} is read to the last address`, () => {
    assert.deepEqual(parseRange(text), { ok: true, range });
    assert.equal(formatRange(range), text.includes('/') ? text : `${text}/32`);
  });
}

const bad: readonly (readonly [string, RangeProblem])[] = [
  ['', { kind: 'empty' }],
  ['  ', { kind: 'empty' }],
  [' 1.2.3.4', { kind: 'spaces' }],
  ['1.2.3.4 ', { kind: 'spaces' }],
  ['1.2.3.4 /24', { kind: 'spaces' }],
  ['1.2.3.0/ 24', { kind: 'spaces' }],
  ['1.2.3.0/24\n', { kind: 'spaces' }],
  ['2001:db8::/32', { kind: 'ipv6' }],
  ['::1', { kind: 'ipv6' }],
  ['::ffff:1.2.3.4', { kind: 'ipv6' }],
  ['1.2.3.4:443', { kind: 'malformed' }],
  ['0x01.2.3.4', { kind: 'hex' }],
  ['0x01020304', { kind: 'hex' }],
  ['10', { kind: 'shortForm', octets: 1 }],
  ['10/8', { kind: 'shortForm', octets: 1 }],
  ['10.1', { kind: 'shortForm', octets: 2 }],
  ['1.2.3/24', { kind: 'shortForm', octets: 3 }],
  ['010.1.1.1', { kind: 'leadingZero', octet: '010', decimal: '10' }],
  ['1.1.1.00', { kind: 'leadingZero', octet: '00', decimal: '0' }],
  ['1.2.3.256', { kind: 'octetOutOfRange', octet: '256' }],
  ['1.2.3.99999999999999999999', { kind: 'octetOutOfRange', octet: '99999999999999999999' }],
  ['1.2.3.0/', { kind: 'prefixMalformed', prefix: '' }],
  ['1.2.3.0/+24', { kind: 'prefixMalformed', prefix: '+24' }],
  ['1.2.3.0/-1', { kind: 'prefixMalformed', prefix: '-1' }],
  ['1.2.3.0/024', { kind: 'prefixMalformed', prefix: '024' }],
  ['1.2.3.0/24.0', { kind: 'prefixMalformed', prefix: '24.0' }],
  ['1.2.3.0/1e1', { kind: 'prefixMalformed', prefix: '1e1' }],
  ['1.2.3.0/255.255.255.0', { kind: 'prefixMalformed', prefix: '255.255.255.0' }],
  ['1.2.3.0/33', { kind: 'prefixOutOfRange', prefix: '33' }],
  ['203.0.113.7/24', { kind: 'hostBitsSet', network: { first: 0xcb007100, last: 0xcb0071ff, prefix: 24 } }],
  ['203.0.113.7/31', { kind: 'hostBitsSet', network: { first: 0xcb007106, last: 0xcb007107, prefix: 31 } }],
  ['0.0.0.1/0', { kind: 'hostBitsSet', network: { first: 0, last: 0xffffffff, prefix: 0 } }],
  ['1.2.3.4/24/24', { kind: 'malformed' }],
  ['1.2.3.4.5', { kind: 'malformed' }],
  ['1.2.3.', { kind: 'malformed' }],
  ['1.2.3.4-1.2.3.9', { kind: 'malformed' }],
  ['1.2.3.*', { kind: 'malformed' }],
  ['example.com', { kind: 'malformed' }],
  ['１.2.3.4', { kind: 'malformed' }],
];

for (const [text, problem] of bad) {
  test(`${JSON.stringify(text)} is refused with ${problem.kind}`, () => {
    assert.deepEqual(parseRange(text), { ok: false, problem });
  });
}

const anyRange = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => networkOf(address, prefix));

test('a network has its address in it, ends at its prefix, and survives being formatted and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), (address, prefix) => {
      const range = networkOf(address, prefix);
      assert.ok(range.first <= address && address <= range.last);
      assert.equal(range.last - range.first + 1, 2 ** (32 - prefix));
      assert.equal(range.first % 2 ** (32 - prefix), 0);
      assert.deepEqual(parseRange(formatRange(range)), { ok: true, range });
    }),
  );
});

test('two networks overlap exactly when one contains the other', () => {
  fc.assert(
    fc.property(anyRange, anyRange, (a, b) => {
      assert.equal(overlaps(a, b), contains(a, b) || contains(b, a));
      assert.equal(overlaps(a, b), overlaps(b, a));
    }),
  );
});

test('neighbouring networks share no address', () => {
  const left = networkOf(0xcb007100, 25);
  const right = networkOf(0xcb007180, 25);
  assert.equal(left.last + 1, right.first);
  assert.equal(overlaps(left, right), false);
  assert.equal(contains(networkOf(0xcb007100, 24), right), true);
  assert.equal(contains(right, networkOf(0xcb007100, 24)), false);
});
