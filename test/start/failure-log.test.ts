import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditUnavailable } from '../../src/audit/log.ts';
import { FailureLog } from '../../src/worker/failure-line.ts';

test('of many refused requests ten are logged in ten seconds, and the rest are counted; unexpected errors are all logged', () => {
  const lines: object[] = [];
  let nowMs = 0;
  const failures = new FailureLog({ write: (line) => lines.push(line), now: () => nowMs });
  const full = new AuditUnavailable('the disk is full');
  for (let at = 0; at < 1_000; at += 1) failures.add(full, `${at}`);
  assert.equal(lines.length, 10);
  assert.deepEqual(lines[9], { requestId: '9', reason: full.message });
  const bug = new TypeError('a bug');
  failures.add(bug, 'unexpected');
  assert.deepEqual(lines[10], { requestId: 'unexpected', err: bug });
  nowMs = 10_000;
  failures.add(full, 'later');
  failures.add(full, 'last');
  assert.deepEqual(lines.slice(11), [
    { requestId: 'later', reason: full.message, leftOut: 990 },
    { requestId: 'last', reason: full.message },
  ]);
});
