import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { bodyBounds, countJson, describeJsonFault, parseBoundedJson } from '../../src/json/bounded-json.ts';
import type { JsonBounds } from '../../src/json/bounded-json.ts';

const wide: JsonBounds = { depth: 1000, members: 1000, values: 1000 };

function boundsFault(text: string, bounds: JsonBounds) {
  const counted = countJson(text, bounds);
  return counted.ok ? undefined : counted.fault;
}

/** The size of a value, counted after parsing: an empty object or array counts as if it held one value. */
function measure(value: unknown): JsonBounds {
  if (typeof value !== 'object' || value === null) return { depth: 0, members: 0, values: 1 };
  const inside = Object.values(value).map(measure);
  const sum = (name: 'members' | 'values') => inside.reduce((total, one) => total + one[name], 0);
  return {
    depth: 1 + Math.max(0, ...inside.map(({ depth }) => depth)),
    members: sum('members') + (Array.isArray(value) ? 0 : inside.length),
    values: 1 + Math.max(1, sum('values')),
  };
}

suite('JSON within bounds', () => {
  test('is parsed as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        const value: unknown = JSON.parse(text);
        assert.deepEqual(parseBoundedJson(text, wide), { ok: true, value });
      }),
    );
  });

  test('a value just fits into bounds of its own size, and into nothing smaller', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [text, own] = [JSON.stringify(value, null, 1), measure(value)];
        assert.equal(boundsFault(text, own), undefined);
        const faults = { depth: 'tooDeep', members: 'tooManyMembers', values: 'tooManyValues' } as const;
        for (const bound of ['depth', 'members', 'values'] as const) {
          if (own[bound] === 0 || (bound === 'values' && own.values === 1)) continue;
          const most = own[bound] - 1;
          assert.deepEqual(boundsFault(text, { ...own, [bound]: most }), { kind: faults[bound], most });
        }
      }),
    );
  });

  test('brackets, commas and colons in strings do not count, whatever is escaped before their end', () => {
    const none = { depth: 0, members: 0, values: 1 };
    for (const text of ['[[{{:,', '\\', '\\\\', 'a\\"[', '"', '\u2028[']) {
      assert.equal(boundsFault(JSON.stringify(text), none), undefined, text);
    }
    assert.deepEqual(boundsFault('"\\\\"[', none), { kind: 'tooDeep', most: 0 });
    assert.equal(boundsFault('"\\"[', none), undefined);
  });

  test('names of the prototype are members like any other', () => {
    const text = '{"__proto__":{"a":1},"constructor":2,"toString":3}';
    const parsed = parseBoundedJson(text, wide);
    assert.ok(parsed.ok && typeof parsed.value === 'object' && parsed.value !== null);
    assert.deepEqual(Object.keys(parsed.value), ['__proto__', 'constructor', 'toString']);
    assert.equal(Object.getPrototypeOf(parsed.value), Object.prototype);
  });

  test('the refusal names the bound and says what to do', () => {
    const found = parseBoundedJson('['.repeat(4_000_000), bodyBounds);
    assert.ok(!found.ok);
    assert.equal(
      describeJsonFault(found.fault),
      'its objects and arrays are nested more than 128 deep; nest them less',
    );
    assert.deepEqual(parseBoundedJson('[', wide), { ok: false, fault: { kind: 'notJson' } });
  });
});
