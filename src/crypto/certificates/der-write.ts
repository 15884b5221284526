/** Writes Distinguished Encoding Rules (X.690). The arguments were checked before: nothing here is refused. */

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value: its tag byte, its length (section 8.1.3), its contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(length), ...contents]);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  const minimal = octets.subarray(octets.findIndex((octet) => octet !== 0));
  return Buffer.concat([Buffer.from([0x80 | minimal.length]), minimal]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(tags.sequence, ...contents);
}

/** SET OF: members are in the order of their encodings (section 11.6). */
export function set(...members: readonly Uint8Array[]): Buffer {
  return der(tags.set, ...members.toSorted((one, other) => Buffer.compare(one, other)));
}

/** A context-specific tag around (`explicit`) or instead of (`implicit`, primitive) the type's own. */
export function explicit(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return der(0xa0 | number, ...contents);
}

export function implicit(number: number, content: Uint8Array): Buffer {
  return der(0x80 | number, content);
}

/** A number that is not negative: big-endian bytes, or a small number. */
export function integer(value: Uint8Array | number): Buffer {
  const bytes = typeof value === 'number' ? Buffer.from(evenHex(value.toString(16)), 'hex') : Buffer.from(value);
  const start = bytes.findIndex((byte) => byte !== 0);
  const minimal = start === -1 ? Buffer.alloc(1) : bytes.subarray(start);
  return der(tags.integer, ...(minimal.readUInt8(0) >= 0x80 ? [Buffer.alloc(1)] : []), minimal);
}

export function octetString(content: Uint8Array): Buffer {
  return der(tags.octetString, content);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return der(tags.bitString, Buffer.from([unusedBits]), content);
}

export const derNull: Buffer = der(tags.null);

export const derTrue: Buffer = der(tags.boolean, Buffer.from([0xff]));

/** `1.2.840.113549.1.1.11`, already checked. In base 128, with the first two arcs as one (section 8.19). */
export function objectIdentifier(text: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  return der(tags.objectIdentifier, Buffer.from([first * 40n + second, ...rest].flatMap(base128)));
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80);
  return octets;
}

/** Seconds since 1970: UTCTime until 2049, GeneralizedTime after it (RFC 5280 section 4.1.2.5). */
export function time(seconds: number): Buffer {
  const text = `${new Date(seconds * 1000)
    .toISOString()
    .slice(0, 19)
    .replaceAll(/[^0-9]/g, '')}Z`;
  const short = text >= '1950' && text < '2050';
  return der(short ? tags.utcTime : tags.generalizedTime, Buffer.from(short ? text.slice(2) : text));
}

function evenHex(hex: string): string {
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
