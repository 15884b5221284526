import { setTimeout as sleep } from 'node:timers/promises';
import { InOrder } from '../../edge/in-order.ts';

/** Runs one evaluation of a template when its turn has come. */
export type Evaluate = <T>(step: () => T) => Promise<T>;

/** A shorter evaluation holds the thread no longer than any other request does, so nobody gets a turn after it. */
const shortMs = 5;

/**
 * Evaluations of templates run one at a time, whoever deploys. One that held the thread for a while leaves it to others
 * for as long before the next one begins, so that all deployments together take half of it at most.
 */
export function openEvaluations(clock: () => number): Evaluate {
  const turns = new InOrder();
  return (step) =>
    turns.take('', async () => {
      const startedAt = clock();
      const value = step();
      const tookMs = clock() - startedAt;
      if (tookMs > shortMs) await sleep(tookMs);
      return value;
    });
}
