import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
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
  /** Where a folder for it is made that they see: a workload has a /tmp of its own. */
  readonly seen?: string;
}

/**
 * Lets `az` begin with its libraries loaded, as `warm/serve.py` says: a tenth of a second of processor time instead of
 * half a second to a second. Typed in another place, as in a network of its own, it is the ordinary one, but in a workload.
 */
export async function warmAz({ within = [], pythonPath, seen = tmpdir() }: Place = {}): Promise<WarmAz> {
  if (!existsSync('/usr/bin/az')) return { environment: {}, [Symbol.dispose]: () => {} };
  const folder = mkdtempSync(join(seen, 'postern-warm-'));
  // The reader of a page is another user.
  chmodSync(folder, 0o1777);
  // The index depends on what Python finds besides.
  const indexName = `az-index${pythonPath === undefined ? '' : '-mended'}.json`;
  const kept = process.env[keptVariable];
  const index = join(kept ?? folder, indexName);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const [program, ...parameters] = [...within, '/usr/bin/python3', join(programs, 'serve.py'), folder, index];
  const { PYTHONPATH: _, ...rest } = process.env;
  const env = { ...rest, PYTHONWARNINGS: 'ignore', ...(pythonPath !== undefined && { PYTHONPATH: pythonPath }) };
  if (kept !== undefined && seen !== tmpdir()) copyKept(indexName, { kept, folder });
  const server = spawn(program, parameters, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const guard = whenEndedBySignal(remove);
  await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
  return {
    environment: {
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      WARM_AZ: folder,
      WARM_AZ_INDEX: join(folder, indexName),
      WARM_AZ_PROCESSES: readlinkSync('/proc/self/ns/pid'),
    },
    [Symbol.dispose]() {
      server.stdin.end();
      guard[Symbol.dispose]();
      remove();
    },
  };
}

/** The index, and the lists of modules beside it, for a workload that does not see the folder where they are kept. */
function copyKept(indexName: string, { kept, folder }: { readonly kept: string; readonly folder: string }): void {
  const names = readdirSync(kept).filter((name) => name.startsWith(indexName));
  for (const name of names) copyFileSync(join(kept, name), join(folder, name));
}
