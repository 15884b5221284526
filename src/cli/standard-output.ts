import { fstatSync, writeSync } from 'node:fs';
import { CommandFailed } from './failed.ts';

const standardOutput = 1;

/** The end of a pipe whose reader had enough, as `head` has. It is not an error. */
const readerGone = 'EPIPE';

/**
 * Writes to standard output, and waits until it is written.
 * @returns the exit status of a command that did no more
 * @throws {CommandFailed} when it cannot be written
 */
export async function printed(words: string): Promise<0> {
  const fault = await faultOfWriting(Buffer.from(words));
  if (fault === undefined || ('code' in fault && fault.code === readerGone)) return 0;
  throw new CommandFailed(`The output cannot be written: ${fault.message}`);
}

/** Writes all of the bytes to standard output, and returns why it could not. */
export async function faultOfWriting(bytes: Uint8Array): Promise<Error | undefined> {
  if (fstatSync(standardOutput).isFile()) return faultOfFile(bytes);
  const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
  process.stdout.write(bytes, resolve);
  return (await promise) ?? undefined;
}

/** On a disk that is nearly full, a write takes a part (write(2)), and the stream of a file does not look how much. */
function faultOfFile(bytes: Uint8Array): Error | undefined {
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(standardOutput, bytes, done);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
