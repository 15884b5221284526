import { closeSync, openSync } from 'node:fs';

/** Whether this process has a terminal that controls it. One that was closed is none any more (tty(4): ENXIO). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
