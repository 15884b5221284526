import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuditUnavailable } from '../../src/audit/log.ts';
import { longRunningKey } from '../../src/control-plane/keys.ts';
import { LongRunning } from '../../src/control-plane/long-running/long-running.ts';
import type { OperationRecord, WorkEnd } from '../../src/control-plane/long-running/operation.ts';
import { TryLater } from '../../src/schedule/due.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, decode, encode, Unavailable } from '../../src/store/store.ts';

const [subscriptionId, operationId] = ['subscription', 'operation'];
const running = { id: operationId, kind: 'purgeVault', status: 'Running', behalf: { correlationId: 'c' }, subject: {} };

/** Attempt `attempt` of an operation whose work fails for this reason; the errors that are logged. */
async function attempted(failure: Error, attempt: number) {
  const store = memoryStore();
  const key = longRunningKey(subscriptionId, operationId);
  await store.transact({ put: [{ key, value: encode(running) }] });
  const logged: unknown[] = [];
  const run = (): Promise<WorkEnd> => Promise.reject(failure);
  const operations = new LongRunning({
    store,
    schedule: { claim: () => assert.fail(), carryOut: () => assert.fail() },
    works: { deployment: { run }, deleteResourceGroup: { run }, purgeVault: { run }, done: { run } },
    now: () => 0,
    committed: () => Promise.resolve(),
    logError: (error) => void logged.push(error),
  });
  const outcome = operations.carryOut({ subscriptionId, operationId }, 0, attempt);
  return { outcome, logged };
}

describe('an operation whose work fails', () => {
  const passing = [
    new Unavailable('the database is away'),
    new TryLater('the disk is full'),
    new AuditUnavailable('the log cannot be written'),
    new Conflict('a key'),
  ];
  for (const failure of passing) {
    it(`is tried again however often, for a reason that passes: ${failure.name}`, async () => {
      const { outcome, logged } = await attempted(failure, 1_000);
      await assert.rejects(outcome, failure);
      assert.deepEqual(logged, []);
    });
  }

  it('is tried six times for any other reason, and has failed then', async () => {
    const failure = new Error('a fault of ours');
    await assert.rejects((await attempted(failure, 5)).outcome, failure);
    const { outcome, logged } = await attempted(failure, 6);
    const [put] = (await outcome).change?.put ?? [];
    assert.ok(put !== undefined);
    const { status, error } = decode<OperationRecord>({ ...put, version: '' });
    assert.deepEqual([status, error?.code], ['Failed', 'InternalServerError']);
    assert.deepEqual(logged, [failure]);
  });
});
