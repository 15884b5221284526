import { range } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** Signs that mean something in some language. */
const signs: readonly string[] = [
  ...Array.from('\'"`[](){}<>,:;.|&=%#?/\\@!*+-_~$^ \t\r\n\0'),
  "''",
  '[[',
  '%00',
  '%2F',
  '%25',
  '%zz',
  '//',
  '/../',
  '/./',
  '..',
  '\u00e9',
  '\u0130',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\u{1f511}',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'NaN',
];

const numbers: readonly string[] = [
  '0 -0 -1 1 00 1.5 1e3 1e300 1e999 0x10 127 128 255 256 65535 65536',
  '2147483647 2147483648 4294967296 9007199254740991 9007199254740993 99999999999999999999',
].flatMap((line) => line.split(' '));

type Change = (
  text: string,
  random: Random,
  more: { readonly words: readonly string[]; readonly other: string },
) => string;

const changes: readonly Change[] = [
  function cut(text, random) {
    const [from, to] = range(text, random);
    return text.slice(0, from) + text.slice(to);
  },
  function insertSign(text, random) {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(signs) + text.slice(at);
  },
  function insertWord(text, random, { words }) {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(words.length === 0 ? signs : words) + text.slice(at);
  },
  function repeat(text, random) {
    const [from, to] = range(text, random);
    const most = Math.floor(20_000 / (to - from));
    const times = Math.min(most, random.pick([1, 1, 2, 8, 100, 3000]));
    return text.slice(0, to) + text.slice(from, to).repeat(times) + text.slice(to);
  },
  function otherNumber(text, random) {
    const found = [...text.matchAll(/\d+/g)];
    if (found.length === 0) return text + random.pick(numbers);
    const { index, 0: digits } = random.pick(found);
    return text.slice(0, index) + random.pick(numbers) + text.slice(index + digits.length);
  },
  function otherCase(text, random) {
    const [from, to] = range(text, random);
    const piece = text.slice(from, to);
    const changed = random.once(2) ? piece.toUpperCase() : piece.toLowerCase();
    return text.slice(0, from) + changed + text.slice(to);
  },
  (text, random, { other }) => text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length)),
  function wrap(text, random) {
    const [open = '', close = ''] = random.pick(['()', '[]', '{}', "''", '""']);
    const deep = random.pick([1, 1, 2, 30, 2000]);
    const [from, to] = range(text, random);
    return text.slice(0, from) + open.repeat(deep) + text.slice(from, to) + close.repeat(deep) + text.slice(to);
  },
];

/** The string with one to four changes. */
export function mutateText(
  text: string,
  random: Random,
  more: { readonly words: readonly string[]; readonly other: string },
): string {
  let changed = text;
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    changed = changed === '' ? more.other : random.pick(changes)(changed, random, more);
    // Longer strings find nothing new, and take time.
    if (changed.length > 200_000) changed = changed.slice(0, 200_000);
  }
  return changed;
}
