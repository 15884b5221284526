/** The big-endian integer of these octets (RFC 8017 section 4.2, OS2IP). */
export function integerOf(octets: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(octets).toString('hex')}`);
}

/** The integer in `length` octets, big-endian (I2OSP); it must fit. */
export function octetsOf(integer: bigint, length: number): Uint8Array {
  const hex = integer.toString(16).padStart(2 * length, '0');
  if (integer < 0n || hex.length > 2 * length) throw new RangeError(`the integer does not fit into ${length} octets`);
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** The remainder that is never negative. */
export function modulo(value: bigint, modulus: bigint): bigint {
  const remainder = value % modulus;
  return remainder < 0n ? remainder + modulus : remainder;
}

/**
 * The inverse of `value` modulo `modulus` (Euclid's algorithm); they must not have a common divisor. The time depends
 * on the value, so a secret must be blinded first.
 */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [remainder, next] = [modulus, modulo(value, modulus)];
  let [coefficient, following] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [coefficient, following] = [following, coefficient - quotient * following];
  }
  if (remainder !== 1n) throw new RangeError('the value has no inverse');
  return modulo(coefficient, modulus);
}
