import { filled, inColumns } from '../settings/columns.ts';
import type { Command, ValueOption } from './command.ts';
import { allCommands, commands, namesInGroup, topics } from './commands.ts';

const dataOption: ValueOption = {
  help: 'data folder of the running server (default POSTERN_DATA or ./postern-data)',
  value: 'DIR',
  takes: 'folder',
};

/** Every option of a command that takes a value. */
export function valueOptions({ options, isWithoutData }: Command): ReadonlyMap<string, ValueOption> {
  const own = Object.entries(options).map(
    ([name, given]) => [name, typeof given === 'string' ? { help: given } : given] as const,
  );
  return new Map([...own, ...(isWithoutData === true ? [] : [['data', dataOption] as const])]);
}

/** `--name VALUE`, as the help has an option. */
export function withPlaceholder(name: string, { value, takes }: ValueOption): string {
  const words = typeof takes === 'object' ? takes.join('|') : takes === undefined ? undefined : pathWords[takes];
  return `--${name} ${value ?? words ?? name.toUpperCase()}`;
}

const pathWords = { file: 'FILE', folder: 'DIR' } as const;

/** Each option of a command with its placeholder, and what it is. */
export function optionHelp(command: Command): readonly (readonly [option: string, help: string])[] {
  return [
    ...[...valueOptions(command)].map(([name, option]) => [withPlaceholder(name, option), option.help] as const),
    ...Object.entries(command.flags ?? {}).map(([name, help]) => [`--${name}`, help] as const),
  ];
}

/** `postern secret show --vault VAULT …`, with what may be left out in brackets. */
export function synopsisOf(command: Command): string {
  return synopsisParts(command).join(' ');
}

/** The same in the parts that stay in one line. */
function synopsisParts(command: Command): readonly string[] {
  const { name, required, flags = {}, operands } = command;
  const withValue = [...valueOptions(command)].map(([option, form]) => {
    const shown = withPlaceholder(option, form);
    return required.includes(option) ? shown : `[${shown}]`;
  });
  const withoutValue = Object.keys(flags).map((flag) => `[--${flag}]`);
  const rest = operands === undefined ? [] : [`-- ${operands}`];
  return [`postern ${name}`, ...withValue, ...withoutValue, ...rest];
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const [first = '', ...more] = filled(synopsisParts(command), 90);
  return [
    `Usage: ${first}`,
    ...more.map((line) => `         ${line}`),
    '',
    ...filled(command.synopsis.split(' ')),
    '',
    ...optionHelp(command).flatMap(([option, help]) => inColumns(option, help)),
    '',
  ].join('\n');
}

/** The synopsis of a command up to the first stop. */
export function summaryOf({ synopsis }: Command): string {
  return synopsis.replace(/(?:[.;:] .*|\.)$/s, '');
}

/** The commands that begin with this word, such as `net`. */
export async function groupHelp(word: string): Promise<string> {
  const found = namesInGroup(word);
  const own = commands.has(word) ? [word] : [];
  const lines = (await loaded([...own, ...found])).flatMap(lineOf);
  return [`Usage: postern ${word} COMMAND [OPTIONS]`, '', ...lines, '', helpOfOne(`${word} COMMAND`), ''].join('\n');
}

/** Every command in a line, by topic. */
export async function usage(): Promise<string> {
  const all = new Map((await allCommands()).map((command) => [command.name, command]));
  const linesOf = (names: readonly string[]) =>
    names.flatMap((name) => {
      const command = all.get(name);
      return command === undefined ? [] : lineOf(command);
    });
  return [
    'Usage: postern COMMAND [OPTIONS]',
    '',
    ...inColumns('postern start', 'Starts the vaults, the resource manager and the token authority'),
    ...Object.entries(topics).flatMap(([topic, rows]) => ['', `${topic}:`, ...linesOf(rows.map(([name]) => name))]),
    '',
    helpOfOne('COMMAND'),
    'A command finds the server by its data folder: --data DIR, else what POSTERN_DATA names, else',
    './postern-data. With --json its output is JSON, and so is what it says of a failure. Exit status:',
    '0 done, 1 failed or denied, 2 wrong usage.',
    '',
  ].join('\n');
}

function lineOf(command: Command): readonly string[] {
  return inColumns(`postern ${command.name}`, summaryOf(command), 40);
}

function helpOfOne(words: string): string {
  return `"postern ${words} --help" has the options of one.`;
}

async function loaded(names: readonly string[]): Promise<readonly Command[]> {
  const loads = names.flatMap((name) => commands.get(name) ?? []);
  return Promise.all(loads.map((load) => load()));
}
