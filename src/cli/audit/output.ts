import { once } from 'node:events';
import { CommandFailed } from '../failed.ts';

/** The end of a pipe whose reader had enough, as `head` has. It is not an error. */
const readerGone = 'EPIPE';

/** Prints lines to standard output, as fast as its reader takes them. */
export class Output {
  readonly #ended = new AbortController();
  #fault: Error | undefined;

  constructor() {
    process.stdout.on('error', (error) => {
      if (!('code' in error && error.code === readerGone)) this.#fault = error;
      this.#ended.abort();
    });
  }

  /**
   * @returns false once the reader has ended
   * @throws {CommandFailed} when the lines cannot be written
   */
  async print(lines: readonly string[]): Promise<boolean> {
    const { signal } = this.#ended;
    if (lines.length > 0 && !signal.aborted && !process.stdout.write(`${lines.join('\n')}\n`)) {
      // The signal and the fault say why the wait ended.
      await once(process.stdout, 'drain', { signal }).catch(() => {});
    }
    if (this.#fault !== undefined) throw new CommandFailed(`The output cannot be written: ${this.#fault.message}`);
    return !signal.aborted;
  }
}
