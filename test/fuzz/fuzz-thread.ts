/**
 * The thread of a fuzzer, so that a read that never ends can be ended and memory is limited. It publishes each input to
 * the other thread before it reads it.
 */
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { mutated } from './mutate.ts';
import { randomOf } from './random.ts';
import type { FuzzTarget, Sampled } from './target.ts';
import { publish } from './watched-input.ts';
import type { FuzzPlan, FuzzResult } from './watched-input.ts';

/** Far more than any of them takes on a slow machine, and far less than would go unnoticed. */
const usuallyMostMs = 1_000;

interface Attempt {
  /** Why the reader is at fault, if it is. */
  readonly why?: string;
  /** Its processor time. */
  readonly ms: number;
}

async function attempt(read: Sampled['read'], input: Uint8Array, mostMs: number): Promise<Attempt> {
  const before = process.threadCpuUsage();
  let why: string | undefined;
  try {
    await read(input);
  } catch (error) {
    why = inspect(error);
  }
  const { user, system } = process.threadCpuUsage(before);
  const ms = (user + system) / 1000;
  if (why === undefined && ms > mostMs) why = `it took ${ms.toFixed(0)} ms of processor time, more than ${mostMs}`;
  return { ms, ...(why !== undefined && { why }) };
}

const {
  names,
  seed,
  runs,
  minutes,
  input: given,
  module,
  memory,
} = workerData as FuzzPlan & {
  readonly memory: SharedArrayBuffer;
};
const { targets } = (await import(module ?? new URL('targets.ts', import.meta.url).href)) as {
  readonly targets: Readonly<Record<string, FuzzTarget>>;
};
let published = 0;

async function fuzz(name: string): Promise<FuzzResult> {
  const target = targets[name];
  if (target === undefined) throw new Error(`there is no fuzzer ${name}`);
  const { inputs, read, close } = await target.samples();
  // Valid inputs first: a fuzzer that starts from refused inputs finds nothing.
  const first = given === undefined ? inputs : [given];
  const last = given === undefined ? inputs.length + (runs ?? Infinity) : 1;
  const until = performance.now() + (minutes ?? Infinity) * 60_000;
  let [count, slowestMs] = [0, 0];
  try {
    while (count < last && performance.now() < until) {
      const input = first[count] ?? mutated(target, inputs, randomOf(seed, count));
      published += 1;
      publish(memory, input, published);
      const { why, ms } = await attempt(read, input, target.mostMs ?? usuallyMostMs);
      count += 1;
      slowestMs = Math.max(slowestMs, ms);
      if (why !== undefined) return { name, count, slowestMs, failure: { why, input } };
      // Messages, and answers of other processes, need a turn of the event loop now and then.
      if (count % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { name, count, slowestMs };
  } finally {
    await close?.();
  }
}

const results: FuzzResult[] = [];
for (const name of names) results.push(await fuzz(name));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
parentPort?.postMessage(results);
