import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Places, chooseLeaving } from '../../src/shares/places.ts';
import type { Queues } from '../../src/shares/places.ts';

function standing(silent: string, idle: string, busy: string): Queues<string> {
  const set = (names: string) => new Set(names);
  return { size: silent.length + idle.length + busy.length, silent: set(silent), idle: set(idle), busy: set(busy) };
}

test('the least active connection of the source with the most is ended', () => {
  const limits = { total: 6, perSource: 3 };
  const none = standing('', '', '');
  const rows: readonly (readonly [string, Parameters<typeof chooseLeaving<string>>[0], string])[] = [
    ['there is room', { own: none, greediest: none, all: standing('abc', 'd', 'e') }, 'room'],
    ['own share is full', { own: standing('a', 'bc', ''), greediest: none, all: standing('a', 'bc', '') }, 'a of 3'],
    ['own share is idle', { own: standing('', 'bc', 'a'), greediest: none, all: standing('', 'bc', 'a') }, 'b of 3'],
    ['own share is busy', { own: standing('', '', 'abc'), greediest: none, all: standing('', '', 'abc') }, 'full 3'],
    [
      'the greediest source first',
      { own: standing('z', '', ''), greediest: standing('', 'bc', ''), all: standing('z', 'bc', 'xyw') },
      'b of 6',
    ],
    [
      'then a silent one',
      { own: standing('', '', ''), greediest: standing('', '', 'bc'), all: standing('s', 'i', 'bcxy') },
      's of 6',
    ],
    [
      'then one that is busy',
      { own: standing('', '', ''), greediest: standing('', '', 'bc'), all: standing('', '', 'abcxyz') },
      'b of 6',
    ],
    [
      'its own source first, if it is the greediest',
      { own: standing('', 'b', 'a'), greediest: standing('', 'b', 'a'), all: standing('s', 'bi', 'axy') },
      'b of 6',
    ],
    [
      'none, if no source has more than the new one',
      { own: standing('', '', 'ab'), greediest: standing('', '', 'cd'), all: standing('', '', 'abcdef') },
      'full 6',
    ],
  ];
  for (const [what, standings, expected] of rows) {
    const room = chooseLeaving(standings, limits);
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

test('whatever opens and closes, the counts are those of the open connections', () => {
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
          assert.ok(leaving !== undefined, 'the one to end is open');
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
