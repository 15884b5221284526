import { createHash, timingSafeEqual } from 'node:crypto';
import { digestLengths } from './hashes.ts';
import type { HashName } from './hashes.ts';

/** A digest, and the hash that made it. */
export interface Digest {
  readonly hash: Exclude<HashName, 'sha1'>;
  readonly octets: Uint8Array;
}

/** DigestInfo up to the digest (RFC 8017 section 9.2, note 1). */
const digestInfo: Readonly<Record<Digest['hash'], Uint8Array>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) of a digest, in `length` octets. */
export function encodePkcs1({ hash, octets }: Digest, length: number): Uint8Array {
  return padPkcs1(Buffer.concat([digestInfo[hash], octets]), length);
}

/** The least number of octets that the encoding adds: `00 01`, eight of `ff`, and `00`. */
export const pkcs1Overhead = 11;

/** The encoding of EMSA-PKCS1-v1_5 (RFC 8017 section 9.2, steps 4 and 5) around a value that the caller gives. */
export function padPkcs1(value: Uint8Array, length: number): Uint8Array {
  const encoded = new Uint8Array(length).fill(0xff);
  const end = length - value.length;
  encoded.set([0, 1]);
  encoded[end - 1] = 0;
  encoded.set(value, end);
  return encoded;
}

/**
 * EMSA-PSS (RFC 8017 section 9.1.1) of a digest, for a modulus of `length` whole octets; the encoding is one bit
 * shorter. `salt` is as long as the digest (RFC 7518 section 3.5).
 */
export function encodePss(digest: Digest, salt: Uint8Array, length: number): Uint8Array {
  const { hash } = digest;
  const hashed = pssHash(digest, salt);
  const block = new Uint8Array(length - hashed.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  mask(block, hash, hashed);
  block[0] = (block[0] ?? 0) & 0x7f;
  const encoded = new Uint8Array(length);
  encoded.set(block);
  encoded.set(hashed, block.length);
  encoded[length - 1] = 0xbc;
  return encoded;
}

/** EMSA-PSS verification (RFC 8017 section 9.1.2): encodes the digest with the salt from the encoding and compares. */
export function isPss(digest: Digest, encoded: Uint8Array): boolean {
  const saltLength = digestLengths[digest.hash];
  const blockLength = encoded.length - digest.octets.length - 1;
  const block = new Uint8Array(encoded.subarray(0, blockLength));
  mask(block, digest.hash, encoded.subarray(blockLength, encoded.length - 1));
  const salt = block.subarray(block.length - saltLength);
  return timingSafeEqual(encodePss(digest, salt, encoded.length), encoded);
}

function pssHash({ hash, octets }: Digest, salt: Uint8Array): Uint8Array {
  return createHash(hash).update(new Uint8Array(8)).update(octets).update(salt).digest();
}

/** XORs `block` with MGF1 (RFC 8017 appendix B.2.1) of `seed`. */
function mask(block: Uint8Array, hash: HashName, seed: Uint8Array): void {
  const step = digestLengths[hash];
  for (let at = 0; at < block.length; at += step) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(at / step);
    const octets = createHash(hash).update(seed).update(counter).digest();
    const end = Math.min(step, block.length - at);
    for (let index = 0; index < end; index += 1) {
      block[at + index] = (block[at + index] ?? 0) ^ (octets[index] ?? 0);
    }
  }
}
