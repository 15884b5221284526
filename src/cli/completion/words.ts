import { options } from '../../settings/options.ts';
import type { Option } from '../../settings/options.ts';
import type { Command, ValueOption } from '../command.ts';
import { allCommands } from '../commands.ts';
import { summaryOf, valueOptions } from '../help.ts';

/** A command as a shell completes it: the scripts of all shells are made of these. */
export interface CompletedCommand {
  /** `secret show`. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Whether a program follows `--`. */
  readonly hasProgram: boolean;
}

export interface CompletedOption {
  /** Without the two hyphens. */
  readonly name: string;
  readonly summary: string;
  /** `none`: it takes no value; `any`: one that the shell cannot know. */
  readonly takes: 'none' | 'any' | 'file' | 'folder' | readonly string[];
}

const help: CompletedOption = { name: 'help', summary: 'print the help', takes: 'none' };

/** Every command, `start` and `help` among them. */
export async function completedCommands(): Promise<readonly CompletedCommand[]> {
  const all = (await allCommands()).map(completed);
  const asked = { name: 'help', summary: 'Prints the help of a command', options: [], hasProgram: false };
  return [start(), ...all, asked];
}

/** The words that may follow this one: `show`, `set` … after `secret`, and every first word after none. */
export function nextWords(
  all: readonly CompletedCommand[],
  word: string | undefined,
): readonly (readonly [string, string])[] {
  const found = new Map<string, string>();
  for (const { name, summary } of all) {
    const [first = '', second] = name.split(' ');
    if (word === first && second !== undefined) found.set(second, summary);
    else if (word === undefined)
      found.set(first, second === undefined ? summary : (found.get(first) ?? groupSummary(all, first)));
  }
  return [...found];
}

function groupSummary(all: readonly CompletedCommand[], first: string): string {
  const seconds = all.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
  return seconds.join(', ');
}

/** The first words of commands that have two. */
export function groupsOf(all: readonly CompletedCommand[]): readonly string[] {
  return [...new Set(all.flatMap(({ name }) => (name.includes(' ') ? [name.slice(0, name.indexOf(' '))] : [])))];
}

function completed(command: Command): CompletedCommand {
  const withValue = [...valueOptions(command)].map(([name, form]) => ofValue(name, form));
  const flags = Object.entries(command.flags ?? {}).map(([name, words]) => ({
    name,
    summary: firstPart(words),
    takes: 'none' as const,
  }));
  return {
    name: command.name,
    summary: summaryOf(command),
    options: [...withValue, ...flags, help],
    hasProgram: command.operands !== undefined,
  };
}

function ofValue(name: string, { help: words, takes }: ValueOption): CompletedOption {
  return { name, summary: firstPart(words), takes: takes ?? 'any' };
}

function start(): CompletedCommand {
  const own = Object.entries<Option>(options).map(([name, { value, help: words }]): CompletedOption => ({
    name,
    summary: firstPart(words),
    takes: value === undefined ? 'none' : (startTakes[name] ?? pathOf(value)),
  }));
  return { name: 'start', summary: 'Starts the server', options: own, hasProgram: false };
}

const startTakes: Readonly<Record<string, CompletedOption['takes']>> = { rules: ['documented', 'current'] };

function pathOf(placeholder: string): 'file' | 'folder' | 'any' {
  if (placeholder === 'FILE') return 'file';
  return placeholder === 'DIR' ? 'folder' : 'any';
}

/** Up to the first stop or bracket. */
function firstPart(words: string): string {
  return words.replace(/(?:[;:(] ?.*| \(.*|\.)$/s, '').trim();
}

/** The lines of a script that complete the value of an option: one for each option that has one. */
export function valueLines(
  all: readonly CompletedCommand[],
  lineOf: (command: string, option: CompletedOption) => string,
): string {
  return all
    .flatMap(({ name, options: own }) => own.map((option) => lineOf(name, option)))
    .filter((line) => line !== '')
    .join('\n');
}
