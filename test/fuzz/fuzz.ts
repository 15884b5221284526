import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { inputMemory, published } from './watched-input.ts';
import type { FuzzPlan, FuzzResult } from './watched-input.ts';

const memoryMb = 512;

/** Runs fuzzers in a thread of their own. One that finds something ends; after one that never ends, no other is run. */
export async function fuzz(
  plan: FuzzPlan,
  onProgress: (count: number) => void = () => {},
): Promise<readonly FuzzResult[]> {
  const memory = inputMemory();
  const { hangMs = 60_000 } = plan;
  const thread = new Worker(new URL('fuzz-thread.ts', import.meta.url), {
    workerData: { ...plan, memory },
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  const ended = Promise.withResolvers<readonly FuzzResult[]>();
  const fail = (why: string) => {
    const { count, input } = published(memory);
    ended.resolve([{ name: plan.names.join(), count, slowestMs: 0, failure: { why, input } }]);
  };
  thread.on('message', ended.resolve);
  thread.on('error', (error) => fail(`the thread ended: ${String(error)}`));
  thread.on('exit', () => fail('the thread ended without a word'));
  let [seen, sinceMs] = [0, performance.now()];
  const timer = setInterval(() => {
    const { count } = published(memory);
    if (count !== seen) [seen, sinceMs] = [count, performance.now()];
    onProgress(count);
    if (seen > 0 && performance.now() - sinceMs > hangMs) fail(`there was no end to it within ${hangMs / 1000} s`);
  }, 1_000);
  try {
    return await ended.promise;
  } finally {
    clearInterval(timer);
    await thread.terminate();
  }
}

/** Saves an input that was found, and says how to run it again. */
export function keep({ name, failure }: FuzzResult): string {
  if (failure === undefined) return '';
  const { why, input } = failure;
  const file = join(tmpdir(), `postern-fuzz-${name}-${hash('sha256', input).slice(0, 12)}`);
  writeFileSync(file, input);
  return `${name}: ${why}\n\nThe input is in ${file}; run it again: npm run fuzz -- ${name} --input ${file}`;
}
