/**
 * RC2 (RFC 2268), only decryption: Windows and OpenSSL encrypted certificates with it for twenty years. OpenSSL 3 has
 * it in a module that Node does not load. It protects nothing; it is here so that such files can be read.
 */

/** Section 2: PITABLE, the digits of pi. */
const pi = Buffer.from(
  `d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2
   179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82
   54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626
   6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7
   08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec
   c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731
   2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9
   0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad`.replaceAll(/\s/g, ''),
  'hex',
);

/** How far each of the four words is rotated in a mixing round (section 3.1). */
const rotations = [1, 2, 3, 5] as const;

/**
 * Decrypts CBC with the padding of PKCS #7; `undefined` if the padding is wrong. The effective key length is the length
 * of `key`, as in PKCS #12.
 */
export function decryptRc2(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer | undefined {
  if (ciphertext.length === 0 || ciphertext.length % 8 !== 0) return undefined;
  const words = expand(key);
  const text = Buffer.from(ciphertext);
  const plaintext = Buffer.alloc(text.length);
  for (let at = 0; at < text.length; at += 8) {
    const block = decryptBlock(words, text.subarray(at, at + 8));
    const before = at === 0 ? iv : text.subarray(at - 8, at);
    for (let index = 0; index < 8; index += 1) plaintext[at + index] = (block[index] ?? 0) ^ (before[index] ?? 0);
  }
  const padding = plaintext.at(-1) ?? 0;
  if (padding < 1 || padding > 8 || plaintext.subarray(-padding).some((byte) => byte !== padding)) return undefined;
  return plaintext.subarray(0, -padding);
}

/** Section 2: 64 words of 16 bits. */
function expand(key: Uint8Array): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  const { length } = key;
  for (let at = length; at < 128; at += 1) {
    bytes[at] = pi[((bytes[at - 1] ?? 0) + (bytes[at - length] ?? 0)) & 0xff] ?? 0;
  }
  bytes[128 - length] = pi[bytes[128 - length] ?? 0] ?? 0;
  for (let at = 127 - length; at >= 0; at -= 1) {
    bytes[at] = pi[(bytes[at + 1] ?? 0) ^ (bytes[at + length] ?? 0)] ?? 0;
  }
  return Uint16Array.from({ length: 64 }, (_, at) => (bytes[2 * at] ?? 0) | ((bytes[2 * at + 1] ?? 0) << 8));
}

/** Section 4: mixing and mashing, backwards. */
function decryptBlock(words: Uint16Array, block: Buffer): Buffer {
  const r = Uint16Array.from({ length: 4 }, (_, at) => block.readUInt16LE(2 * at));
  const word = (at: number): number => r[at & 3] ?? 0;
  for (let round = 15; round >= 0; round -= 1) {
    for (let at = 3; at >= 0; at -= 1) {
      const rotation = rotations[at] ?? 0;
      const rotated = (word(at) >> rotation) | (word(at) << (16 - rotation));
      const [one, two, three] = [word(at + 3), word(at + 2), word(at + 1)];
      r[at] = rotated - (words[4 * round + at] ?? 0) - (one & two) - (~one & three);
    }
    if (round !== 11 && round !== 5) continue;
    for (let at = 3; at >= 0; at -= 1) r[at] = word(at) - (words[word(at + 3) & 63] ?? 0);
  }
  const plain = Buffer.alloc(8);
  for (const [at, value] of r.entries()) plain.writeUInt16LE(value, 2 * at);
  return plain;
}
