import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, parseAddress } from '../../src/address/address.ts';
import { compileNat, translate } from '../../src/ingress/nat.ts';

const site = [
  { from: '127.0.0.0/24', to: '203.0.113.0/24' },
  { from: '::1', to: '203.0.113.1' },
];

function seen(address: string, mappings: Parameters<typeof compileNat>[0] = site): string {
  const parsed = parseAddress(address);
  assert.ok(parsed);
  return translate(compileNat(mappings), parsed).text;
}

test('an address in a range keeps its host part, and its neighbours outside stay as they are', () => {
  const cases = [
    ['127.0.0.0', '203.0.113.0'],
    ['127.0.0.7', '203.0.113.7'],
    ['127.0.0.255', '203.0.113.255'],
    ['::ffff:127.0.0.7', '203.0.113.7'],
    ['127.0.1.0', '127.0.1.0'],
    ['126.255.255.255', '126.255.255.255'],
    ['::1', '203.0.113.1'],
    ['::2', '::2'],
  ] as const;
  for (const [address, expected] of cases) assert.equal(seen(address), expected, address);
});

test('the first line that contains an address applies, and a single address is a range of one', () => {
  const narrowFirst = [{ from: '127.0.0.9/32', to: '198.51.100.1/32' }, ...site];
  assert.equal(seen('127.0.0.9', narrowFirst), '198.51.100.1');
  assert.equal(seen('127.0.0.8', narrowFirst), '203.0.113.8');
  assert.equal(seen('127.0.0.9', [...site, ...narrowFirst]), '203.0.113.9');
  assert.equal(seen('203.0.113.5', [{ from: '203.0.113.5/32', to: '2001:db8::5' }]), '2001:db8::5');
});

test('an empty table changes nothing, and a table over all addresses moves each one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      assert.equal(seen(formatIpv4(value), []), formatIpv4(value));
      assert.equal(seen(formatIpv4(value), [{ from: '0.0.0.0/0', to: '0.0.0.0/0' }]), formatIpv4(value));
    }),
  );
});

test('sides of different size cannot be compiled', () => {
  assert.throws(
    () => compileNat([{ from: '127.0.0.0/24', to: '203.0.113.0/25' }]),
    /two sides of the NAT mapping .* differ in size/,
  );
  assert.throws(() => compileNat([{ from: '127.0.0.0/24', to: '::1' }]), TypeError);
});
