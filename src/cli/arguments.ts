import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { nearest } from '../settings/nearest.ts';
import type { Command, Given, Options, ValueOption } from './command.ts';
import { WrongUsage } from './failed.ts';
import { synopsisOf, valueOptions, withPlaceholder } from './help.ts';

type Known = NonNullable<ParseArgsConfig['options']>;
type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, { readonly kind: 'option' }>;

/** The words after a command's name, up to the `--` before a program. */
interface Read {
  readonly command: Command;
  readonly own: readonly string[];
  readonly known: Known;
}

/**
 * Reads the words after a command's name.
 * @param data the data folder of every command, unless an option names one
 * @throws {WrongUsage} with the word that the command does not have, or lacks
 */
export function readArguments(
  command: Command,
  args: readonly string[],
  data: string | undefined,
): { readonly options: Options; readonly given: Given } {
  if (command.isOfStart === true) return { options: {}, given: { flags: new Set(), operands: args } };
  const { flags = {}, required } = command;
  const end = args.indexOf('--');
  const operands = end === -1 ? [] : args.slice(end + 1);
  const read: Read = { command, own: end === -1 ? args : args.slice(0, end), known: optionsOf(command) };
  const tokens = tokensOf(read);
  refuseUnknown(tokens, read);
  const found = tokens.filter((token) => token.kind === 'option');
  refuseRepeated(found.map(({ name }) => name));
  const values = new Map(found.map((token) => [token.name, valueOf(token, command)]));
  const synopsis = synopsisOf(command);
  const missing = required.find((name) => !values.has(name));
  if (missing !== undefined) throw new WrongUsage(`--${missing} is missing.`, synopsis);
  if (command.operands === undefined && end !== -1) throw new WrongUsage('Nothing may follow --.', synopsis);
  if (command.operands !== undefined && operands.length === 0) {
    throw new WrongUsage(`${command.operands} is missing after --.`, synopsis);
  }
  const withValue = [...values].filter(([name]) => !Object.hasOwn(flags, name));
  return {
    options: { ...(data !== undefined && { data }), ...Object.fromEntries(withValue) },
    given: { flags: new Set(Object.keys(flags).filter((name) => values.has(name))), operands },
  };
}

function optionsOf(command: Command): Known {
  const withValue = [...valueOptions(command).keys()].map((name) => [name, { type: 'string' }] as const);
  const withoutValue = Object.keys(command.flags ?? {}).map((name) => [name, { type: 'boolean' }] as const);
  return Object.fromEntries<{ type: 'string' | 'boolean' }>([...withValue, ...withoutValue]);
}

function tokensOf({ own, known }: Pick<Read, 'own' | 'known'>) {
  return parseArgs({ args: [...own], options: known, strict: false, tokens: true }).tokens;
}

function refuseUnknown(tokens: readonly Token[], { command, own, known }: Read): void {
  const word = tokens.find((token) => token.kind === 'positional');
  const option = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(known, token.name));
  // The one that comes first: an unknown option takes no value, which is then a word too many.
  if (option?.kind === 'option' && (word === undefined || option.index < word.index)) {
    const near = nearest(
      option.rawName,
      [...Object.keys(known), 'help'].map((name) => `--${name}`),
    );
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new WrongUsage(`'postern ${command.name}' has no option ${option.rawName}.${hint}`, synopsisOf(command));
  }
  if (word?.kind !== 'positional') return;
  const what = `'${word.value}' is not an option of 'postern ${command.name}'.`;
  if (command.operands === undefined) throw new WrongUsage(what, synopsisOf(command));
  const [before, program] = [own.slice(0, word.index), own.slice(word.index)];
  const example = ['postern', command.name, ...before, '--', ...program].join(' ');
  throw new WrongUsage(what, `Put -- before the program: ${example}`);
}

/** The last one would count, and the others would be forgotten without a word. */
function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return;
  throw new WrongUsage(`--${repeated} is given twice.`, 'Give it once.');
}

/** The value of an option; an empty string for one that takes none. */
function valueOf({ name, value, inlineValue }: OptionToken, command: Command): string {
  const form = valueOptions(command).get(name);
  if (form === undefined) {
    if (value !== undefined) throw new WrongUsage(`--${name} takes no value.`, synopsisOf(command));
    return '';
  }
  // "--vault --json" is a forgotten value far more often than a vault called --json.
  if (value === undefined || (!inlineValue && value.startsWith('-') && value !== '-')) {
    const instead = value === undefined ? synopsisOf(command) : `If ${value} is the value: --${name}=${value}`;
    throw new WrongUsage(`--${name} needs a value: ${withPlaceholder(name, form)}.`, instead);
  }
  return chosen(name, value, form);
}

function chosen(name: string, value: string, { takes }: ValueOption): string {
  if (typeof takes !== 'object') return value;
  const word = takes.find((each) => each.toLowerCase() === value.toLowerCase());
  if (word !== undefined) return word;
  const near = nearest(value, takes);
  const hint = near === undefined ? undefined : `Did you mean ${near}?`;
  throw new WrongUsage(`--${name} must be ${takes.join(' or ')}, and not '${value}'.`, hint);
}
