import { edges, mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** A DER value: its tag, and its bytes or the values in it. */
interface Der {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly values?: readonly Der[];
  /** Bytes before the values: the count of unused bits of a BIT STRING. */
  readonly head: Uint8Array;
  /** How the length is written, if not in DER. */
  readonly lengthForm?: 'long' | 'indefinite' | 'wrong';
}

const none = new Uint8Array();
/** Every tag that X.509 and PKCS use. */
const tags = [
  1, 2, 3, 4, 5, 6, 12, 19, 22, 23, 24, 30, 0x30, 0x31, 0x24, 0x80, 0x82, 0xa0, 0xa1, 0xa3, 0x1f, 0xff,
] as const;

/** The values with one to three changed, mostly still DER, with true lengths. */
export function mutateDer(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const parsed = parse(bytes, 0);
  if (parsed === undefined || random.once(6)) return mutateBytes(bytes, random, others);
  let values = parsed;
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const count = countOf(values);
    if (count === 0) break;
    values = changeAt(values, { left: random.below(count) }, (value) => otherValue(value, random, others));
  }
  return Buffer.concat(values.map(encode));
}

function otherValue(value: Der, random: Random, others: readonly Uint8Array[]): readonly Der[] {
  const changes: readonly (() => readonly Der[])[] = [
    () => [],
    () => [value, value],
    () => Array.from({ length: random.pick([3, 50]) }, () => value),
    () => [{ ...value, tag: random.pick(tags) }],
    () => [{ ...value, lengthForm: random.pick(['long', 'indefinite', 'wrong'] as const) }],
    () => [wrapped(value, random.pick([1, 2, 60]))],
    () => parse(random.pick(others), 0)?.slice(0, 1) ?? [],
    () => [integer(random.pick(edges))],
    () =>
      value.values === undefined
        ? [{ ...value, bytes: mutateBytes(value.bytes, random, others) }]
        : [{ ...value, values: value.values.toReversed() }],
    () => (value.values === undefined ? [{ ...value, bytes: none }] : value.values),
  ];
  return random.pick(changes)();
}

function integer(number: number): Der {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(number, 1);
  return { tag: 2, bytes, head: none };
}

function wrapped(value: Der, deep: number): Der {
  let outer = value;
  for (let left = deep; left > 0; left -= 1) outer = { tag: 0x30, bytes: none, head: none, values: [outer] };
  return outer;
}

/** The values of the bytes, or `undefined` if they are not DER. */
function parse(bytes: Uint8Array, depth: number): readonly Der[] | undefined {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    const sizes = first < 128 ? 0 : first & 0x7f;
    if (at + 2 + sizes > bytes.length || sizes > 4 || first === 128) return undefined;
    const length = sizes === 0 ? first : Buffer.from(bytes).readUIntBE(at + 2, sizes);
    const from = at + 2 + sizes;
    at = from + length;
    if (at > bytes.length) return undefined;
    values.push(valueOf(tag, bytes.subarray(from, at), depth));
  }
  return values;
}

/** Looks into strings of bytes too: they contain keys, extensions and files. */
function valueOf(tag: number, bytes: Uint8Array, depth: number): Der {
  const headLength = tag === 3 ? 1 : 0;
  const inside = (tag & 0x20) !== 0 || tag === 3 || tag === 4 ? bytes.subarray(headLength) : none;
  const values = inside.length > 1 && depth < 24 ? parse(inside, depth + 1) : undefined;
  const head = bytes.subarray(0, headLength);
  return values === undefined ? { tag, bytes, head: none } : { tag, bytes, head, values };
}

function encode({ tag, bytes, head, values, lengthForm }: Der): Uint8Array {
  const content = values === undefined ? bytes : Buffer.concat([head, ...values.map(encode)]);
  if (lengthForm === 'indefinite') return Buffer.concat([Buffer.from([tag, 0x80]), content, Buffer.alloc(2)]);
  const { length } = content;
  const long = Buffer.alloc(5);
  long.writeUInt8(0x84);
  long.writeUInt32BE(lengthForm === 'wrong' ? length + 1 : length, 1);
  if (lengthForm !== undefined) return Buffer.concat([Buffer.from([tag]), long, content]);
  const skip = length < 128 ? 4 : length < 256 ? 3 : length < 65_536 ? 2 : 1;
  const shortest = long.subarray(skip);
  if (length >= 128) shortest.writeUInt8(0x80 | (shortest.length - 1));
  return Buffer.concat([Buffer.from([tag]), shortest, content]);
}

function countOf(values: readonly Der[]): number {
  return values.reduce((sum, { values: inner }) => sum + 1 + (inner === undefined ? 0 : countOf(inner)), 0);
}

/** Counts a value, then those in it, before the next one. */
function changeAt(
  values: readonly Der[],
  place: { left: number },
  change: (value: Der) => readonly Der[],
): readonly Der[] {
  return values.flatMap((value) => {
    const here = place.left === 0;
    place.left -= 1;
    if (here) return change(value);
    if (place.left < 0 || value.values === undefined) return [value];
    return [{ ...value, values: changeAt(value.values, place, change) }];
  });
}
