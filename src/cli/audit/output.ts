import { once } from 'node:events';

/** Prints lines, and waits while the reader of a pipe is slower. @returns false once the reader has ended */
export async function printLines(lines: readonly string[]): Promise<boolean> {
  const { stdout } = process;
  if (lines.length === 0 || stdout.destroyed) return !stdout.destroyed;
  if (!stdout.write(`${lines.join('\n')}\n`)) await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
  return !stdout.destroyed;
}

/** The end of a pipe whose reader had enough, as \`head\` has, is not an error. */
export function endQuietlyWithPipe(): void {
  process.stdout.on('error', (error) => {
    if (!('code' in error && error.code === 'EPIPE')) throw error;
  });
}
