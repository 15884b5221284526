import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../src/address/address.ts';
import { placeOfAddress, placeOfSource, Places } from '../../src/ingress/places.ts';
import { whoGoes } from '../../src/ingress/who-goes.ts';
import type { Standing } from '../../src/ingress/who-goes.ts';
import { anyPort, ask, dial, ended, openGate, portOf, refusals, secure } from './gate.ts';
import { version2 } from './proxy-encoder.ts';

function standing(silent: string, idle: string, busy: string): Standing<string> {
  const set = (names: string) => new Set(names);
  return { size: silent.length + idle.length + busy.length, silent: set(silent), idle: set(idle), busy: set(busy) };
}

test('who goes is who did the least of whoever has the most', () => {
  const limits = { total: 6, perSource: 3 };
  const none = standing('', '', '');
  const rows: readonly (readonly [string, Parameters<typeof whoGoes<string>>[0], string])[] = [
    ['there is room', { own: none, greediest: none, all: standing('abc', 'd', 'e') }, 'room'],
    ['own share is full', { own: standing('a', 'bc', ''), greediest: none, all: standing('a', 'bc', '') }, 'a of 3'],
    ['own share is idle', { own: standing('', 'bc', 'a'), greediest: none, all: standing('', 'bc', 'a') }, 'b of 3'],
    ['own share is busy', { own: standing('', '', 'abc'), greediest: none, all: standing('', '', 'abc') }, 'full 3'],
    [
      'the greediest first',
      { own: standing('z', '', ''), greediest: standing('', 'bc', ''), all: standing('z', 'bc', 'xyw') },
      'b of 6',
    ],
    [
      'then whoever is silent',
      { own: standing('', '', ''), greediest: standing('', '', 'bc'), all: standing('s', 'i', 'bcxy') },
      's of 6',
    ],
    [
      'then one that is busy',
      { own: standing('', '', ''), greediest: standing('', '', 'bc'), all: standing('', '', 'abcxyz') },
      'b of 6',
    ],
    [
      'none, where nobody has more than the newcomer',
      { own: standing('', '', 'ab'), greediest: standing('', '', 'cd'), all: standing('', '', 'abcdef') },
      'full 6',
    ],
  ];
  for (const [what, standings, expected] of rows) {
    const room = whoGoes(standings, limits);
    const found = {
      room: () => 'room',
      goes: () => `${room.kind === 'goes' ? room.connection : ''} of`,
      full: () => 'full',
    };
    const limit = room.kind === 'room' ? '' : ` ${room.limit}`;
    assert.equal(`${found[room.kind]()}${limit}`, expected, what);
  }
});

const step = fc.record({
  kind: fc.constantFrom('add', 'begin', 'end', 'remove', 'move'),
  source: fc.constantFrom('a', 'b', 'c', 'd'),
  pick: fc.nat(),
});

test('whatever comes and goes, the counts are those of the connections that are there', () => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const limits = { total: 8, perSource: 4 };
    const places = new Places<number>(limits);
    const open = new Map<number, { source: string; requests: number; silent: boolean }>();
    let last = 0;
    for (const { kind, source, pick } of steps) {
      const ids = [...open.keys()];
      const id = ids[pick % Math.max(1, ids.length)];
      const known = id === undefined ? undefined : open.get(id);
      const of = (name: string) => [...open.values()].filter((place) => place.source === name).length;
      if (kind === 'add') {
        const room = places.roomFor(source);
        if (of(source) < limits.perSource && open.size < limits.total) assert.equal(room.kind, 'room');
        else assert.notEqual(room.kind, 'room');
        if (room.kind === 'goes') {
          const leaving = open.get(room.connection);
          assert.ok(leaving !== undefined, 'who goes is there');
          if (of(source) >= limits.perSource) assert.equal(leaving.source, source);
          places.remove(room.connection);
          open.delete(room.connection);
        }
        if (room.kind === 'full') continue;
        places.add((last += 1), source);
        open.set(last, { source, requests: 0, silent: true });
      } else if (id === undefined || known === undefined) {
        continue;
      } else if (kind === 'begin') {
        places.begin(id);
        Object.assign(known, { requests: known.requests + 1, silent: false });
      } else if (kind === 'end') {
        if (known.requests === 0) continue;
        places.end(id);
        known.requests -= 1;
      } else if (kind === 'move') {
        if (!known.silent || places.roomToMove(source).kind !== 'room') continue;
        places.move(id, source);
        known.source = source;
      } else {
        places.remove(id);
        open.delete(id);
      }
      assert.ok(open.size <= limits.total);
      for (const name of ['a', 'b', 'c', 'd']) assert.ok(of(name) <= limits.perSource + 1);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test('an IPv6 network of 64 bits is one place, and so is an address of a subnet', () => {
  const rows = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:3::6', '2001:db8:1:3::/64'],
  ] as const;
  for (const [text, expected] of rows) assert.equal(placeOfAddress(parseAddress(text)), expected, text);
  const address = { family: 4, value: 0x0a000004, text: '10.0.0.4' } as const;
  const subnet = { kind: 'subnet', subnet: '/s', incarnation: 'i', address, assurance: 'enforced' } as const;
  assert.equal(placeOfSource(subnet), 'i 10.0.0.4');
  assert.equal(placeOfSource({ kind: 'public', address }), '10.0.0.4');
  assert.equal(placeOfSource({ kind: 'unknown', reason: 'a test' }), undefined);
});

test('two addresses that take every place shut nobody out', async (t) => {
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
  assert.deepEqual(addresses, new Set(attackers), 'who made room');
  for (const client of [mine, ...others]) client.destroy();
});

test('of one source the oldest that never asked goes, then the one that is idle longest, and none that is being served', async (t) => {
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
