import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const standardError = 2;

/**
 * Another descriptor of the server's terminal: writes to it never wait. A terminal may be held (Ctrl-S), and whoever a
 * firewall refuses makes the server write to it; a write that waits would stop the server. Standard error itself cannot
 * be it, because Node lets those of its children wait. Opened at the start: a process that gave up root may not.
 */
function openTerminal(): number | undefined {
  if (!isatty(standardError)) return undefined;
  try {
    return openSync(`/proc/self/fd/${standardError}`, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    // The terminal belongs to another user, as after su.
    return undefined;
  }
}

const terminal = openTerminal();

/** Writes to the server's terminal; what it does not take at once is lost. `undefined` without such a terminal. */
export const writeToTerminal =
  terminal === undefined
    ? undefined
    : (text: string): void => {
        try {
          writeSync(terminal, text);
        } catch {
          // Held, or gone.
        }
      };
