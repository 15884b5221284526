import { hash, pbkdf2 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Malformed, Refused } from './refusal.ts';
import type { FileKind } from './refusal.ts';

/** A password in the two encodings of PKCS #12: UTF-8 for PBKDF2, a BMPString with two zeros for its own derivation. */
export interface Passphrase {
  readonly utf8: Buffer;
  readonly bmp: Buffer;
}

/** A hash function of either derivation, with its output and block size in bytes. */
export interface HashFunction {
  readonly name: string;
  readonly length: number;
  readonly block: number;
}

export const hashFunctions = {
  sha1: { name: 'sha1', length: 20, block: 64 },
  sha224: { name: 'sha224', length: 28, block: 64 },
  sha256: { name: 'sha256', length: 32, block: 64 },
  sha384: { name: 'sha384', length: 48, block: 128 },
  sha512: { name: 'sha512', length: 64, block: 128 },
} as const satisfies Readonly<Record<string, HashFunction>>;

export interface Derivation {
  readonly hash: HashFunction;
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** Bytes of the key. */
  readonly length: number;
}

/**
 * OpenSSL and Windows write 2,000 rounds, Java 10,000, and Firefox, with the most known, 600,000 for each of key,
 * certificates and MAC. A file may ask for 2^31, which would occupy a processor for an hour.
 */
const mostRounds = 2_000_000;

/** The most of these in PKCS #12's own derivation, which takes several times as long: two seconds with SHA-512. */
const mostOwnRounds = 700_000;

/** Rounds between turns of the event loop: some milliseconds. */
const turn = 4_096;

const pbkdf2Later = promisify(pbkdf2);

/** RFC 7292 appendix B.1: big-endian, with two zeros at the end. */
export function passphraseOf(password: string): Passphrase {
  return { utf8: Buffer.from(password), bmp: Buffer.from(`${password}\0`, 'utf16le').swap16() };
}

/** Adds up the rounds that reading one file has cost so far. */
export class Work {
  readonly #what: FileKind;
  #rounds = 0;
  #ownRounds = 0;

  constructor(what: FileKind) {
    this.#what = what;
  }

  /** Adds the rounds of a derivation, or refuses the file. */
  take(derivation: Derivation): void {
    this.#rounds += roundsOf(derivation);
    if (this.#rounds > mostRounds) throw this.#tooMuch(mostRounds);
  }

  /** The same for PKCS #12's own derivation. */
  takeOwn(derivation: Derivation): void {
    this.take(derivation);
    this.#ownRounds += roundsOf(derivation);
    if (this.#ownRounds > mostOwnRounds) throw this.#tooMuch(mostOwnRounds);
  }

  #tooMuch(most: number): Refused {
    return new Refused({ kind: 'tooMuchWork', what: this.#what, most });
  }
}

function roundsOf({ iterations, length, hash: { length: unit } }: Derivation): number {
  if (iterations < 1) throw new Malformed('the key derivation has no iterations');
  return iterations * Math.ceil(length / unit);
}

/** PBKDF2 (RFC 8018 section 5.2), off this thread. */
export function pbkdf2Key({ utf8 }: Passphrase, derivation: Derivation, work: Work): Promise<Buffer> {
  work.take(derivation);
  const { salt, iterations, length } = derivation;
  return pbkdf2Later(utf8, salt, iterations, length, derivation.hash.name);
}

/** The use of a key of PKCS #12: the ID of RFC 7292 appendix B.3. */
export const purposes = { encryption: 1, iv: 2, mac: 3 } as const;

/**
 * The derivation of PKCS #12 (RFC 7292 appendix B.2). Node does not have it natively, so this yields to the event loop
 * meanwhile.
 */
export async function pkcs12Key(
  { bmp }: Passphrase,
  { purpose, work, ...derivation }: Derivation & { readonly purpose: number; readonly work: Work },
): Promise<Buffer> {
  work.takeOwn(derivation);
  const { salt, iterations, length } = derivation;
  const { name, block, length: unit } = derivation.hash;
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([filled(salt, block), filled(bmp, block)]);
  const key: Buffer[] = [];
  for (let made = 0; made < length; made += unit) {
    let digest = hash(name, Buffer.concat([diversifier, input]), 'buffer');
    for (let round = 1; round < iterations; round += 1) {
      digest = hash(name, digest, 'buffer');
      if (round % turn === 0) await setImmediate();
    }
    key.push(digest);
    addToBlocks(input, Buffer.alloc(block, digest));
  }
  return Buffer.concat(key).subarray(0, length);
}

/** The bytes repeated until they fill whole blocks; empty for empty bytes. */
function filled(bytes: Uint8Array, block: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** Adds `addend` and one to every block of `blocks`, in place, each as a big-endian number. */
function addToBlocks(blocks: Buffer, addend: Buffer): void {
  for (let start = 0; start < blocks.length; start += addend.length) {
    let carry = 1;
    for (let at = addend.length - 1; at >= 0; at -= 1) {
      carry += (blocks[start + at] ?? 0) + (addend[at] ?? 0);
      blocks[start + at] = carry & 0xff;
      carry >>= 8;
    }
  }
}
