import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { recordIdMark } from './outbox.ts';

const chunkBytes = 1 << 20;
const newline = 0x0a;

/**
 * Cuts off what follows the last whole line, and returns how many bytes that were. A process killed inside `write`
 * leaves the start of a line; a power failure may leave zeros, because a file's length can reach the disk before its
 * contents. No line has a zero byte (RFC 8259 section 7).
 */
export function cutTornTail(fd: number): number {
  const { size } = fstatSync(fd);
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = readAt(fd, start, end);
    const zero = chunk.indexOf(0);
    const lastNewline = chunk.subarray(0, zero === -1 ? chunk.length : zero).lastIndexOf(newline);
    if (lastNewline !== -1) {
      end = start + lastNewline + 1;
      break;
    }
    end = start;
  }
  if (end < size) ftruncateSync(fd, end);
  return size - end;
}

/** The record ids in a log file, the last one first; none if the file does not exist. */
export function* recordIdsBackward(path: string): Generator<string> {
  const fd = openToRead(path);
  if (fd === undefined) return;
  try {
    const { size } = fstatSync(fd);
    const { before, length, after } = recordIdMark;
    const whole = before.length + length + after.length;
    for (let end = size; end > 0; end -= chunkBytes) {
      const start = Math.max(0, end - chunkBytes);
      // A mark that begins in this chunk may end in the next one.
      const chunk = readAt(fd, start, Math.min(size, end + whole));
      for (let at = chunk.lastIndexOf(before, end - start - 1); at !== -1;) {
        const id = chunk.toString('latin1', at + before.length, at + before.length + length);
        if (chunk.toString('latin1', at + whole - after.length, at + whole) === after) yield id;
        at = at === 0 ? -1 : chunk.lastIndexOf(before, at - 1);
      }
    }
  } finally {
    closeSync(fd);
  }
}

function openToRead(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function readAt(fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(fd, bytes, done, bytes.length - done, start + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
