import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

export interface Launcher {
  /** The command that runs what follows it as its only parameters, with its own process; empty if there is none. */
  readonly command: readonly string[];
  /** What the operator should know, in a sentence. */
  readonly notice?: string;
}

/**
 * How a worker is started that no set-uid program can give more rights (PR_SET_NO_NEW_PRIVS, prctl(2)). Node has no
 * `prctl`, so that util-linux's `setpriv` sets it and becomes the worker.
 */
export function withoutNewPrivileges(searchPath: string, platform: NodeJS.Platform = process.platform): Launcher {
  // Elsewhere there is no such thing; here a container may have set it for all of us.
  if (platform !== 'linux' || isSet()) return { command: [] };
  const program = searchPath
    .split(':')
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, 'setpriv'))
    .find(isExecutable);
  if (program !== undefined) return { command: [program, '--no-new-privs'] };
  const notice =
    'There is no setpriv on PATH, so the worker runs without no_new_privs: a set-uid program could give it more privileges. ' +
    'Install util-linux.';
  return { command: [], notice };
}

function isSet(): boolean {
  const status = '/proc/self/status';
  return existsSync(status) && /^NoNewPrivs:\s1$/m.test(readFileSync(status, 'utf8'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
