import { checkPrimeSync } from 'node:crypto';
import { integerOf, inverse, octetsOf } from '../../../src/crypto/keys/integer.ts';
import type { RsaKeyMaterial } from '../../../src/types/key.ts';

const integer = (member: string) => integerOf(Buffer.from(member, 'base64url'));
const octets = (value: bigint, length: number) => Buffer.from(octetsOf(value, length)).toString('base64url');

/** A key like the given one with consistent members, but with a q that is not prime. */
export function compositeKey(key: RsaKeyMaterial): RsaKeyMaterial {
  const [e, p] = [integer(key.e), integer(key.p)];
  let q = integer(key.q) + 2n;
  // e is prime, so it has an inverse modulo q - 1 unless it divides it.
  while (checkPrimeSync(q) || (q - 1n) % e === 0n) q += 2n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const length = Buffer.from(key.n, 'base64url').length;
  return {
    ...key,
    n: octets(p * q, length),
    d: octets(d, length),
    q: octets(q, length / 2),
    dp: octets(d % (p - 1n), length / 2),
    dq: octets(d % (q - 1n), length / 2),
    qi: octets(inverse(q, p), length / 2),
  };
}
