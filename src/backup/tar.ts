/**
 * The archive in which a backup is: ustar (POSIX.1-1988), so that `tar` lists and extracts it. Only the headers that are
 * written here are read: all that a header may say besides is refused, and with it links, devices and paths.
 */

/** A file in an archive. */
export interface Member {
  readonly name: string;
  readonly size: number;
  /** In seconds since 1970. */
  readonly modifiedS: number;
}

export const blockBytes = 512;

/** The largest number of eleven octal digits. */
const numberMax = 8 ** 11 - 1;

/** Two empty blocks. */
export const archiveEnd = Buffer.alloc(2 * blockBytes);

/** @throws {RangeError} when the member is larger than the form allows */
export function headerOf({ name, size, modifiedS }: Member): Buffer {
  if (size > numberMax)
    throw new RangeError(`${name} has ${size} bytes; a backup holds at most ${numberMax} of a file`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100, 'latin1');
  header.write(`0000600\0${'0000000\0'.repeat(2)}`, 100, 'latin1');
  header.write(`${octal(size)}\0${octal(Math.min(Math.max(modifiedS, 0), numberMax))}\0`, 124, 'latin1');
  header.write(`${' '.repeat(8)}0`, 148, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The zeros after so many bytes of a member. */
export function paddingAfter(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** Reads a header; `undefined` if it is not exactly what `headerOf` writes. */
export function readHeader(block: Buffer): Member | undefined {
  const [name = ''] = block.toString('latin1', 0, 100).split('\0');
  const [size, modifiedS] = [numberAt(block, 124), numberAt(block, 136)];
  if (name === '' || size === undefined || modifiedS === undefined) return undefined;
  const member = { name, size, modifiedS };
  return headerOf(member).equals(block) ? member : undefined;
}

function octal(value: number): string {
  return Math.trunc(value).toString(8).padStart(11, '0');
}

function numberAt(block: Buffer, offset: number): number | undefined {
  const digits = block.toString('latin1', offset, offset + 11);
  return /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
