import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalLog, type RefusedConnection } from '../../src/ingress/refusal.ts';

test('each kind of refusal is written ten times in ten seconds, and the next line says how many were left out', () => {
  const lines: RefusedConnection[] = [];
  let now = 0;
  const log = new RefusalLog({ write: (line) => lines.push(line), now: () => now });
  const add = (times: number) => {
    for (let count = 0; count < times; count += 1) log.add('public', '192.0.2.1', { kind: 'headerTimeout' });
  };
  add(25);
  assert.equal(lines.length, 10);
  log.add('public', '192.0.2.1', { kind: 'headerEnded' });
  log.add('loadBalancer', '192.0.2.1', { kind: 'headerTimeout' });
  assert.equal(lines.length, 12);
  now = 9_999;
  add(1);
  assert.equal(lines.length, 12);
  now = 10_000;
  add(2);
  assert.deepEqual(
    lines.slice(12).map(({ leftOut }) => leftOut),
    [16, 0],
  );
});
