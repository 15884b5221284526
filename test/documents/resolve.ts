import { allCommands } from '../../src/cli/commands.ts';
import { readOptions } from '../../src/settings/options.ts';
import { SettingRefused } from '../../src/settings/refused.ts';

const commands = await allCommands();

/** The names that commands, scripts and paths are resolved against. */
export interface Known {
  /** Paths of the checkout's files. */
  readonly paths: readonly string[];
  /** The scripts of package.json. */
  readonly scripts: readonly string[];
}

/** The parts of a command or a code span in a document that do not exist: a command of `postern`, an option, a script, a path. */
export function unresolved(code: string, known: Known): readonly string[] {
  const lines = code.replaceAll(/\\\n\s*/g, '');
  return [
    ...Array.from(lines.matchAll(posternCall), ([, words = '']) => faultOf(wordsIn(words))).filter(
      (fault) => fault !== undefined,
    ),
    ...Array.from(lines.matchAll(/\bnpm run ([\w:-]+)/g), ([, name = '']) => name)
      .filter((name) => !known.scripts.includes(name))
      .map((name) => `package.json has no script ${name}`),
    ...Array.from(lines.matchAll(path), ([, found = '']) => found.replace(/[.:]$/, ''))
      .filter((found) => !isThere(found, known.paths))
      .map((found) => `there is no ${found}`),
  ];
}

/** A call of `postern`, and no import of Python's or package for npx, with what follows it up to the end of the simple command. */
const posternCall =
  /(?<![\w/.-]|\bfrom |-p )(?:(?:\.\/|postern\/)?bin\/)?postern((?= +[a-z-])(?: +(?:"[^"\n]*"|'[^'\n]*'|[^\s|&;<>()`"'#]+))+)/g;

/** A file or folder of the checkout. One with a wildcard is a rule, not a path. */
const path = /(?<![\w/.-])((?:\.ci|bench|bin|docs|examples|runtime|src|test|tools)\/[\w./-]*)(?![\w*{<…])/g;

/** The words of a command. What a shell's function was given may be any. */
function wordsIn(text: string): readonly string[] {
  const words = text.matchAll(/"([^"]*)"|'([^']*)'|\S+/g);
  return Array.from(words, ([word, double, single]) => double ?? single ?? word).filter((word) => word !== '$@');
}

function faultOf(words: readonly string[]): string | undefined {
  const [first = '', ...rest] = words;
  if (first === 'start') return startFault(rest);
  if (/^(?:--help|--version|help|COMMAND)$/.test(first)) return undefined;
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `));
  if (isGroup && (rest.length === 0 || rest.join() === '--help')) return undefined;
  const command = commands.find(({ name }) => words.slice(0, name.split(' ').length).join(' ') === name);
  if (command === undefined) return `postern has no command ${words.join(' ')}`;
  const known = ['data', 'help', ...Object.keys({ ...command.options, ...command.flags })];
  const options = new Set(known.map((option) => `--${option}`));
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const wrong = own.find((word) => word.startsWith('--') && !options.has(word.replace(/=.*/, '')));
  return wrong === undefined ? undefined : `postern ${command.name} has no option ${wrong}`;
}

function startFault(argv: readonly string[]): string | undefined {
  try {
    readOptions(argv);
    return undefined;
  } catch (error) {
    if (error instanceof SettingRefused) return error.message;
    throw error;
  }
}

function isThere(found: string, paths: readonly string[]): boolean {
  const folder = found.endsWith('/') ? found : `${found}/`;
  return paths.some((each) => each === found || each.startsWith(folder));
}
