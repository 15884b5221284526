import { closeSync, constants, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Whether this process has a terminal that controls it. One that was closed is none any more (tty(4): ENXIO). */
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
 * Where the worker writes its log. A terminal is open for reading and writing under each of its descriptors, and whoever
 * has one reads what is typed there, also after the server: so the worker gets one of its own, for writing alone.
 */
export function logOutput(): number | 'inherit' {
  if (!isatty(standardError)) return 'inherit';
  try {
    return openSync(`/proc/self/fd/${standardError}`, constants.O_WRONLY | constants.O_NOCTTY);
  } catch {
    // A terminal of another user's, as after su: then this process is no root, and keeps nothing from its worker.
    return 'inherit';
  }
}
