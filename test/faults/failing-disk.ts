import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../world/process.ts';

/** A disk that returns `EIO` on command, for the processes that are started with its command. */
export interface FailingDisk extends Disposable {
  /** The command that starts another command on this disk. */
  readonly command: readonly string[];
  /** Begins to fail. A line has a function (`sync`, `write`, `read`) and a part of the file's path. */
  readonly fail: (lines: readonly string[]) => void;
  readonly heal: () => void;
}

/**
 * A shim between Node and the C library (`eio.c`), compiled here, because a disk that fails on command takes more than
 * root. Returns the reason if it cannot be compiled.
 */
export function failingDisk(): FailingDisk | string {
  const tools = dataFolder();
  chmodSync(tools.path, 0o755);
  const library = join(tools.path, 'eio.so');
  const faultFile = join(tools.path, 'faults');
  try {
    const source = join(import.meta.dirname, 'eio.c');
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source], { stdio: 'pipe' });
  } catch (error) {
    tools[Symbol.dispose]();
    return `EIO needs a C compiler: ${String(error).split('\n')[0]}`;
  }
  return {
    command: ['env', `LD_PRELOAD=${library}`, `FAULT_FILE=${faultFile}`],
    fail: (lines) => writeFileSync(faultFile, `${lines.join('\n')}\n`, { mode: 0o644 }),
    heal: () => rmSync(faultFile),
    [Symbol.dispose]: () => tools[Symbol.dispose](),
  };
}
