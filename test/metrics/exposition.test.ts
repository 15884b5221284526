import assert from 'node:assert/strict';
import test from 'node:test';
import { exposition } from '../../src/metrics/exposition.ts';
import { families } from '../../src/metrics/families.ts';
import type { Samples } from '../../src/metrics/families.ts';
import { Histogram, RequestCounts, secondsBounds } from '../../src/metrics/requests.ts';
import { samplesOf } from '../../src/metrics/samples.ts';
import { quiet, quietVitals } from './vitals.ts';

function linesOf(samples: Partial<Samples>): readonly string[] {
  const counts = new RequestCounts();
  return exposition({ ...samplesOf(quietVitals({}), []), ...counts.samples(), ...samples })
    .split('\n')
    .filter((line) => !line.startsWith('#'));
}

test('a sample is a line, and a family without samples is not there', () => {
  const text = exposition({ ...quiet(), postern_requests_in_flight: [{ labels: {}, value: 3 }] });
  assert.equal(
    text,
    '# HELP postern_requests_in_flight Requests that are not answered yet.\n' +
      '# TYPE postern_requests_in_flight gauge\npostern_requests_in_flight 3\n',
  );
});

test('labels are escaped, and numbers are written as Prometheus reads them', () => {
  const sink = 'a"b\\c\nd';
  const rows: readonly (readonly [number, string])[] = [
    [0.000_25, '0.00025'],
    [1e21, '1e+21'],
    [1_795_756_258.41, '1795756258.41'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
  ];
  for (const [value, written] of rows) {
    const lines = linesOf({ postern_sink_backlog_bytes: [{ labels: { sink }, value }] });
    assert.ok(lines.includes(`postern_sink_backlog_bytes{sink="a\\"b\\\\c\\nd"} ${written}`), lines.join('\n'));
  }
});

test('a value counts in its bucket and in all greater ones; a bound belongs to its own bucket', () => {
  const histogram = new Histogram();
  for (const seconds of [0, 0.000_25, 0.000_26, 10, 11]) histogram.observe(seconds);
  const { cumulative, sum } = histogram;
  assert.equal(sum, 21.000_51);
  assert.deepEqual(cumulative.slice(0, 2), [2, 3]);
  assert.deepEqual(cumulative.slice(-2), [4, 5]);
  assert.equal(cumulative.length, secondsBounds.length + 1);
  const counts = new RequestCounts();
  counts.add({ edge: 'vaults', operation: 'SecretGet', status: 200, seconds: 0.3 });
  const lines = linesOf(counts.samples()).filter((line) => line.startsWith('postern_request_duration_seconds'));
  const labels = 'edge="vaults",operation="SecretGet"';
  assert.deepEqual(lines.slice(-6), [
    `postern_request_duration_seconds_bucket{${labels},le="2.5"} 1`,
    `postern_request_duration_seconds_bucket{${labels},le="5"} 1`,
    `postern_request_duration_seconds_bucket{${labels},le="10"} 1`,
    `postern_request_duration_seconds_bucket{${labels},le="+Inf"} 1`,
    `postern_request_duration_seconds_sum{${labels}} 0.3`,
    `postern_request_duration_seconds_count{${labels}} 1`,
  ]);
  assert.ok(lines.includes(`postern_request_duration_seconds_bucket{${labels},le="0.25"} 0`));
});

test('requests are counted by edge, operation and status, and verdicts by why', () => {
  const counts = new RequestCounts();
  const get = { edge: 'vaults', operation: 'SecretGet', seconds: 0 };
  const noIpRule = { allowed: false, because: 'noIpRule' };
  for (const _ of [1, 2]) counts.add({ ...get, status: 403, verdict: noIpRule });
  counts.add({ ...get, status: 200, verdict: { allowed: true, because: 'ipRule' } });
  counts.add({ ...get, status: undefined });
  counts.add({ ...get, edge: 'graph', status: 200 });
  const lines = linesOf(counts.samples()).filter((line) => /_total\{(?:edge|verdict)/.test(line));
  assert.deepEqual(lines, [
    'postern_requests_total{edge="vaults",operation="SecretGet",status="403"} 2',
    'postern_requests_total{edge="vaults",operation="SecretGet",status="200"} 1',
    'postern_requests_total{edge="vaults",operation="SecretGet",status="aborted"} 1',
    'postern_requests_total{edge="graph",operation="SecretGet",status="200"} 1',
    'postern_firewall_verdicts_total{verdict="allowed",because="ipRule"} 1',
    'postern_firewall_verdicts_total{verdict="denied",because="noIpRule"} 2',
  ]);
});

test('every family has samples when all is known, with the labels of its row', () => {
  const failure = { message: 'down', since: '2026-11-27T00:00:00.000Z' };
  const sinks = [{ name: 'otlp/a', records: 1, gaps: 0, backlogBytes: 5, failure }];
  const counts = new RequestCounts();
  const verdict = { allowed: true, because: 'defaultAction' };
  counts.add({ edge: 'vaults', operation: 'SecretGet', status: 200, seconds: 1, verdict });
  const { store } = quietVitals({});
  const faults = { masterKey: undefined, release: 'newer' };
  const database = { reachable: false, faults, heartbeatAgeMs: 1_500, clockAheadMs: -250, changesBehindMs: 750 };
  const elsewhere = samplesOf(quietVitals({ store: { ...store, database } }), []);
  assert.deepEqual(elsewhere.postern_store_size_bytes, []);
  assert.deepEqual(elsewhere.postern_store_reachable, [{ labels: {}, value: 0 }]);
  assert.deepEqual(elsewhere.postern_store_fault, [
    { labels: { fault: 'masterKey' }, value: 0 },
    { labels: { fault: 'release' }, value: 1 },
  ]);
  assert.deepEqual(elsewhere.postern_store_heartbeat_age_seconds, [{ labels: {}, value: 1.5 }]);
  assert.deepEqual(elsewhere.postern_store_changes_behind_seconds, [{ labels: {}, value: 0.75 }]);
  assert.deepEqual(elsewhere.postern_store_clock_ahead_seconds, [{ labels: {}, value: -0.25 }]);
  const here = samplesOf(quietVitals({ sinks }), []);
  assert.deepEqual([here.postern_store_reachable, here.postern_store_fault], [[], []]);
  const { postern_store_size_bytes: sizes } = here;
  const samples: Samples = {
    ...here,
    ...elsewhere,
    ...bySink(here),
    postern_store_size_bytes: sizes,
    ...counts.samples(),
  };
  for (const [name, family] of Object.entries(families)) {
    const found = Object.entries(samples).find(([known]) => known === name)?.[1] ?? [];
    assert.ok(found.length > 0, name);
    for (const { labels } of found) assert.deepEqual(Object.keys(labels), family.labels, name);
  }
});

/** The samples that no server without sinks has. */
function bySink(samples: ReturnType<typeof samplesOf>) {
  return Object.fromEntries(Object.entries(samples).filter(([name]) => name.startsWith('postern_sink_')));
}

test('the sinks after the fiftieth share their time series', () => {
  const sinks = Array.from({ length: 53 }, (_, index) => ({
    name: `storage/${index}`,
    records: 2,
    gaps: 0,
    backlogBytes: 0,
  }));
  const { postern_sink_records_total: records } = samplesOf(quietVitals({ sinks }), []);
  assert.equal(records.length, 51);
  assert.deepEqual(records.at(-1), { labels: { sink: 'others' }, value: 6 });
});

test('the listeners of one kind are one time series', () => {
  const connections = [2, 3].map((open) => ({ listener: 'public', open }));
  const { postern_connections: open } = samplesOf(quietVitals({ connections }), []);
  assert.deepEqual(open, [{ labels: { listener: 'public' }, value: 5 }]);
});
