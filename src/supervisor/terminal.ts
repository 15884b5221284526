import { closeSync, constants, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Whether this process has a controlling terminal. A terminal that was closed does not count (tty(4): ENXIO). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

const standardError = 2;

/**
 * The descriptor for the worker's log. Every descriptor of a terminal is open for reading and writing, so a worker that
 * inherited one could read what is typed there, even after the server has ended. It gets its own, open for writing only.
 */
export function logOutput(): number | 'inherit' {
  if (!isatty(standardError)) return 'inherit';
  try {
    return openSync(`/proc/self/fd/${standardError}`, constants.O_WRONLY | constants.O_NOCTTY);
  } catch {
    // The terminal belongs to another user, as after su. Then this process is not root, and has nothing to hide from its worker.
    return 'inherit';
  }
}
