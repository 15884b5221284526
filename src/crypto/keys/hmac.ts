import { createHmac, timingSafeEqual } from 'node:crypto';
import type { OctKeyMaterial } from '../../types/key.ts';
import type { Operations } from './algorithm.ts';
import type { HashName } from './hashes.ts';
import type { KeyInUse } from './key-in-use.ts';
import { missing, result } from './refused.ts';

/**
 * HMAC (RFC 2104) over the value itself, of any length: clients do not hash before HS256. RFC 7518 section 3.2 requires
 * a key as long as the hash; Key Vault's longest has 256 bits, so keys of every length are accepted.
 */
export function hmac(hash: HashName): Operations<OctKeyMaterial> {
  return {
    sign: (key, { value }) => result(authenticate(key, value)),
    verify(key, { value, signature }) {
      if (signature === undefined) return missing('value');
      const expected = authenticate(key, value);
      const verified = signature.length === expected.length && timingSafeEqual(signature, expected);
      return { ok: true, verified };
    },
  };

  function authenticate({ material }: KeyInUse<OctKeyMaterial>, value: Uint8Array): Uint8Array {
    return createHmac(hash, Buffer.from(material.k, 'base64url')).update(value).digest();
  }
}
