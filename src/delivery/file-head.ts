import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

/** The beginning of a file of the log, by which it is known whatever its name is by now. */
export interface FileHead {
  readonly line: Buffer;
  readonly digest: string;
}

const headBytesMax = 64 * 1024;
const newline = 0x0a;

/** The first line of an open file; `undefined` as long as it is not whole. Of a very long one, its beginning. */
export function fileHeadOf(descriptor: number): FileHead | undefined {
  const bytes = Buffer.allocUnsafe(headBytesMax);
  const start = bytes.subarray(0, readSync(descriptor, bytes, 0, headBytesMax, 0));
  const end = start.indexOf(newline);
  if (end === -1 && start.length < headBytesMax) return undefined;
  const line = end === -1 ? start : start.subarray(0, end);
  return { line, digest: createHash('sha256').update(line).digest('hex').slice(0, 32) };
}
