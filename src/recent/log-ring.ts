/** A whole line of the log, without its line break, and where the next one begins. */
export interface RingLine {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

interface Segment {
  /** Its first byte's place in everything that was ever added. */
  readonly start: number;
  readonly bytes: Buffer;
  length: number;
}

const segmentBytes = 1 << 18;
const newline = 0x0a;

/**
 * The last lines of a log, within so many bytes. They are copied into few large blocks outside of V8's heap: kept as
 * strings, each line would be some twenty objects that the garbage collector copies. A block that was let go is not
 * changed, so that a reader may go on with it.
 */
export class LogRing {
  readonly #most: number;
  readonly #segments: Segment[] = [];
  #allocated = 0;

  constructor(bytesMost: number) {
    this.#most = bytesMost;
  }

  /** The place of the oldest line that is kept; negative for lines from before this process. */
  get start(): number {
    return this.#segments[0]?.start ?? 0;
  }

  /** The place of the next line. */
  get end(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? 0 : last.start + last.length;
  }

  /** Adds whole lines, each with its line break. */
  append(lines: Uint8Array): void {
    let last = this.#segments.at(-1);
    if (last === undefined || last.bytes.length - last.length < lines.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(segmentBytes, lines.length));
      last = { start: this.end, bytes, length: 0 };
      this.#segments.push(last);
      this.#allocated += bytes.length;
      while (this.#allocated > this.#most && this.#segments.length > 1) {
        this.#allocated -= this.#segments.shift()?.bytes.length ?? 0;
      }
    }
    last.bytes.set(lines, last.length);
    last.length += lines.length;
  }

  /** Adds whole lines that are older than all others. Returns whether there was room. */
  prepend(lines: Buffer): boolean {
    // After lines were let go, older ones would take their places.
    if (this.start > 0 || this.#allocated + lines.length > this.#most) return false;
    if (lines.length === 0) return true;
    this.#segments.unshift({ start: this.start - lines.length, bytes: lines, length: lines.length });
    this.#allocated += lines.length;
    return true;
  }

  /** The lines from a place on, the oldest first. */
  *forward(from: number): Generator<RingLine> {
    for (const { start, bytes, length } of this.#segments.slice()) {
      for (let at = Math.max(0, from - start); at < length;) {
        const found = bytes.indexOf(newline, at);
        const end = found === -1 || found >= length ? length : found;
        yield { bytes: bytes.subarray(at, end), start: start + at, end: start + end + 1 };
        at = end + 1;
      }
    }
  }

  /** All lines, the newest first. */
  *backward(): Generator<RingLine> {
    for (const { start, bytes, length } of this.#segments.toReversed()) {
      for (let end = length - 1; end > 0;) {
        const at = bytes.lastIndexOf(newline, end - 1) + 1;
        yield { bytes: bytes.subarray(at, end), start: start + at, end: start + end + 1 };
        end = at - 1;
      }
    }
  }
}
