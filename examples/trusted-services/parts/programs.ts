import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { delimiter } from 'node:path';
import { startChild } from './child.ts';

/** The machine lacks a program that the lesson needs. */
export class ProgramMissing extends Error {}

/** An ordinary user's PATH lacks what Debian has for administrators, and its PostgreSQL. */
process.env['PATH'] = [process.env['PATH'], '/usr/sbin', ...globSync('/usr/lib/postgresql/*/bin')].join(delimiter);

/** @throws {ProgramMissing} unless all programs are there. `programs` are their names, with the Debian packages that have them. */
export function needs(programs: Readonly<Record<string, string>>): void {
  const missing = Object.entries(programs).filter(
    ([name]) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new ProgramMissing(
    `This lesson needs ${missing.map(([name]) => name).join(', ')}: apt-get install ${packages}`,
  );
}

/** Runs a program, and returns its output. @throws {Error} with its errors, when it fails */
export function run(program: string, args: readonly string[], input?: string | Buffer): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  return stdout;
}

/** Runs a program while this one goes on, because it answers the program's requests. Returns how that ended. */
export async function runBeside(
  program: string,
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly said: string }> {
  const child = startChild(program, args);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  await once(child, 'close');
  return { status: child.exitCode, said };
}
