import { existsSync, readFileSync } from 'node:fs';
import { executableIn } from './executable.ts';

export interface Launcher {
  /** The command that runs the rest of its command line in its own process; empty if none is needed or available. */
  readonly command: readonly string[];
  /** A sentence for the operator. */
  readonly notice?: string;
}

/**
 * How to start a worker that cannot gain rights from a set-uid program (PR_SET_NO_NEW_PRIVS, prctl(2)). Node has no
 * `prctl`, so util-linux's `setpriv` sets it and then becomes the worker.
 */
export function withoutNewPrivileges(searchPath: string, platform: NodeJS.Platform = process.platform): Launcher {
  // Other systems have no such flag, and a container may have set it for all its processes.
  if (platform !== 'linux' || isSet()) return { command: [] };
  const program = executableIn(searchPath, 'setpriv');
  if (program !== undefined) return { command: [program, '--no-new-privs'] };
  const notice =
    'setpriv was not found on PATH, so the worker runs without no_new_privs: a set-uid program could give it more privileges. ' +
    'Install util-linux.';
  return { command: [], notice };
}

function isSet(): boolean {
  const status = '/proc/self/status';
  return existsSync(status) && /^NoNewPrivs:\s1$/m.test(readFileSync(status, 'utf8'));
}
