import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatRange, networkOf, parseIpv4 } from '../../src/address/address.ts';
import type { Range } from '../../src/address/address.ts';
import { has, minus, union } from '../../src/insight/spans.ts';
import { hilbertPoint } from '../../src/portal/networking/hilbert.ts';
import { placesOf, wholeSpace } from '../../src/portal/networking/places.ts';
import { addressAt, cellSize, cellsOf, cellsPath, countIn, middleOf } from '../../src/portal/networking/tile.ts';

const all = Array.from({ length: 256 }, (_, at) => at);
const ip = (text: string) => parseIpv4(text) ?? assert.fail(text);

const ranges: fc.Arbitrary<Range> = fc
  .record({ address: fc.integer({ min: 0, max: 0xffffffff }), prefix: fc.integer({ min: 1, max: 32 }) })
  .map(({ address, prefix }) => networkOf(address, prefix));

describe('the Hilbert curve of a tile', () => {
  it('goes through every cell once', () => {
    assert.equal(new Set(all.map((at) => JSON.stringify(hilbertPoint(at)))).size, 256);
    for (const at of all) {
      const { x, y } = hilbertPoint(at);
      assert.ok(x >= 0 && x < 16 && y >= 0 && y < 16, `${at}: ${x}, ${y}`);
    }
  });

  it('goes from each cell to one beside it', () => {
    for (const at of all.slice(1)) {
      const [before, here] = [hilbertPoint(at - 1), hilbertPoint(at)];
      assert.equal(Math.abs(before.x - here.x) + Math.abs(before.y - here.y), 1, String(at));
    }
  });

  it('draws each block of 4, 16 or 64 cells as a square', () => {
    for (const [block, side] of [
      [4, 2],
      [16, 4],
      [64, 8],
    ] as const) {
      for (let first = 0; first < 256; first += block) {
        const points = all.slice(first, first + block).map(hilbertPoint);
        const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
        assert.equal(Math.max(...xs) - Math.min(...xs), side - 1);
        assert.equal(Math.max(...ys) - Math.min(...ys), side - 1);
      }
    }
  });
});

describe('the places of the map', () => {
  const nobody = { stay: [], gain: [], lose: [] };
  const named = (places: readonly Range[]) => places.map(formatRange);

  it('draws a rule where its ends are ends of cells, and an address in its /24', () => {
    const cases: readonly [string, number, readonly string[]][] = [
      ['203.0.113.7', 32, ['203.0.113.0/24']],
      ['203.0.113.0', 25, ['203.0.113.0/24']],
      ['203.0.113.0', 24, ['203.0.0.0/16']],
      ['20.50.0.0', 18, ['20.50.0.0/16']],
      ['20.50.0.0', 16, ['20.0.0.0/8']],
      ['20.0.0.0', 9, ['20.0.0.0/8']],
      ['20.0.0.0', 8, []],
    ];
    for (const [address, prefix, places] of cases) {
      const range = networkOf(ip(address), prefix);
      assert.deepEqual(named(placesOf({ change: nobody, ranges: [range], marks: [] })), places, `${address}/${prefix}`);
    }
    assert.deepEqual(named(placesOf({ change: nobody, ranges: [], marks: [ip('198.51.100.9')] })), ['198.51.100.0/24']);
  });

  it('is exact: in the place of a range each cell is in it or not', () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const [place = wholeSpace] = placesOf({ change: nobody, ranges: [range], marks: [] });
        const size = cellSize(place);
        assert.deepEqual(
          cellsOf([range], place).filter((filled) => filled !== 0 && filled !== size),
          [],
        );
      }),
    );
  });

  it('shows first what changes, then where somebody is, then the rest', () => {
    const [quiet, watched, changed] = ['20.1.1.0', '20.2.2.0', '20.3.3.0'].map((first) => networkOf(ip(first), 28));
    assert.ok(quiet !== undefined && watched !== undefined && changed !== undefined);
    const places = placesOf({
      change: { stay: [quiet, watched], gain: [changed], lose: [] },
      ranges: [quiet, watched, changed, changed],
      marks: [watched.first + 3],
    });
    assert.deepEqual(named(places), ['20.3.3.0/24', '20.2.2.0/24', '20.1.1.0/24']);
  });
});

describe('a tile', () => {
  it('counts the addresses of a set in each cell as a naive count does', () => {
    const place = networkOf(ip('203.0.113.0'), 24);
    const inside = fc.integer({ min: place.first, max: place.last });
    fc.assert(
      fc.property(fc.array(fc.tuple(inside, inside), { maxLength: 5 }), (pairs) => {
        const spans = union(pairs.map((pair) => ({ first: Math.min(...pair), last: Math.max(...pair) })));
        assert.deepEqual(
          cellsOf(spans, place),
          all.map((at) => (has(spans, place.first + at) ? 1 : 0)),
        );
        assert.equal(countIn(spans, place), all.filter((at) => has(spans, place.first + at)).length);
      }),
    );
  });

  it('fills wide cells in part, and shows them smaller', () => {
    const place = networkOf(ip('203.0.0.0'), 16);
    const one = [{ first: ip('203.0.113.7'), last: ip('203.0.113.7') }];
    assert.equal(cellsOf(one, place)[113], 1);
    assert.match(cellsPath(cellsOf(one, place), cellSize(place)), /^M[\d.]+ [\d.]+h0\.56v0\.56h-0\.56z$/);
    const whole = [networkOf(ip('203.0.113.0'), 24)];
    assert.match(cellsPath(cellsOf(whole, place), cellSize(place)), /^M\d+ \d+h1v1h-1z$/);
    assert.equal(cellsPath(cellsOf([], place), cellSize(place)), '');
    assert.equal(countIn(minus([wholeSpace], whole), place), 65_536 - 256);
  });

  it('finds the address of a point, and the point of an address', () => {
    const place = networkOf(ip('203.0.113.0'), 24);
    for (const at of all) {
      const middle = middleOf(place.first + at, place);
      assert.ok(middle !== undefined);
      assert.equal(addressAt(middle, place), place.first + at);
    }
    assert.equal(middleOf(ip('203.0.114.0'), place), undefined);
    assert.equal(addressAt({ x: 16.5, y: 1 }, place), undefined);
  });
});
