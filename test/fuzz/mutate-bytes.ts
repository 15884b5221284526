import type { Random } from './random.ts';

/** Numbers at which sign, size or meaning changes. */
export const edges: readonly number[] = [
  0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 255, 256, 257, 1023, 1024, 2047, 2048, 4095, 4096, 32_767,
  32_768, 65_535, 65_536, 2_147_483_647, 2_147_483_648, 4_294_967_295,
];

type Change = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const changes: readonly Change[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    return write(bytes, at, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
  },
  (bytes, random) => write(bytes, random.below(bytes.length), [random.pick(edges) & 0xff]),
  function writeNumber(bytes, random) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(random.pick(edges));
    return write(bytes, random.below(bytes.length), number.subarray(random.pick([0, 2])));
  },
  function cut(bytes, random) {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    const piece = bytes.subarray(from, to);
    const copies = Array.from({ length: random.pick([1, 1, 1, 2, 40]) }, () => piece);
    return Buffer.concat([bytes.subarray(0, to), ...copies, bytes.subarray(to)]);
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1);
    const some = Uint8Array.from({ length: 1 + random.below(12) }, () => random.below(256));
    return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
  },
  function splice(bytes, random, others) {
    const other = random.pick(others);
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
  },
];

/** The bytes with one to four changes. */
export function mutateBytes(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let changed = bytes;
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    changed = changed.length === 0 ? random.pick(others) : random.pick(changes)(changed, random, others);
  }
  return changed;
}

/** A range, more often short than long. */
export function range({ length }: { readonly length: number }, random: Random): readonly [from: number, to: number] {
  const from = random.below(length);
  const most = random.once(4) ? length - from : Math.min(length - from, 16);
  return [from, from + 1 + random.below(most)];
}

function write(bytes: Uint8Array, at: number, what: ArrayLike<number>): Uint8Array {
  const changed = Buffer.from(bytes);
  for (let index = 0; index < what.length && at + index < changed.length; index += 1) {
    changed[at + index] = what[index] ?? 0;
  }
  return changed;
}
