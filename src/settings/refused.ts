import { formatPath, renderFault } from '../shape/fault.ts';
import type { JsonType, Wordings } from '../shape/fault.ts';
import type { Shape } from '../shape/shape.ts';
import { nearest } from './nearest.ts';

/** An invalid setting. It is thrown inside this room only; `readSettings` returns its message. */
export class SettingRefused extends Error {
  override readonly name: string = 'SettingRefused';
}

/** Such a setting on the command line itself, and not in a file that it names. */
export class OptionRefused extends SettingRefused {
  override readonly name = 'OptionRefused';
}

/**
 * Reads the setting at the path `base`, which is empty for a whole file, and `--name` for an option.
 * @throws {SettingRefused} with the invalid value
 */
export function readSetting<T>(shape: Shape<T, string>, value: unknown, base: string): T {
  const read = shape(value);
  if (read.ok) return read.value;
  const message = renderFault(wordings, read.fault, base);
  throw base.startsWith('--') ? new OptionRefused(message) : new SettingRefused(message);
}

const typeRules: Readonly<Record<JsonType, string>> = {
  object: 'is not a JSON object',
  array: 'is not a JSON array',
  string: 'is not a string',
  boolean: 'must be true or false',
  number: 'is not a number',
};

const wordings: Wordings<string, string> = {
  missingMember: ({ member }, at) => `${formatPath([member], at)} is missing.`,
  unknownMember: ({ member, known }, at) => unknownName(at === '' ? 'the member' : `${at}: the member`, member, known),
  wrongType: ({ found, expected }, at) => fault(found, typeRules[expected], at),
  wrongValue: ({ found, expected }, at) => fault(found, expected, at),
  outOfRange: ({ found, least, most }, at) => fault(found, `is not a whole number from ${least} to ${most}`, at),
  unknownChoice: ({ found, choices }, at) => fault(found, `must be one of: ${choices.join(', ')}`, at),
  // This rule follows the path without the value: the value must not be shown, or several members break the rule.
  breach: ({ breach }, at) => `${at}${breach}.`,
};

function fault(found: unknown, rule: string, at: string): string {
  return `${at === '' ? '' : `${at}: `}${shown(found)} ${rule}.`;
}

/** Shows a value. The contents of an object or array are left out: a misplaced one may contain a password. */
function shown(value: unknown): string {
  const hasMembers = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!hasMembers) return JSON.stringify(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** The message for an unknown name, with the nearest known name as a hint, and all known names. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  return `${what} ${name} is not known.${hint} Known: ${known.join(', ')}.`;
}
