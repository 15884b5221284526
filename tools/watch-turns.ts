/**
 * Loaded before a process's program (`--import`): measures how long its event loop goes without a turn, and reports
 * each long turn to the folder of `TURNS_FOLDER`. The processor time of the main thread counts, so that a process that
 * waits on a busy machine does not look busy. V8's sampling profiler attributes the work; a timer marks the turns,
 * because whatever delays a timer delays all requests. The watch begins with the second turn: in the first one a process
 * loads its modules and cannot have a client yet, and the profiler would make that a third slower.
 */
import { openSync, writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { setInterval, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { attribute, folderVariable } from './turns.ts';
import type { Turn } from './turns.ts';

/** Half of the bound, so that turns close to it are reported too. */
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
  // The first timer of the process, so that it comes before all that the program's modules leave for later.
  setTimeout(() => watchFrom(file, program, root), 0).unref();
}

function watchFrom(file: number, program: string, root: string): void {
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
    // The cost of this look does not belong to any turn.
    [usage, fromUs] = [process.threadCpuUsage(), nowUs()];
  };
  setInterval(look, timerMs).unref();
  process.on('exit', look);
  stopBeforeExecve(session);
}

/**
 * The profiler samples by sending SIGPROF to the main thread. A sample that is pending while the process puts another
 * program in its place would end that program, which has no handler for it (execve(2), signal(7)).
 */
function stopBeforeExecve(session: Session): void {
  if (process.execve === undefined) return;
  const execve = process.execve.bind(process);
  process.execve = (file, words, environment) => {
    session.post('Profiler.stop');
    return execve(file, words, environment);
  };
}

/** A process that changed to another user may not write there: it continues unwatched, and is not counted. */
function openReport(reports: string): number | undefined {
  try {
    return openSync(join(reports, `${process.pid}.jsonl`), 'a');
  } catch {
    return undefined;
  }
}

/** The profiler's clock. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
