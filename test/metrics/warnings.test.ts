import assert from 'node:assert/strict';
import test from 'node:test';
import { changeOf, warningNames, warningsOf } from '../../src/metrics/warnings.ts';
import type { Warning } from '../../src/metrics/warnings.ts';
import type { DatabaseVitals, Vitals } from '../../src/metrics/vitals.ts';
import { quietVitals } from './vitals.ts';

const dayMs = 86_400_000;
const { nowMs } = quietVitals({});

function names(others: Partial<Vitals>, before: readonly Warning[] = []): readonly string[] {
  return warningsOf(quietVitals(others), before).map(({ name, about }) => `${name} ${about}`);
}

function certificate(daysLeft: number, renewsItself: boolean): Pick<Vitals, 'certificates'> {
  const notAfterMs = nowMs + daysLeft * dayMs;
  return { certificates: [{ name: 'c', notBeforeMs: 0, notAfterMs, renewsItself }] };
}

function sink(backlogBytes: number, failure?: { readonly message: string; readonly since: string }) {
  return { sinks: [{ name: 'otlp/a', records: 0, gaps: 0, backlogBytes, ...(failure && { failure }) }] };
}

function database(heartbeatAgeMs: number, clockAheadMs = 0, reachable = true): Pick<Vitals, 'store'> {
  return { store: { ...quietVitals({}).store, database: { reachable, faults: {}, heartbeatAgeMs, clockAheadMs } } };
}

function behind(changesBehindMs: number, others: Partial<DatabaseVitals> = {}): Pick<Vitals, 'store'> {
  const { store } = database(0);
  return {
    store: { ...store, database: { reachable: true, faults: {}, ...store.database, changesBehindMs, ...others } },
  };
}

const disk = (freeBytes: number, totalBytes: number) => ({ disk: { freeBytes, totalBytes } });
const gib = 1 << 30;

test('each warning begins at its threshold, and not before', () => {
  assert.deepEqual(names({}), []);
  const rows: readonly (readonly [Partial<Vitals>, readonly string[]])[] = [
    [certificate(30.01, false), []],
    [certificate(30, false), ['certificateExpires c']],
    [certificate(-1, false), ['certificateExpires c']],
    // Ours are renewed with sixty days left.
    [certificate(59, true), []],
    [certificate(30, true), ['renewalFails c']],
    [disk(10_001, 100_000), []],
    [disk(10_000, 100_000), ['diskFills data']],
    // A tenth of a large disk is plenty.
    [disk(gib + 1, 100 * gib), []],
    [disk(gib, 100 * gib), ['diskFills data']],
    [{ disk: undefined }, []],
    [{ connections: [79, 1, 79].map((open) => ({ listener: 'public', open })) }, []],
    [{ connections: [1, 80].map((open) => ({ listener: 'public', open })) }, ['connectionsFill public']],
    [{ descriptors: { open: 819, most: 1_024 } }, []],
    [{ descriptors: { open: 820, most: 1_024 } }, ['descriptorsFill worker']],
    [{ descriptors: { open: 820, most: Number.POSITIVE_INFINITY } }, []],
    [{ descriptors: undefined }, []],
    [database(1_199), []],
    [database(1_200), ['databaseLags store']],
    // It is away, and the check of the store says so.
    [database(60_000, 0, false), []],
    [database(0, 999), []],
    [database(0, -1_000), ['clockDiffers store']],
    [behind(9_999), []],
    [behind(10_000), ['changesLag store']],
    // These say more.
    [behind(10_000, { reachable: false }), []],
    [behind(10_000, { faults: { masterKey: undefined, release: 'newer' } }), []],
    [sink(499), []],
    [sink(500), ['sinkFallsBehind otlp/a']],
    [sink(0, { message: 'refused', since: '2026-11-27T11:00:00Z' }), ['sinkFails otlp/a']],
  ];
  for (const [others, expected] of rows) assert.deepEqual(names(others), expected, JSON.stringify(others));
  const tried = new Set(rows.flatMap(([, all]) => all.map((one) => one.split(' ')[0])));
  assert.deepEqual(tried, new Set(warningNames));
});

test('a warning that holds goes on until the value is well away from its threshold', () => {
  const rows: readonly (readonly [Partial<Vitals>, Partial<Vitals>, Partial<Vitals>])[] = [
    [disk(10_000, 100_000), disk(12_000, 100_000), disk(12_001, 100_000)],
    [database(1_200), database(800), database(799)],
    [database(0, 1_000), database(0, -500), database(0, 499)],
    [behind(10_000), behind(5_000), behind(4_999)],
    [
      { connections: [{ listener: 'public', open: 80 }] },
      { connections: [{ listener: 'public', open: 70 }] },
      { connections: [{ listener: 'public', open: 69 }] },
    ],
    [
      { descriptors: { open: 900, most: 1_000 } },
      { descriptors: { open: 700, most: 1_000 } },
      { descriptors: { open: 699, most: 1_000 } },
    ],
    [sink(500), sink(400), sink(399)],
  ];
  for (const [begins, holds, ends] of rows) {
    const before = warningsOf(quietVitals(begins), []);
    assert.equal(before.length, 1);
    assert.deepEqual(names(holds), []);
    assert.equal(names(holds, before).length, 1, JSON.stringify(holds));
    assert.deepEqual(names(ends, before), [], JSON.stringify(ends));
  }
});

test('what is about to end says how soon, and what to do', () => {
  const messageOf = (days: number) => {
    const [warning] = warningsOf(quietVitals(certificate(days, false)), []);
    assert.equal(warning?.remedy, 'Replace its file with a newer one.');
    return warning?.message;
  };
  assert.equal(messageOf(29), "The certificate 'c' expires within a month: it ends on 2026-12-26.");
  assert.equal(messageOf(7), "The certificate 'c' expires within a week: it ends on 2026-12-04.");
  assert.equal(messageOf(0), "The certificate 'c' has expired: it ends on 2026-11-27.");
});

test('a change is what has begun, what says something else, and what has ended', () => {
  const at = (days: number) => warningsOf(quietVitals(certificate(days, false)), []);
  const [month, week, past] = [at(29), at(6), at(300)];
  assert.deepEqual(changeOf([], month), { begun: month, ended: [] });
  assert.deepEqual(changeOf(month, month), { begun: [], ended: [] });
  assert.deepEqual(changeOf(month, week), { begun: week, ended: [] });
  assert.deepEqual(changeOf(week, past), { begun: [], ended: week });
});
