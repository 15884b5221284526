/** A value of the distinguished encoding rules (X.690 section 10): its tag, and its contents without tag and length. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Uint8Array;
}

export const derTags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** Context-specific and constructed, number 0 and 1. */
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** The values that the bytes are made of, one after the other; `undefined` if they are not that. */
export function readDer(bytes: Uint8Array): readonly DerValue[] | undefined {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    const count = first < 0x80 ? 0 : first - 0x80;
    if (count > 3) return undefined;
    const length =
      first < 0x80 ? first : bytes.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
    const start = at + 2 + count;
    if (start + length > bytes.length) return undefined;
    values.push({ tag, contents: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contents = joined(parts);
  const { length } = contents;
  if (length < 0x80) return joined([Uint8Array.of(tag, length), contents]);
  const digits = [length >> 16, (length >> 8) & 0xff, length & 0xff];
  const from = digits.findIndex((digit) => digit > 0);
  return joined([Uint8Array.of(tag, 0x80 + 3 - from, ...digits.slice(from)), contents]);
}

/** A positive integer (X.690 section 8.3): with a zero before a first bit that is set. */
export function writeInteger(bytes: Uint8Array): Uint8Array {
  return (bytes[0] ?? 0) < 0x80 ? writeDer(derTags.integer, bytes) : writeDer(derTags.integer, Uint8Array.of(0), bytes);
}

/** The magnitude of a positive integer, without the zero for its sign. */
export function magnitudeOf(contents: Uint8Array): Uint8Array {
  const from = contents.findIndex((byte) => byte > 0);
  return from === -1 ? Uint8Array.of(0) : contents.subarray(from);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
