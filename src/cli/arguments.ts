import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { nearest } from '../settings/nearest.ts';
import type { Command, Given, Options } from './command.ts';
import { synopsisOf } from './commands.ts';
import { CommandFailed } from './failed.ts';

type Known = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the words after a command's name.
 * @throws {CommandFailed} with the word that the command does not have, or lacks
 */
export function readArguments(
  command: Command,
  args: readonly string[],
): { readonly options: Options; readonly given: Given } {
  const { flags = {}, required } = command;
  const end = args.indexOf('--');
  const operands = end === -1 ? [] : args.slice(end + 1);
  const own = end === -1 ? [...args] : args.slice(0, end);
  const known = optionsOf(command);
  refuseUnknown(command, { own, known });
  const values = valuesIn(command, { own, known });
  const synopsis = synopsisOf(command);
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) throw new CommandFailed(`--${missing} is missing.`, synopsis);
  if (command.operands === undefined && end !== -1) throw new CommandFailed('Nothing may follow --.', synopsis);
  if (command.operands !== undefined && operands.length === 0) {
    throw new CommandFailed(`${command.operands} is missing after --.`, synopsis);
  }
  const strings = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  // The data folder of every command, unless an option names one.
  const { POSTERN_DATA: data } = process.env;
  return {
    options: { ...(data !== undefined && { data }), ...Object.fromEntries(strings) },
    given: { flags: new Set(Object.keys(flags).filter((name) => values[name] === true)), operands },
  };
}

function optionsOf({ options, flags = {} }: Command): Known {
  const withValue = [...Object.keys(options), 'data'].map((name) => [name, { type: 'string' }] as const);
  const withoutValue = Object.keys(flags).map((name) => [name, { type: 'boolean' }] as const);
  return Object.fromEntries<{ type: 'string' | 'boolean' }>([...withValue, ...withoutValue]);
}

interface Read {
  readonly own: readonly string[];
  readonly known: Known;
}

function refuseUnknown(command: Command, { own, known }: Read): void {
  const { tokens } = parseArgs({ args: [...own], options: known, strict: false, tokens: true });
  const word = tokens.find((token) => token.kind === 'positional');
  refuseRepeated(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
  const option = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(known, token.name));
  // The one that comes first: an unknown option takes no value, which is then a word too many.
  if (option?.kind === 'option' && (word === undefined || option.index < word.index)) {
    const near = nearest(
      option.rawName,
      Object.keys(known).map((name) => `--${name}`),
    );
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new CommandFailed(`'postern ${command.name}' has no option ${option.rawName}.${hint}`, synopsisOf(command));
  }
  if (word?.kind !== 'positional') return;
  const what = `'${word.value}' is not an option of 'postern ${command.name}'.`;
  if (command.operands === undefined) throw new CommandFailed(what, synopsisOf(command));
  const [before, program] = [own.slice(0, word.index), own.slice(word.index)];
  const example = ['postern', command.name, ...before, '--', ...program].join(' ');
  throw new CommandFailed(what, `Put -- before the program: ${example}`);
}

/** The last one would count, and the others would be forgotten without a word. */
function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return;
  throw new CommandFailed(`--${repeated} is given twice, and takes one value.`);
}

function valuesIn(command: Command, { own, known }: Read) {
  try {
    return parseArgs({ args: [...own], options: known, strict: true }).values;
  } catch (error) {
    throw new CommandFailed(error instanceof Error ? error.message : String(error), synopsisOf(command));
  }
}
