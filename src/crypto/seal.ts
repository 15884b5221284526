import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { Cipheriv } from 'node:crypto';

/** Fills `nonce` with bytes that no other seal under the same key has. Random 192-bit nonces qualify. */
export type FillNonce = (nonce: Uint8Array) => void;

/** By how many bytes sealing makes a value longer: the nonce before it and the tag after it. */
export const sealOverhead = 24 + 16;

/**
 * A 256-bit key of XAES-256-GCM (https://c2sp.org/XAES-256-GCM), the only algorithm for sealing. Random 192-bit nonces
 * allow 2^80 messages under one key at a collision risk of 2^-32, so our keys need neither a counter nor replacement
 * after much use. Steps 1 and 2 of the specification are done once, here.
 */
export class SealingKey {
  readonly fillNonce: FillNonce;
  readonly #aes: Cipheriv;
  /** CMAC's subkey K1 (NIST SP 800-38B, section 6.1). */
  readonly #subkey: Uint8Array;
  /** M1 and M2, each XORed with K1; their first four bytes never change, the rest is written for each nonce. */
  readonly #blocks = new Uint8Array(32);

  /** `key` is 32 bytes, and is copied. */
  constructor(key: Uint8Array, fillNonce: FillNonce = fillRandomNonce) {
    if (key.length !== 32) throw new TypeError(`a sealing key has 32 bytes, not ${key.length}`);
    this.fillNonce = fillNonce;
    // ECB without padding is the plain block cipher: one context serves any number of blocks.
    this.#aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.#subkey = double(this.#aes.update(new Uint8Array(16)));
    for (const [counter, offset] of [
      [1, 0],
      [2, 16],
    ] as const) {
      this.#blocks.set([0, counter, 0x58, 0], offset);
      for (let at = 0; at < 4; at += 1) {
        this.#blocks[offset + at] = (this.#blocks[offset + at] ?? 0) ^ (this.#subkey[at] ?? 0);
      }
    }
  }

  /** The AES-256-GCM key of one message: steps 3 to 5, from the first 12 bytes of its nonce, which may be longer. */
  messageKey(nonce: Uint8Array): Uint8Array {
    for (let at = 0; at < 12; at += 1) {
      const byte = (nonce[at] ?? 0) ^ (this.#subkey[at + 4] ?? 0);
      this.#blocks[at + 4] = byte;
      this.#blocks[at + 20] = byte;
    }
    return this.#aes.update(this.#blocks);
  }
}

/** Returns nonce (24 bytes), ciphertext and tag (16 bytes). `associatedData` must be the same for opening. */
export function seal(key: SealingKey, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(plaintext.length + sealOverhead);
  const nonce = sealed.subarray(0, 24);
  key.fillNonce(nonce);
  const cipher = createCipheriv('aes-256-gcm', key.messageKey(nonce), nonce.subarray(12));
  cipher.setAAD(associatedData);
  sealed.set(cipher.update(plaintext), 24);
  cipher.final();
  sealed.set(cipher.getAuthTag(), 24 + plaintext.length);
  return sealed;
}

/** The plaintext; `undefined` if `seal` did not make this with the same key and associated data. */
export function open(key: SealingKey, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array | undefined {
  const end = sealed.length - 16;
  if (end < 24) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key.messageKey(sealed), sealed.subarray(12, 24));
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(24, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

// Nonces are not secret, so a pool of them is filled at once: a call to the random generator costs a microsecond for
// any number of bytes.
const pool = new Uint8Array(24 * 256);
let used = pool.length;

function fillRandomNonce(nonce: Uint8Array): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  for (let at = 0; at < 24; at += 1) nonce[at] = pool[used + at] ?? 0;
  used += 24;
}

/** Step 2: multiplication by x in GF(2^128), big-endian. */
function double(block: Uint8Array): Uint8Array {
  const result = new Uint8Array(16);
  let carry = (block[0] ?? 0) >> 7 === 1 ? 0b1000_0111 : 0;
  for (let at = 15; at >= 0; at -= 1) {
    const byte = block[at] ?? 0;
    result[at] = ((byte << 1) & 0xff) ^ carry;
    carry = byte >> 7;
  }
  return result;
}
