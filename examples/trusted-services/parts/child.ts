import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The kernel tells a program when the one that started it has ended, whatever ended it (prctl(2), PR_SET_PDEATHSIG). */
const bound = spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0;

/**
 * Starts a program that goes on beside this one, and that ends with it, also where this one is killed. `identity` are options
 * of setpriv(1), for a program that does not run as root.
 */
export function startChild(program: string, args: readonly string[], identity: readonly string[] = []): Child {
  const options = [...identity, ...(bound ? ['--pdeathsig', 'TERM'] : [])];
  const [first, ...rest] = options.length === 0 ? [program, ...args] : ['setpriv', ...options, program, ...args];
  return spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Ends the program, and waits until it has ended. */
export async function endChild(child: Child, signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
