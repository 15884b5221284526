import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, parseAddress } from '../../src/address/address.ts';

const ipv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 0],
  ['0.0.0.1', 1],
  ['1.2.3.4', 0x01020304],
  ['127.255.255.255', 0x7fffffff],
  ['128.0.0.0', 0x80000000],
  ['203.0.113.7', 0xcb007107],
  ['255.255.255.255', 0xffffffff],
];

for (const [text, value] of ipv4) {
  test(`${text} is an IPv4 address, and is formatted as it was written`, () => {
    assert.deepEqual(parseAddress(text), { family: 4, value, text });
    assert.equal(formatIpv4(value), text);
  });
}

const mapped = [
  '::ffff:203.0.113.7',
  '::FFFF:203.0.113.7',
  '::ffff:cb00:7107',
  '0:0:0:0:0:ffff:203.0.113.7',
  '0:0:0:0:0:ffff:cb00:7107',
  '0000:0000:0000:0000:0000:ffff:203.0.113.7',
  '0::ffff:cb00:7107',
];

for (const text of mapped) {
  test(`${text} is read as the IPv4 address that is mapped into it`, () => {
    assert.deepEqual(parseAddress(text), { family: 4, value: 0xcb007107, text: '203.0.113.7' });
  });
}

const ipv6 = [
  '::',
  '::1',
  '1::',
  '2001:db8::1',
  '2001:DB8::A',
  '2001:db8:1:2:3:4:5:6',
  '2001:db8:1:2:3:4:5::',
  '::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:203.0.113.7',
  '64:ff9b::203.0.113.7',
  '::203.0.113.7',
  '::fffe:203.0.113.7',
  '::1:ffff:203.0.113.7',
  '::ffff:0:203.0.113.7',
  '8000::ffff:203.0.113.7',
  'fe80::1',
];

for (const text of ipv6) {
  test(`${text} is an IPv6 address, and not the IPv4 address in it`, () => {
    assert.deepEqual(parseAddress(text), { family: 6, text: text.toLowerCase() });
  });
}

const neither = [
  ['', 'empty'],
  ['1.2.3', 'short form'],
  ['1.2.3.4.5', 'five octets'],
  ['16909060', 'one number'],
  ['1.2.3.256', 'octet above 255'],
  ['1.2.3.1000', 'octet of four digits'],
  ['010.1.1.1', 'leading zero'],
  ['1.2.3.00', 'zeros'],
  ['0x1.2.3.4', 'hex'],
  [' 1.2.3.4', 'leading space'],
  ['1.2.3.4\n', 'line break at the end'],
  ['1.2.3.4/32', 'prefix'],
  ['1.2.3.4:443', 'port'],
  ['+1.2.3.4', 'sign'],
  ['1..2.3', 'empty octet'],
  ['１.2.3.4', 'full-width digit'],
  [':', 'one colon'],
  [':::', 'three colons'],
  ['1:2:3:4:5:6:7', 'seven groups'],
  ['1:2:3:4:5:6:7:8:9', 'nine groups'],
  ['1:2:3:4:5:6:7:8::', 'nothing left for the zeros'],
  ['1::2::3', 'zeros twice'],
  ['12345::', 'group of five digits'],
  ['g::', 'not hexadecimal'],
  [':1', 'colon at the start'],
  ['1:', 'colon at the end'],
  ['1.2.3.4::', 'quad at the start'],
  ['::1.2.3.4:5', 'quad in the middle'],
  ['::ffff:1.2.3', 'short quad'],
  ['::ffff:1.2.3.04', 'leading zero in the quad'],
  ['1:2:3:4:5:6:7:1.2.3.4', 'seven groups and a quad'],
  ['fe80::1%eth0', 'zone id'],
  ['[::1]', 'brackets'],
  ['::1 ', 'space at the end'],
  ['::1/128', 'prefix of IPv6'],
  ['0000:0000:0000:0000:0000:0000:0000:0000:0000:0000', 'too long'],
] as const;

for (const [text, why] of neither) {
  test(`${JSON.stringify(text)} is not an address: ${why}`, () => {
    assert.equal(parseAddress(text), undefined);
  });
}

test('every IPv4 address survives being formatted and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      const text = formatIpv4(value);
      assert.deepEqual(parseAddress(text), { family: 4, value, text });
    }),
  );
});

test("agrees with Node's own reader on what is an address, also on near misses", () => {
  const nearMiss = fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(), fc.constantFrom('', ':', '.', '0', 'f', ' ', '::', 'g', '%1'))
    .map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + (at % 2));
    });
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearMiss), (text) => {
      // Node accepts zone ids, which mean nothing to a server.
      const expected = text.includes('%') ? 0 : isIP(text);
      const address = parseAddress(text);
      assert.equal(address !== undefined, expected !== 0, text);
      if (expected === 4) assert.equal(address?.family, 4);
    }),
    { numRuns: 2000 },
  );
});
