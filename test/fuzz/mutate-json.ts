import { mutateText } from './mutate-text.ts';
import type { Random } from './random.ts';

/** Values that no reader should accept in place of what it expects, or that are just at the edge. */
const values: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  9_007_199_254_740_991,
  '',
  ' ',
  'x',
  '\0',
  '\u{1f511}',
  '__proto__',
  [],
  {},
  [null],
  [[]],
  { toString: 1 },
  { toJSON: 1 },
  { length: 3 },
  { valueOf: null },
  '2026-01-01T00:00:00Z',
  '00000000-0000-0000-0000-000000000000',
  '[concat()]',
  'P1Y',
  '10.0.0.0/16',
  nested(40, (inner) => [inner]),
  nested(40, (inner) => ({ a: inner })),
  'long '.repeat(2_000),
  Array.from({ length: 300 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`name${index}`, index])),
];

const names: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  'then',
  'toJSON',
];

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let left = depth; left > 0; left -= 1) value = wrap(value);
  return value;
}

type Path = readonly (string | number)[];

/** The value with one to three parts changed, removed, renamed or repeated, as a string. */
export function mutateJson(value: unknown, random: Random, words: readonly string[]): string {
  let changed = value;
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const paths = pathsOf(changed);
    const path = random.pick(paths);
    changed = at(changed, path, (part) => otherPart(part, random, words));
  }
  const text = JSON.stringify(changed) ?? 'null';
  // Sometimes not JSON any more, or JSON that no value produces: a name twice, a number with an exponent.
  return random.once(8)
    ? mutateText(text, random, { words: [...words, '"a":1,', '1e400', '"\\ud800"'], other: text })
    : text;
}

function otherPart(part: unknown, random: Random, words: readonly string[]): unknown {
  const kind = random.below(8);
  if (kind < 3) return random.pick(values);
  if (typeof part === 'string') {
    return kind === 3 && words.length > 0 ? random.pick(words) : mutateText(part, random, { words, other: 'other' });
  }
  if (typeof part === 'number') return random.pick([part + 1, -part, part * 1e10, part / 3, String(part)]);
  if (Array.isArray(part)) {
    const items: readonly unknown[] = part;
    if (kind === 3) return [...items, ...items];
    return random.once(2) ? items.slice(1) : [...items, random.pick(values)];
  }
  if (typeof part === 'object' && part !== null) return otherObject(part, random, words);
  return random.pick(values);
}

function otherObject(part: object, random: Random, words: readonly string[]): unknown {
  const members: [string, unknown][] = Object.entries(part);
  const name = random.pick([...names, ...words]);
  if (members.length === 0 || random.once(3)) return Object.fromEntries([...members, [name, random.pick(values)]]);
  const [old, value] = random.pick(members);
  const others = members.filter(([member]) => member !== old);
  return random.once(2) ? Object.fromEntries(others) : Object.fromEntries([...others, [name, value]]);
}

/** Every part of a value, and the value itself. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null || path.length > 60) return [path];
  const parts = Object.entries(value).slice(0, 50);
  return [
    path,
    ...parts.flatMap(([name, part]) => pathsOf(part, [...path, Array.isArray(value) ? Number(name) : name])),
  ];
}

function at(value: unknown, [step, ...rest]: Path, change: (part: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === step ? at(item, rest, change) : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const members: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(members.map(([name, part]) => [name, name === step ? at(part, rest, change) : part]));
}
