import { readSync } from 'node:fs';

/** The header of the index: two copies of 48 bytes, in the machine's byte order. */
const copyBytes = 48;

/**
 * The number of commits of all connections: SQLite counts them in the index of its write-ahead log, the file `-shm`
 * (https://www.sqlite.org/walformat.html, 2.1: `iChange`). All connections have it mapped, so reading the file returns
 * what they see.
 */
export class CommitCount {
  readonly #descriptor: number;
  readonly #bytes = new Uint8Array(2 * copyBytes);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  /** `descriptor` of the file; it stays open as long as the database. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Modulo 2^32; `undefined` while the header is being written. */
  read(): number | undefined {
    if (readSync(this.#descriptor, this.#bytes, 0, this.#bytes.length, 0) < this.#bytes.length) return undefined;
    const words = copyBytes / 4;
    for (let word = 0; word < words; word += 1) {
      if (this.#words[word] !== this.#words[word + words]) return undefined;
    }
    return this.#words[2];
  }
}
