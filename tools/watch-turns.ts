/**
 * Loaded before a process's program (`--import`): watches how long its event loop goes without a turn, and reports each
 * turn that took long into the folder of `TURNS_FOLDER`. What counts is the processor time of the main thread, so that a
 * process that waits for a busy machine is not taken for one that works. V8's sampling profiler, always on, says whose
 * work it was; a timer says when, since whatever keeps a timer from running keeps everybody's requests waiting.
 */
import { openSync, writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { attribute, folderVariable } from './turns.ts';
import type { Turn } from './turns.ts';

/** Half of the bound: what comes near it is reported as well. */
const reportedFromMs = 100;
const timerMs = 10;
const sampledEveryUs = 4_000;

const folder = process.env[folderVariable];
if (folder !== undefined && isMainThread) watch(folder);

function watch(reports: string): void {
  const file = openReport(reports);
  if (file === undefined) return;
  const root = new URL('../', import.meta.url).href;
  const program = fileURLToPath(new URL(process.argv[1] ?? '', root)).replace(fileURLToPath(root), '');
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: sampledEveryUs });
  session.post('Profiler.start');
  let [usage, fromUs] = [process.threadCpuUsage(), nowUs()];
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(usage);
    const ms = (user + system) / 1000;
    if (ms >= reportedFromMs) {
      session.post('Profiler.stop', (error, answer) => {
        if (error !== null) throw error;
        const turn: Turn = { program, ...attribute(answer.profile, { fromUs, ms }, root) };
        writeSync(file, `${JSON.stringify(turn)}\n`);
      });
      session.post('Profiler.start');
    }
    // What this look itself cost is nobody's turn.
    [usage, fromUs] = [process.threadCpuUsage(), nowUs()];
  };
  setInterval(look, timerMs).unref();
  process.on('exit', look);
}

/** A process that became another user may not write there: it goes on unwatched, and is not counted. */
function openReport(reports: string): number | undefined {
  try {
    return openSync(join(reports, `${process.pid}.jsonl`), 'a');
  } catch {
    return undefined;
  }
}

/** The clock of the profiler. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
