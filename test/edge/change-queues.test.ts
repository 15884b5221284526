import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeQueues } from '../../src/edge/change-queues.ts';

test('changes under one key run one after the other, in the order in which they came; other keys do not wait', async () => {
  const turns = new ChangeQueues();
  const seen: string[] = [];
  const change = (name: string, ms: number) => async () => {
    seen.push(`${name} begins`);
    await sleep(ms);
    seen.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([
    turns.take('a', change('first', 20)),
    turns.take('a', change('second', 0)),
    turns.take('b', change('other', 0)),
  ]);
  assert.deepEqual(results, ['first', 'second', 'other']);
  assert.ok(seen.indexOf('first ends') < seen.indexOf('second begins'));
  assert.ok(seen.indexOf('other ends') < seen.indexOf('first ends'));
});

test('a change that fails rejects its own promise, and the next one runs', async () => {
  const turns = new ChangeQueues();
  const failing = turns.take('a', () => Promise.reject(new Error('no')));
  const next = turns.take('a', () => Promise.resolve('yes'));
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await next, 'yes');
});
