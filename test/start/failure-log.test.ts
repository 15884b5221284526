import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditUnavailable } from '../../src/audit/log.ts';
import { Refused } from '../../src/edge/edge.ts';
import { Unavailable } from '../../src/store/store.ts';
import { FailureLog } from '../../src/worker/failure-line.ts';

function logged() {
  const lines: (readonly [level: string, line: object])[] = [];
  const clock = { ms: 0 };
  const write = (level: string) => (line: unknown, message?: string) => {
    assert.equal(message, 'a request failed');
    lines.push([level, Object(line)]);
  };
  const log = { error: write('error'), warn: write('warn') };
  return { lines, clock, failures: new FailureLog({ log, message: 'a request failed', now: () => clock.ms }) };
}

test('of many refused requests ten are logged in ten seconds, and the rest are counted; unexpected errors are all logged', () => {
  const { lines, clock, failures } = logged();
  const full = new AuditUnavailable('the disk is full');
  for (let at = 0; at < 1_000; at += 1) failures.add(full, { requestId: `${at}` });
  assert.equal(lines.length, 10);
  assert.deepEqual(lines[9], ['error', { requestId: '9', reason: full.message }]);
  const bug = new TypeError('a bug');
  failures.add(bug, { requestId: 'unexpected' });
  assert.deepEqual(lines[10], ['error', { requestId: 'unexpected', err: bug }]);
  clock.ms = 10_000;
  failures.add(full, { requestId: 'later' });
  failures.add(full, { requestId: 'last' });
  assert.deepEqual(lines.slice(11), [
    ['error', { requestId: 'later', reason: full.message, leftOut: 990 }],
    ['error', { requestId: 'last', reason: full.message }],
  ]);
});

test('a database that is away is a warning with its reason once in a minute, and no stack', () => {
  const { lines, clock, failures } = logged();
  const away = new Unavailable('The database cannot be asked: it is gone');
  failures.add(away);
  failures.add(new Refused({ kind: 'recordUnavailable' }, { cause: away }));
  failures.add(new Error('work is tried later', { cause: away }));
  clock.ms = 59_999;
  failures.add(away);
  assert.deepEqual(lines, [['warn', { reason: away.message }]]);
  clock.ms = 60_000;
  failures.add(new Refused({ kind: 'recordUnavailable' }, { cause: away }), { work: 'purge' });
  assert.deepEqual(lines.slice(1), [
    ['warn', { work: 'purge', reason: `recordUnavailable: ${away.message}`, leftOut: 3 }],
  ]);
});

test('near misses: a bug behind a database that is away, and an error of no known kind, are logged in full', () => {
  const { lines, failures } = logged();
  const bug = new Unavailable('it is gone', { cause: new TypeError('a bug') });
  const unknown = new Error('it broke');
  for (const error of [bug, unknown]) failures.add(error);
  assert.deepEqual(lines, [
    ['error', { err: bug }],
    ['error', { err: unknown }],
  ]);
});
