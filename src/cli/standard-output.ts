import { CommandFailed } from './failed.ts';

/** The end of a pipe whose reader had enough, as `head` has. It is not an error. */
const readerGone = 'EPIPE';

/**
 * Writes to standard output, and waits until it is written.
 * @returns the exit status of a command that did no more
 * @throws {CommandFailed} when it cannot be written
 */
export async function printed(words: string): Promise<0> {
  const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
  process.stdout.write(words, resolve);
  const fault = await promise;
  if (fault === null || fault === undefined || ('code' in fault && fault.code === readerGone)) return 0;
  throw new CommandFailed(`The output cannot be written: ${fault.message}`);
}
