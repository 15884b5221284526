import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeQueues } from '../../edge/change-queues.ts';

/** Runs one evaluation of a template in its turn. */
export type Evaluate = <T>(step: () => T) => Promise<T>;

/** A shorter evaluation blocks the thread no longer than any other request, so no pause follows it. */
const shortMs = 5;

/**
 * Runs the evaluations of all templates one at a time. After one that blocked the thread, the next waits for as long as
 * that one took, so that all deployments together use at most half of the thread's time.
 */
export function openEvaluations(clock: () => number): Evaluate {
  const turns = new ChangeQueues();
  return (step) =>
    turns.take('', async () => {
      const startedAt = clock();
      const value = step();
      const tookMs = clock() - startedAt;
      if (tookMs > shortMs) await sleep(tookMs);
      return value;
    });
}
