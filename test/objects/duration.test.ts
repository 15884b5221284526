import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseDuration, shiftTime } from '../../src/objects/duration.ts';
import type { Duration } from '../../src/objects/duration.ts';

function duration(text: string): Duration {
  const found = parseDuration(text);
  assert.ok(found !== undefined, text);
  return found;
}

function shifted(at: string, text: string, direction: 1 | -1 = 1): string {
  return new Date(shiftTime(Date.parse(at), duration(text), direction)).toISOString();
}

suite('durations', () => {
  test("are ISO 8601's, without fractions", () => {
    assert.deepEqual(duration('P1Y2M3W4DT5H6M7S'), { years: 1, months: 2, days: 25, ms: 18_367_000 });
    assert.deepEqual(duration('P90D'), { years: 0, months: 0, days: 90, ms: 0 });
    assert.deepEqual(duration('PT48H'), { years: 0, months: 0, days: 0, ms: 172_800_000 });
  });

  for (const text of [
    '',
    'P',
    'PT',
    'P1DT',
    '90D',
    'P90',
    'P-1D',
    '-P1D',
    'P1.5D',
    'P1D ',
    'p1d',
    'P1H',
    'PT1D',
    'P1D1Y',
    'P100000D',
    'P10000Y',
  ]) {
    test(`'${text}' is not one`, () => assert.equal(parseDuration(text), undefined));
  }

  test('follow the calendar, in UTC', () => {
    assert.equal(shifted('2027-01-31T12:00:00Z', 'P1M'), '2027-02-28T12:00:00.000Z');
    assert.equal(shifted('2028-01-31T12:00:00Z', 'P1M'), '2028-02-29T12:00:00.000Z');
    assert.equal(shifted('2028-02-29T12:00:00Z', 'P1Y'), '2029-02-28T12:00:00.000Z');
    assert.equal(shifted('2027-12-15T00:00:00Z', 'P2M'), '2028-02-15T00:00:00.000Z');
    assert.equal(shifted('2027-01-31T00:00:00Z', 'P2M', -1), '2026-11-30T00:00:00.000Z');
    assert.equal(shifted('2027-03-28T00:30:00Z', 'P1DT1H'), '2027-03-29T01:30:00.000Z');
    assert.equal(shifted('2027-03-01T00:00:00Z', 'P1D', -1), '2027-02-28T00:00:00.000Z');
  });

  test('of days and hours can be reversed', () => {
    const when = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    const part = fc.nat({ max: 9999 });
    fc.assert(
      fc.property(when, part, part, (at, days, hours) => {
        const there = duration(`P${days}DT${hours}H`);
        const end = shiftTime(at, there, 1);
        assert.equal(end - at, (days * 24 + hours) * 3_600_000);
        assert.equal(shiftTime(end, there, -1), at);
      }),
    );
  });

  test('of months end on the same day of the month, or on its last day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0) }), fc.nat({ max: 600 }), (at, months) => {
        const start = new Date(at);
        const end = new Date(shiftTime(at, duration(`P${months}M`), 1));
        const passed = (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth();
        assert.equal(passed, months);
        const tomorrow = new Date(end.getTime() + 86_400_000);
        assert.ok(end.getUTCDate() === start.getUTCDate() || tomorrow.getUTCDate() === 1);
        assert.equal(end.getTime() % 86_400_000, at % 86_400_000);
      }),
    );
  });
});
