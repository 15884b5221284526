import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeMapping } from '../../src/settings/bridge.ts';
import type { Interfaces } from '../../src/settings/bridge.ts';
import { readSettings } from '../../src/settings/settings.ts';

const on = (cidr: string, internal = false) => ({ address: cidr.split('/')[0] ?? '', cidr, internal });
const loopback = { lo: [on('127.0.0.1/8', true), on('::1/128', true)] };
const bridged = (...cidrs: readonly string[]): Interfaces => ({
  ...loopback,
  ...Object.fromEntries(cidrs.map((cidr, index) => [`eth${index}`, [on(cidr)]])),
});

test('the neighbours on the one private network keep their last octet', () => {
  const networks = [
    // Docker's default bridge, a network of compose, Podman's default bridge.
    ['172.17.0.2/16', '172.17.0.0/24', '203.0.113.0/24'],
    ['172.18.0.3/16', '172.18.0.0/24', '203.0.113.0/24'],
    ['10.88.0.2/16', '10.88.0.0/24', '203.0.113.0/24'],
    ['10.0.0.9/8', '10.0.0.0/24', '203.0.113.0/24'],
    ['192.168.7.20/24', '192.168.7.0/24', '203.0.113.0/24'],
    // Addresses from an ip_range of their own.
    ['172.28.5.2/16', '172.28.5.0/24', '203.0.113.0/24'],
    ['172.30.0.70/26', '172.30.0.64/26', '203.0.113.64/26'],
    ['172.30.0.9/30', '172.30.0.8/30', '203.0.113.8/30'],
    ['172.16.0.0/32', '172.16.0.0/32', '203.0.113.0/32'],
    ['172.31.255.255/12', '172.31.255.0/24', '203.0.113.0/24'],
  ] as const;
  for (const [cidr, from, to] of networks) {
    assert.deepEqual(bridgeMapping(bridged(cidr)), { ok: true, mapping: { from, to } }, cidr);
  }
});

test('public, link-local and IPv6 addresses are beside the point, and two addresses of one network are one', () => {
  const interfaces = bridged('198.51.100.9/24', '169.254.3.4/16', 'fd00::2/64', '172.18.0.3/16', '172.18.0.4/16');
  assert.deepEqual(bridgeMapping(interfaces), {
    ok: true,
    mapping: { from: '172.18.0.0/24', to: '203.0.113.0/24' },
  });
});

test('without a private network it is refused, with what there is', () => {
  const refusals: readonly (readonly [Interfaces, RegExp])[] = [
    [loopback, /this machine has no IPv4 address besides loopback: give the ranges, as in 172\.18\.0\.0\/24=/],
    [bridged('198.51.100.9/24'), /this machine has eth0 198\.51\.100\.9\/24, and no private IPv4 address/],
    [bridged('172.15.255.255/16'), /eth0 172\.15\.255\.255\/16/],
    [bridged('172.32.0.1/16'), /eth0 172\.32\.0\.1\/16/],
    [bridged('11.0.0.1/8', '192.169.0.1/16'), /eth0 11\.0\.0\.1\/8, eth1 192\.169\.0\.1\/16/],
    [bridged('fd00::2/64'), /no IPv4 address besides loopback/],
    [{ eth0: [{ address: '172.18.0.3', cidr: null, internal: false }] }, /no private IPv4 address/],
    [{ eth0: undefined }, /no IPv4 address besides loopback/],
  ];
  for (const [interfaces, reason] of refusals) {
    const answer = bridgeMapping(interfaces);
    assert.ok(!answer.ok);
    assert.match(answer.message, reason);
  }
});

test('with two private networks it is refused, because a rule could mean the wrong neighbour after the next start', () => {
  const answer = bridgeMapping(bridged('172.18.0.3/16', '172.19.0.5/16'));
  assert.deepEqual(answer, {
    ok: false,
    message:
      'bridge cannot tell which network is meant, because this machine has eth0 172.18.0.3/16, eth1 172.19.0.5/16: ' +
      'give the ranges, as in 172.18.0.0/24=203.0.113.0/24 and 172.19.0.0/24=192.0.2.0/24.',
  });
});

test('the option is replaced by its line, also among others', () => {
  const nat = (...argv: readonly string[]) => {
    const read = readSettings({
      argv,
      environment: {},
      readFile: () => '',
      folder: '/',
      interfaces: () => bridged('172.18.0.3/16'),
    });
    return read.ok ? { nat: read.settings.nat } : { message: read.message };
  };
  const line = { from: '172.18.0.0/24', to: '203.0.113.0/24' };
  assert.deepEqual(nat('--nat', 'bridge'), { nat: [line] });
  const single = { from: '172.18.0.9/32', to: '198.51.100.9/32' };
  assert.deepEqual(nat('--nat', '172.18.0.9=198.51.100.9', '--nat', 'bridge'), { nat: [single, line] });
  for (const shared of ['10.1.0.0/24=203.0.113.0/24', '127.0.0.1=203.0.113.7', '10.0.0.0/8=203.0.0.0/8'])
    assert.match(
      nat('--nat', 'bridge', '--nat', shared).message ?? '',
      /^--nat: bridge shows the neighbours as 203\.0\.113\.0\/24, and \S+=203\.\S+ would show others as them/,
    );
  assert.match(nat('--nat', 'bridges').message ?? '', /^--nat: "bridges" must be CIDR=CIDR, .* none/);
  assert.match(nat('--nat', 'Bridge').message ?? '', /^--nat: "Bridge" must be CIDR=CIDR/);
  assert.match(nat('--nat', 'none', '--nat', 'bridge').message ?? '', /^--nat none cannot be used together/);
  const inFile = readSettings({
    argv: ['--config', 'postern.json'],
    environment: {},
    readFile: () => JSON.stringify({ nat: ['bridge', '172.18.1.0/24=192.0.2.0/24'] }),
    folder: '/',
    interfaces: () => bridged('172.18.0.3/16'),
  });
  assert.deepEqual(inFile.ok && inFile.settings.nat, [line, { from: '172.18.1.0/24', to: '192.0.2.0/24' }]);
  const alone = readSettings({
    argv: ['--nat', 'bridge'],
    environment: {},
    readFile: () => '',
    folder: '/',
    interfaces: () => loopback,
  });
  assert.match(alone.ok ? '' : alone.message, /^--nat: bridge shows the neighbours of a container/);
});
