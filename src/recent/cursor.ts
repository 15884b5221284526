import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** How far a caller has read. */
export interface Cursor {
  /** The places in both rings. */
  readonly reads: number;
  readonly others: number;
  /** When the reading was last recorded in the audit log. */
  readonly recordedAtMs: number;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const numbers = 3;

/**
 * Cursors as strings that only this process can make and read: a place would tell how much other vaults are used, and a
 * made-up cursor would read without a record in the audit log. Each is good for one reader.
 */
export class Cursors {
  readonly #key = randomBytes(32);

  /** `reader`: the caller and the path that it reads. */
  seal({ reads, others, recordedAtMs }: Cursor, reader: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce).setAAD(Buffer.from(reader));
    const plain = Buffer.from(new Float64Array([reads, others, recordedAtMs]).buffer);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** `undefined` for a string that this process did not make for this reader. */
  open(text: string, reader: string): Cursor | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== nonceBytes + numbers * Float64Array.BYTES_PER_ELEMENT + tagBytes) return undefined;
    const decipher = createDecipheriv(algorithm, this.#key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(reader))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      return {
        reads: plain.readDoubleLE(0),
        others: plain.readDoubleLE(8),
        recordedAtMs: plain.readDoubleLE(16),
      };
    } catch {
      return undefined;
    }
  }
}
