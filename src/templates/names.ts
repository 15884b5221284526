/**
 * Names that templates derive from other values. They are computed as in Azure, so that a template gives its resources the
 * same names in both places. Microsoft does not document either function in full; the tests have values from Azure and Bicep.
 */

/** The namespace of `guid`, which makes a version 5 UUID of its arguments joined by hyphens (RFC 9562 section 5.5). */
const guidNamespace = '11fb06fb712d4ddd98c7e71bbd588830';

export function guid(parts: readonly string[], sha1: (bytes: Uint8Array) => Uint8Array): string {
  const namespace = (guidNamespace.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  const name = new TextEncoder().encode(parts.join('-'));
  const whole = new Uint8Array(namespace.length + name.length);
  whole.set(namespace);
  whole.set(name, namespace.length);
  const digest = sha1(whole);
  const bytes = Array.from(digest.slice(0, 16), (byte, index) => {
    if (index === 6) return (byte & 0x0f) | 0x50;
    return index === 8 ? (byte & 0x3f) | 0x80 : byte;
  });
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** RFC 4648 section 6, in lower case. */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `uniqueString`: hashes the arguments, joined by hyphens, to 64 bits and writes 13 digits of base 32. */
export function uniqueString(parts: readonly string[]): string {
  let left = hash64(new TextEncoder().encode(parts.join('-')));
  let result = '';
  for (let digit = 0; digit < 13; digit += 1) {
    result += base32[Number(left >> 59n)] ?? '';
    left = (left << 5n) & 0xffff_ffff_ffff_ffffn;
  }
  return result;
}

const mix = { first: 0x239b961b, second: 0xab0e9789 };

/** MurmurHash3's x86 rounds on two words of 32 bits, in Azure's own non-standard variant. */
function hash64(bytes: Uint8Array): bigint {
  let [high, low] = [0, 0];
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) {
    low = round(low ^ mixLow(word(bytes, at, 4)), [19, high, 0x561ccd1b]);
    high = round(high ^ mixHigh(word(bytes, at + 4, 4)), [13, low, 0x0bcaa747]);
  }
  const rest = bytes.length - whole;
  if (rest > 0) low = (low ^ mixLow(word(bytes, whole, Math.min(4, rest)))) >>> 0;
  if (rest > 4) high = (high ^ mixHigh(word(bytes, whole + 4, rest - 4))) >>> 0;
  high = (high ^ bytes.length) >>> 0;
  low = ((low ^ bytes.length) + high) >>> 0;
  high = avalanche(high + low);
  low = (avalanche(low) + high) >>> 0;
  high = (high + low) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Reads `count` bytes, lowest first. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index += 1) value |= (bytes[at + index] ?? 0) << (8 * index);
  return value >>> 0;
}

function mixLow(block: number): number {
  return Math.imul(rotate(Math.imul(block, mix.first), 15), mix.second);
}

function mixHigh(block: number): number {
  return Math.imul(rotate(Math.imul(block, mix.second), 17), mix.first);
}

function round(hash: number, [bits, other, constant]: readonly [number, number, number]): number {
  return (Math.imul((rotate(hash, bits) + other) | 0, 5) + constant) >>> 0;
}

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

function avalanche(hash: number): number {
  let mixed = hash >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
