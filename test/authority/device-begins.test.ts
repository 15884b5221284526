import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceBegins } from '../../src/authority/device-begins.ts';
import type { BeginVerdict } from '../../src/authority/device-begins.ts';

const start = Date.UTC(2026, 10, 27);

/** How often each verdict came. */
function counted(verdicts: readonly BeginVerdict[]): Readonly<Partial<Record<BeginVerdict, number>>> {
  const counts: Partial<Record<BeginVerdict, number>> = {};
  for (const verdict of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

function times<T>(count: number, make: (at: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

test('a site begins ten at once, and then one each two seconds', () => {
  const begins = new DeviceBegins();
  assert.deepEqual(counted(times(11, () => begins.begin('192.0.2.1', start))), { begins: 10, siteFull: 1 });
  assert.equal(begins.begin('192.0.2.1', start + 1_999), 'siteFull');
  assert.equal(begins.begin('192.0.2.1', start + 2_000), 'begins');
  assert.equal(begins.begin('192.0.2.1', start + 2_000), 'siteFull');
  // Near miss: its neighbour.
  assert.equal(begins.begin('192.0.2.2', start + 2_000), 'begins');
  assert.deepEqual(counted(times(11, () => begins.begin('192.0.2.1', start + 60_000))), { begins: 10, siteFull: 1 });
});

test('devices without a known site share one', () => {
  const begins = new DeviceBegins();
  assert.deepEqual(counted(times(11, () => begins.begin(undefined, start))), { begins: 10, siteFull: 1 });
});

test('all sites together begin twenty in a second', () => {
  const begins = new DeviceBegins();
  assert.deepEqual(counted(times(21, (at) => begins.begin(`192.0.2.${at}`, start + 999))), { begins: 20, full: 1 });
  assert.equal(begins.begin('192.0.2.20', start + 1_000), 'begins');
});

test('sites that ask again and again keep no other site from its first', () => {
  const begins = new DeviceBegins();
  // Nine sites, each with all that it may have.
  for (let second = 0; second < 60; second += 1) {
    const atMs = start + second * 1000;
    const greedy = times(90, (at) => begins.begin(`203.0.113.${at % 9}`, atMs));
    assert.equal(
      begins.begin(`192.0.2.${second}`, atMs),
      'begins',
      `second ${second}, beside ${JSON.stringify(counted(greedy))}`,
    );
  }
});

test('what was refused is charged to none', () => {
  const begins = new DeviceBegins();
  assert.deepEqual(counted(times(20, (at) => begins.begin(`192.0.2.${at}`, start))), { begins: 20 });
  assert.deepEqual(counted(times(100, () => begins.begin('198.51.100.1', start))), { full: 100 });
  assert.deepEqual(counted(times(10, () => begins.begin('198.51.100.1', start + 1_000))), { begins: 10 });
});

test('a clock that was set back locks no site out', () => {
  const begins = new DeviceBegins();
  assert.deepEqual(counted(times(11, () => begins.begin('192.0.2.1', start))), { begins: 10, siteFull: 1 });
  const back = start - 86_400_000;
  assert.deepEqual(counted(times(11, () => begins.begin('192.0.2.1', back))), { begins: 10, siteFull: 1 });
});
