import { spawn } from 'node:child_process';
import type { Report } from '../../fabric/fabric.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

interface ReportedLine {
  readonly line: string;
  /** The networks are there. */
  readonly ready?: true;
}

type PrintLine = (reported: ReportedLine) => void;

/** Prints lines as they are, or as JSON. */
export function lineTo(output: NodeJS.WritableStream, asJson: boolean): PrintLine {
  return (reported) => void output.write(`${asJson ? JSON.stringify(reported) : reported.line}\n`);
}

/**
 * Runs a command of `postern` in the background. What it reports is printed until it is ready; then it goes on without
 * this process.
 * @returns the line that says that it is ready
 * @throws {CommandFailed} when it fails before it is ready
 */
export async function inBackground(command: readonly string[], print: PrintLine): Promise<string> {
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [program, ...command], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  const ready = await new Promise<string>((resolve, reject) => {
    child.on('message', (message) => {
      const said = membersOf(message);
      const [line, failed] = [said.get('line'), said.get('failed')];
      if (typeof line === 'string' && said.get('ready') === true) resolve(line);
      else if (typeof line === 'string') print({ line });
      else if (typeof failed === 'string') reject(new CommandFailed(failed, hintIn(said)));
    });
    child.once('error', (error) => reject(new CommandFailed(`It cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      reject(new CommandFailed(`It ended before the networks were there: ${signal ?? `exit status ${code}`}.`));
    });
  });
  child.disconnect();
  child.unref();
  return ready;
}

function hintIn(said: ReadonlyMap<string, unknown>): string | undefined {
  const hint = said.get('hint');
  return typeof hint === 'string' ? hint : undefined;
}

/** Reports to the process that started this one in the background, or else prints it. */
export function reportTo(print: PrintLine): Report & { readonly failed: (error: unknown) => void } {
  const send = (message: object, line?: ReportedLine): void => {
    // Nothing listens any more once the other process has seen that this one is ready.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    else if (line !== undefined && process.channel === undefined) print(line);
  };
  return {
    line: (line) => send({ line }, { line }),
    ready: (line) => send({ line, ready: true }, { line, ready: true }),
    failed: (error) => {
      if (error instanceof CommandFailed) send({ failed: error.message, hint: error.hint });
    },
  };
}
