import { randomFillSync } from 'node:crypto';

// A call to the random generator costs a microsecond for any number of bytes, more than everything else here.
const pool = Buffer.alloc(16 * 256);
let used = pool.length;

/** 128 random bits as 32 hexadecimal digits. Each is returned once, and is not kept. */
export function randomHex(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const digits = pool.toString('hex', used, used + 16);
  pool.fill(0, used, used + 16);
  used += 16;
  return digits;
}
