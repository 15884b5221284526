import type { CryptoAnswer } from '../../types/key.ts';

/** `expected` is the algorithm's requirement, in Azure's words. */
export function wrongLength(what: string, octets: Uint8Array, expected: string): CryptoAnswer {
  return { ok: false, refusal: { kind: 'wrongLength', what, found: octets.length, expected } };
}

export function missing(what: string): CryptoAnswer {
  return { ok: false, refusal: { kind: 'missing', what } };
}

/** The one answer for every reason that a decryption fails. */
export const notDecrypted: CryptoAnswer = { ok: false, refusal: { kind: 'notDecrypted' } };

export function result(octets: Uint8Array): CryptoAnswer {
  return { ok: true, result: octets };
}
