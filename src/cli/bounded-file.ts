import { closeSync, openSync, readSync } from 'node:fs';

const chunkBytes = 64 * 1024;

/** The contents of a file, or of a descriptor, up to a byte more than this many: a device may never end. */
export function readBounded(from: string | number, mostBytes: number): Buffer {
  const descriptor = typeof from === 'number' ? from : openSync(from, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let left = mostBytes + 1; left > 0;) {
      const chunk = Buffer.allocUnsafe(Math.min(left, chunkBytes));
      const read = readSync(descriptor, chunk);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      left -= read;
    }
    return Buffer.concat(chunks);
  } finally {
    if (descriptor !== from) closeSync(descriptor);
  }
}
