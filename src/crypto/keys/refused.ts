import type { CryptoAnswer } from '../../types/key.ts';

/** `expected` says what the algorithm requires, as Azure words it. */
export function wrongLength(what: string, octets: Uint8Array, expected: string): CryptoAnswer {
  return { ok: false, refusal: { kind: 'wrongLength', what, found: octets.length, expected } };
}

export function missing(what: string): CryptoAnswer {
  return { ok: false, refusal: { kind: 'missing', what } };
}

/** Every reason that a decryption fails for has this one answer. */
export const notDecrypted: CryptoAnswer = { ok: false, refusal: { kind: 'notDecrypted' } };

export function result(octets: Uint8Array): CryptoAnswer {
  return { ok: true, result: octets };
}
