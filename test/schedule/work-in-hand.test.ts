import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Leases } from '../../src/schedule/leases.ts';
import type { DueOutcome } from '../../src/schedule/handler.ts';
import { WorkInHand } from '../../src/schedule/work-in-hand.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict } from '../../src/store/store.ts';
import { keysUnder, schedule, startNode } from './node.ts';

const start = Date.UTC(2026, 10, 27);
const leaseMs = 30_000;

async function twoProcesses() {
  const store = memoryStore();
  const clock = { now: start };
  const [own, other] = [0, 1].map(() => new Leases({ store, now: () => clock.now, alone: false }));
  assert.ok(own !== undefined && other !== undefined);
  const hand = new WorkInHand(own, { alone: false });
  await schedule(store, 'purgeObject', [start, 'one']);
  const [work] = await own.take(1);
  assert.ok(work !== undefined);
  hand.add(work);
  const taken = async () => {
    await other.takeOver();
    return other.take(1);
  };
  return { store, clock, own, hand, work, taken };
}

suite('work in hand', () => {
  test('is not taken over while it is renewed, and once it is not', async () => {
    const { clock, hand, taken } = await twoProcesses();
    clock.now += leaseMs - 1;
    await hand.renew();
    clock.now += leaseMs - 1;
    assert.deepEqual(await taken(), []);
    clock.now += 1;
    assert.equal((await taken()).length, 1);
  });

  test('ends with the lease as it was renewed, and is not renewed meanwhile', async () => {
    const { own, hand, work } = await twoProcesses();
    const renewing = hand.renew();
    const ending = await hand.ending(work);
    await renewing;
    assert.notEqual(ending.version, work.version);
    await hand.renew();
    await own.putOff(ending, start);
    await assert.rejects(() => own.putOff(work, start), Conflict);
  });

  test('that another process took over is let go of', async () => {
    const { clock, hand, work, taken } = await twoProcesses();
    clock.now += leaseMs;
    const [theirs] = await taken();
    await hand.renew();
    assert.deepEqual(await hand.ending(work), work);
    await hand.close();
    assert.notEqual(theirs?.key, work.key);
    assert.deepEqual(await taken(), []);
  });

  test('is given back at once when the process ends, and its attempt is not counted', async () => {
    const { hand, work, taken } = await twoProcesses();
    await hand.close();
    const [theirs] = await taken();
    assert.equal(theirs?.attempts, work.attempts);
  });
});

test('a scheduler that closes gives the others what it had not begun', async (t) => {
  const store = memoryStore();
  const clock = { now: start };
  const begun = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<DueOutcome>();
  const leaving = await startNode(t, {
    store,
    clock,
    handlers: {
      purgeObject() {
        begun.resolve();
        return promise;
      },
    },
  });
  const done: string[] = [];
  const staying = await startNode(t, {
    store,
    clock,
    handlers: {
      async purgeObject({ name = '' }) {
        done.push(name);
        return {};
      },
    },
  });
  await schedule(store, 'purgeObject', [start, 'first'], [start, 'second']);
  void leaving.scheduler.runDue();
  await begun.promise;
  const closed = leaving.scheduler.close();
  resolve({});
  await closed;
  await staying.scheduler.runDue();
  assert.deepEqual(done, ['second']);
  assert.deepEqual(await keysUnder(store, ''), []);
});
