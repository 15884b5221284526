import { Fabric, type FabricOptions, type Report } from './fabric.ts';
import { FabricFailed, messageOf } from './failed.ts';
import { readKept, type Kept } from './kept.ts';
import { requirePrograms } from './machine.ts';
import { RunFolder } from './run-folder.ts';

/**
 * Builds the networks, follows the resource manager until it is told to stop, and removes them. What an earlier run left
 * when it was killed is taken over, with its workloads.
 * @throws {FabricFailed} when they cannot be built; nothing is left then but what was there before
 */
export async function runFabric(options: FabricOptions): Promise<void> {
  requirePrograms(options.environment);
  using folder = RunFolder.open(options.place);
  const kept = readKept(folder.readState());
  const report = logged(options, folder);
  const fabric = new Fabric({ ...options, report }, { folder, kept });
  const died = (error: unknown): void => folder.log(`${timeNow(options)} it ended: ${reasonOf(error)}`);
  // In the background there is nothing else that would tell why Node ended the process.
  process.on('uncaughtExceptionMonitor', died);
  try {
    await keepUp(fabric, { ...options, report }, kept);
  } catch (error) {
    died(error);
    throw error;
  } finally {
    process.off('uncaughtExceptionMonitor', died);
  }
}

async function keepUp(fabric: Fabric, { stop, report }: FabricOptions, kept: Kept | undefined): Promise<void> {
  try {
    await fabric.up();
  } catch (error) {
    if (kept?.responder === undefined || stop.aborted) {
      await fabric.remove().catch((reason: unknown) => report.line(`problem: ${messageOf(reason)}`));
    } else {
      await fabric.leave();
      report.line('What an earlier "postern net up" built stays: "postern net down" removes it.');
    }
    if (stop.aborted) return;
    throw error;
  }
  const ended = await fabric.untilStopped();
  await fabric.remove();
  if (ended !== undefined) throw ended;
}

function timeNow({ now }: Pick<FabricOptions, 'now'>): string {
  return new Date(now()).toISOString();
}

/** An expected failure is a sentence; any other is told with its place in the program. */
function reasonOf(error: unknown): string {
  return error instanceof Error && !(error instanceof FabricFailed) ? (error.stack ?? error.message) : messageOf(error);
}

/** Reports to the log of the fabric too: in the background nothing else keeps what was done. */
function logged({ report, ...options }: FabricOptions, folder: RunFolder): Report {
  const log = (line: string): void => folder.log(`${timeNow(options)} ${line}`);
  return {
    line: (line) => {
      log(line);
      report.line(line);
    },
    ready: (line) => {
      log(line);
      report.ready(line);
    },
  };
}
