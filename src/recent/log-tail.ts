import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { asideNumbers, logFile } from '../audit/rotation.ts';

const chunkBytes = 1 << 18;
/** The most that is read at a start: some 60,000 records. */
const readMost = 1 << 26;
const newline = 0x0a;

interface OpenFile {
  readonly descriptor: number;
  readonly bytes: number;
}

const readFrom = promisify(read);

/** The end of the log as it was when it was opened: what is written later does not belong to it. */
export class LogTail {
  #files: readonly OpenFile[];
  #isReading = false;
  #isClosed = false;

  private constructor(files: readonly OpenFile[]) {
    this.#files = files;
  }

  static open(directory: string): LogTail {
    const files: OpenFile[] = [];
    let bytes = 0;
    for (const number of [0, ...asideNumbers(directory)]) {
      const file = openFile(logFile(directory, number));
      if (file === undefined) continue;
      files.push(file);
      bytes += file.bytes;
      if (bytes > readMost) break;
    }
    return new LogTail(files);
  }

  /** Whole lines, each with its line break, in pieces: the last piece first. It ends early if the tail is closed. */
  async *backward(): AsyncGenerator<Buffer> {
    this.#isReading = true;
    try {
      yield* this.#pieces();
    } finally {
      this.#isReading = false;
      this.close();
    }
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    let left = readMost;
    for (const { descriptor, bytes } of this.#files) {
      let rest: Buffer = Buffer.alloc(0);
      for (let end = bytes; end > 0 && left > 0;) {
        const start = Math.max(0, end - chunkBytes);
        const piece = Buffer.allocUnsafeSlow(end - start);
        if (this.#isClosed) return;
        const { bytesRead } = await readFrom(descriptor, piece, 0, piece.length, start);
        if (bytesRead < piece.length) return;
        const joined = rest.length === 0 ? piece : Buffer.concat([piece, rest]);
        const first = start === 0 ? 0 : joined.indexOf(newline) + 1;
        // A line that is longer than the piece is joined with the pieces before it.
        rest = joined.subarray(0, first);
        if (first < joined.length && (first > 0 || start === 0)) yield joined.subarray(first);
        else if (first === 0) rest = joined;
        left -= end - start;
        end = start;
      }
    }
  }

  /** Ends the reading. The files are closed when no read is under way. */
  close(): void {
    this.#isClosed = true;
    if (this.#isReading) return;
    for (const { descriptor } of this.#files) closeSync(descriptor);
    this.#files = [];
  }
}

function openFile(path: string): OpenFile | undefined {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (found.isFile()) return { descriptor, bytes: found.size };
    closeSync(descriptor);
    return undefined;
  } catch {
    // Another program took it away. Then less is known of earlier requests, and nothing is lost.
    return undefined;
  }
}
