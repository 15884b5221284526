/**
 * The message in an EME-PKCS1-v1_5 encoding (RFC 8017 section 7.2.2, step 3), or `undefined`. What is wrong with one that
 * is wrong cannot be told from how long this takes: every octet is looked at in the same way, and there is no branch
 * before all of them have been. Whoever may ask is told, as by Azure, that a value is not decrypted; a key whose holder
 * must not learn even that is for RSA-OAEP.
 */
export function unpadPkcs1(encoded: Uint8Array): Uint8Array | undefined {
  let wrong = (encoded[0] ?? 1) | ((encoded[1] ?? 0) ^ 2);
  let found = 0;
  let separator = 0;
  for (let at = 2; at < encoded.length; at += 1) {
    // 1 for the octet 0, else 0: only 0 - 1 is negative.
    const zero = ((encoded[at] ?? 0) - 1) >>> 31;
    const first = zero & (found ^ 1);
    separator |= at & -first;
    found |= zero;
  }
  wrong |= found ^ 1;
  // At least eight octets of padding stand before the separator.
  wrong |= (separator - 10) >>> 31;
  const message = new Uint8Array(encoded.subarray(separator + 1));
  return wrong === 0 ? message : undefined;
}
