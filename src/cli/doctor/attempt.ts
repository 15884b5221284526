import { execFile } from 'node:child_process';
import type { Attempt } from './observed.ts';

const timeoutMs = 10_000;
/** Where a user's PATH may not lead. */
const administratorsPath = '/usr/local/sbin:/usr/sbin:/sbin';

/** Runs a command that changes nothing outside of itself. */
export function attempt([program = '', ...parameters]: readonly string[]): Promise<Attempt> {
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:${administratorsPath}` };
  return new Promise((resolve) => {
    execFile(program, parameters, { env, timeout: timeoutMs }, (error, stdout, stderr) => {
      const worked = error === null;
      const isInstalled = !(error !== null && error.code === 'ENOENT');
      const printed = [stderr, stdout, error?.message ?? ''].find((text) => text.trim() !== '') ?? '';
      resolve({ worked, isInstalled, reason: printed.trim().split('\n')[0] ?? '' });
    });
  });
}
