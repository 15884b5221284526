import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedMap } from '../../src/shares/bounded-map.ts';

test('the entry that was set longest ago is removed first, and the callback is called', () => {
  const gone: [string, number][] = [];
  const map = new BoundedMap<string, number>(2, (key, value) => gone.push([key, value]));
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  assert.deepEqual(gone, []);
  map.set('c', 4);
  assert.deepEqual(gone, [['b', 2]]);
  assert.deepEqual([map.get('a'), map.has('b'), map.get('b'), map.get('c')], [3, false, undefined, 4]);
  map.delete('a');
  map.set('d', 5);
  assert.deepEqual(gone, [['b', 2]]);
  map.clear();
  assert.deepEqual([map.has('c'), map.has('d'), gone.length], [false, false, 1]);
});

test('it has the values of the last few different keys', () => {
  const sets = fc.array(fc.tuple(fc.nat(6), fc.nat()), { maxLength: 30 });
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 5 }), (all, most) => {
      const map = new BoundedMap<number, number>(most);
      for (const [key, value] of all) map.set(key, value);
      const last = new Set([...new Map(all.toReversed().map(([key]) => [key, true])).keys()].slice(0, most));
      for (let key = 0; key <= 6; key += 1) {
        const expected = last.has(key) ? all.findLast(([one]) => one === key)?.[1] : undefined;
        assert.equal(map.get(key), expected);
      }
    }),
  );
});
