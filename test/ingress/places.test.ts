import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, siteOf } from '../../src/address/address.ts';
import { placeOf } from '../../src/ingress/attribution.ts';
import { anyPort, ask, dial, ended, openGate, portOf, refusals, secure } from './gate.ts';
import { version2 } from './proxy-encoder.ts';

test('an IPv6 network of 64 bits counts as one source, and so does an address of a subnet', () => {
  const rows = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:3::6', '2001:db8:1:3::/64'],
  ] as const;
  for (const [text, expected] of rows) {
    const parsed = parseAddress(text);
    assert.equal(parsed && siteOf(parsed), expected, text);
  }
  const address = { family: 4, value: 0x0a000004, text: '10.0.0.4' } as const;
  const subnet = { kind: 'subnet', subnet: '/s', incarnation: 'i', address, assurance: 'enforced' } as const;
  assert.equal(placeOf(subnet), 'i 10.0.0.4');
  assert.equal(placeOf({ kind: 'public', address }), '10.0.0.4');
  assert.equal(placeOf({ kind: 'unknown', reason: 'a test' }), undefined);
});

test('two addresses that take every place shut no other address out', async (t) => {
  const limits = { connectionsPerListener: 10, connectionsPerSource: 6 };
  const gate = await openGate(t, limits);
  const port = portOf(await gate.ingress.addPublic(anyPort));
  const attackers = ['127.0.0.7', '127.0.0.8'];
  const mine = await secure(await dial(port, '127.0.0.9'), gate.authority.cert);
  await ask(mine);
  for (let count = 0; count < 20; count += 1) {
    for (const address of attackers) await dial(port, address);
  }
  const others = await Promise.all(
    ['127.0.0.10', '127.0.0.11'].map(async (address) => secure(await dial(port, address), gate.authority.cert)),
  );
  for (const client of [mine, ...others]) assert.equal((await ask(client)).kind, 'public', 'it is served, and stays');
  const addresses = new Set(gate.refused.map(({ remoteAddress }) => remoteAddress));
  assert.deepEqual(addresses, new Set(attackers), 'which made room');
  for (const client of [mine, ...others]) client.destroy();
});

test('of one source the oldest connection without a request goes, then the one that is idle longest, never one being served', async (t) => {
  const gate = await openGate(t, { connectionsPerListener: 10, connectionsPerSource: 3 });
  const port = portOf(await gate.ingress.addPublic(anyPort));
  const open = async () => secure(await dial(port), gate.authority.cert);
  const [served, idle, silent] = [await open(), await open(), await open()];
  await ask(idle);
  served.write('GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await ask(idle);
  const fourth = await open();
  await ended(silent);
  await ask(fourth);
  const fifth = await open();
  await ended(idle);
  assert.equal((await ask(fifth)).kind, 'public');
  assert.ok(!served.closed && !fourth.closed);
  assert.deepEqual(
    await refusals(gate),
    Array.from({ length: 2 }, () => ({ kind: 'tooManyConnections', limit: 3 })),
  );
  for (const client of [served, fourth, fifth]) client.destroy();
});

test('what a load balancer relays is counted by the address that it names', async (t) => {
  const gate = await openGate(t, { connectionsPerListener: 10, connectionsPerSource: 2 });
  const balancer = await gate.ingress.addLoadBalancer(anyPort, { from: ['127.0.0.1/32'], version: 2 });
  const relay = async (source: string) => {
    const socket = await dial(portOf(balancer));
    socket.write(version2({ addresses: [source, '198.51.100.250'] }));
    return secure(socket, gate.authority.cert);
  };
  const first = await relay('198.51.100.1');
  const clients = [await relay('198.51.100.2'), await relay('198.51.100.3'), await relay('198.51.100.1')];
  const last = await relay('198.51.100.1');
  await ended(first);
  for (const client of [...clients, last]) assert.equal((await ask(client)).kind, 'public');
  for (const client of [...clients, last]) client.destroy();
});
