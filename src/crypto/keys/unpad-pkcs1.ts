/**
 * The message in an EME-PKCS1-v1_5 encoding (RFC 8017 section 7.2.2, step 3), or `undefined` if the encoding is wrong.
 * The time does not show what is wrong with it: every octet is processed in the same way, and there is no branch before
 * the last one. The caller still learns, as from Azure, that a value was not decrypted; where even that is too much,
 * use RSA-OAEP.
 */
export function unpadPkcs1(encoded: Uint8Array): Uint8Array | undefined {
  let wrong = (encoded[0] ?? 1) | ((encoded[1] ?? 0) ^ 2);
  let found = 0;
  let separator = 0;
  for (let at = 2; at < encoded.length; at += 1) {
    // 1 for the octet 0, otherwise 0: only 0 - 1 is negative.
    const zero = ((encoded[at] ?? 0) - 1) >>> 31;
    const first = zero & (found ^ 1);
    separator |= at & -first;
    found |= zero;
  }
  wrong |= found ^ 1;
  // The separator comes after at least eight octets of padding.
  wrong |= (separator - 10) >>> 31;
  const message = new Uint8Array(encoded.subarray(separator + 1));
  return wrong === 0 ? message : undefined;
}
