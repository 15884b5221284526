import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptVariable } from '../../tools/kept.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';

const programs = join(import.meta.dirname, 'warm');

export interface WarmAz extends Disposable {
  /** The variables with which a process runs `az` so; none where this machine's is not Debian's. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the commands will be typed: words before a command that run it there, and what Python finds there besides. */
export interface Place {
  readonly within?: readonly string[];
  readonly pythonPath?: string | undefined;
}

/**
 * Lets `az` begin with its libraries loaded, as `warm/serve.py` says: a tenth of a second of processor time instead of
 * half a second to a second. Typed in another place, as in a network of its own, it is the ordinary one.
 */
export async function warmAz({ within = [], pythonPath }: Place = {}): Promise<WarmAz> {
  if (!existsSync('/usr/bin/az')) return { environment: {}, [Symbol.dispose]: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'postern-warm-'));
  // The reader of a page is another user.
  chmodSync(folder, 0o1777);
  // The index depends on what Python finds besides.
  const index = join(process.env[keptVariable] ?? folder, `az-index${pythonPath === undefined ? '' : '-mended'}.json`);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const [program, ...parameters] = [...within, '/usr/bin/python3', join(programs, 'serve.py'), folder, index];
  const { PYTHONPATH: _, ...rest } = process.env;
  const env = { ...rest, PYTHONWARNINGS: 'ignore', ...(pythonPath !== undefined && { PYTHONPATH: pythonPath }) };
  const server = spawn(program, parameters, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const guard = whenEndedBySignal(remove);
  await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
  return {
    environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}`, WARM_AZ: folder },
    [Symbol.dispose]() {
      server.stdin.end();
      guard[Symbol.dispose]();
      remove();
    },
  };
}
