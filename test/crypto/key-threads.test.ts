import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import threads from 'node:worker_threads';
import { KeyThreads } from '../../src/crypto/key-threads.ts';
import type { KeyTask } from '../../src/crypto/key-threads.ts';

const task: KeyTask = { kind: 'generate', spec: { family: 'EC', curve: 'P-256' } };

test('if no more threads can be started, the others do the work; without any it is refused', async (t) => {
  const { Worker } = threads;
  const set = (replaced: unknown) => {
    Object.assign(threads, { Worker: replaced });
    syncBuiltinESMExports();
  };
  const refusing = function refusing() {
    throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
  };
  t.after(() => set(Worker));
  const own = new KeyThreads({ count: 2, depth: 1, niceness: 0 });
  set(refusing);
  for (let attempt = 0; attempt < 3; attempt += 1) await assert.rejects(own.run(task), /EAGAIN/);
  set(Worker);
  const first = own.run(task);
  set(refusing);
  const made = await Promise.all([first, own.run(task), own.run(task)]);
  assert.equal(made.length, 3);
  assert.deepEqual(
    made.map((key) => 'kty' in key && key.kty),
    ['EC', 'EC', 'EC'],
  );
  await own.close();
});
