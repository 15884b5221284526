import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readPlain, replaceFile } from './durable-file.ts';
import type { SinkName } from './messages.ts';

/** The folder of the sinks' states, in that of the log. */
function statesFolder(directory: string): string {
  return join(directory, 'sinks');
}

/** `sink`: `storage/NAME` or `otlp/NAME`. */
export function stateFile(directory: string, sink: SinkName): string {
  return join(statesFolder(directory), `${sink.replace('/', '-')}.json`);
}

const startFile = 'start';

/**
 * Writes down when this process started, and returns when the one before it did (milliseconds since 1970): a sink that has
 * no state yet was named by a setting after that.
 */
export function noteStart(directory: string, nowMs: number): number {
  const path = join(statesFolder(directory), startFile);
  const before = readStart(path);
  replaceFile(path, `${nowMs}\n`);
  return before ?? nowMs;
}

function readStart(path: string): number | undefined {
  try {
    const text = readPlain(path).trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the states of sinks that nothing names any more. A folder there is not ours. */
export function dropStates(directory: string, named: ReadonlySet<SinkName>): void {
  const folder = statesFolder(directory);
  const kept = new Set([...named].map((sink) => stateFile(directory, sink)));
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory() && entry.name !== startFile && !kept.has(path)) rmSync(path, { force: true });
  }
}
