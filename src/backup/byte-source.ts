/** Fills the array as far as it can, and returns how many bytes it has put there: 0 at the end. */
export type ReadInto = (into: Uint8Array) => number;

const chunkBytes = 1 << 20;

/** Bytes that are read once, from the first to the last. */
export class ByteSource {
  readonly #read: ReadInto;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #start = 0;
  #end = 0;
  #position = 0;

  constructor(read: ReadInto) {
    this.#read = read;
  }

  /** How many bytes were taken. */
  get position(): number {
    return this.#position;
  }

  /** So many bytes, or fewer where the source ends before. The caller may keep them. */
  take(length: number): Buffer {
    const taken = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const some = this.some(length - done);
      if (some.length === 0) return taken.subarray(0, done);
      taken.set(some, done);
      done += some.length;
    }
    return taken;
  }

  /** At least one byte and at most so many, none at the end. They are valid until the next call. */
  some(most: number): Buffer {
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = this.#read(this.#chunk);
    }
    const some = this.#chunk.subarray(this.#start, Math.min(this.#end, this.#start + most));
    this.#start += some.length;
    this.#position += some.length;
    return some;
  }
}
