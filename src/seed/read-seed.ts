import { refusalMessage } from '../firewall/refusal.ts';
import { describeJsonFault, parseBoundedJson } from '../json/bounded-json.ts';
import { placeOfJsonFault } from '../json/json-place.ts';
import { repeatedMember } from '../json/repeated-member.ts';
import { describeType, formatPath, printable, renderFault } from '../shape/fault.ts';
import type { Fault, JsonType, Wordings } from '../shape/fault.ts';
import type { RuleProfile } from '../types/firewall.ts';
import type { SeedBreach } from './described.ts';
import { misfit } from './references.ts';
import { seedOf } from './seed-file.ts';
import type { Seed } from './seed-file.ts';

/** A seed, or the first fault in it: where, and a sentence that begins with where. */
export type ReadSeed =
  { readonly ok: true; readonly seed: Seed } | { readonly ok: false; readonly path: string; readonly message: string };

/** The most that a file may hold. */
export const seedBounds = { characters: 8 * 1024 * 1024, json: { depth: 16, members: 100_000, values: 200_000 } };

/**
 * Reads a seed as a program gives it. First its form is checked in the order of the document, then what its parts say of
 * each other. Nothing that may be a secret is in a message.
 */
export function readSeed(value: unknown, profile: RuleProfile): ReadSeed {
  const read = seedOf(profile).shape(value);
  if (!read.ok) return refused(read.fault);
  const found = misfit(read.value, profile);
  if (found === undefined) return { ok: true, seed: read.value };
  return refused({ kind: 'breach', path: found.path, found: undefined, breach: found.breach });
}

/** Reads the contents of a seed file. */
export function parseSeed(contents: string, profile: RuleProfile): ReadSeed {
  const { characters, json } = seedBounds;
  if (contents.length > characters) {
    return {
      ok: false,
      path: '',
      message: `the file has ${contents.length} characters; at most ${characters} are allowed.`,
    };
  }
  // Windows editors add a byte order mark, which a parser may ignore (RFC 8259 section 8.1).
  const document = contents.replace(/^\uFEFF/, '');
  const parsed = parseBoundedJson(document, json);
  if (parsed.ok) {
    const twice = repeatedMember(contents);
    // The parser takes the last one: the rules of a vault that are further up would be in force for the reader of the file alone.
    if (twice !== undefined) return refused({ kind: 'breach', path: twice, found: undefined, breach: repeated });
    return readSeed(parsed.value, profile);
  }
  const { fault } = parsed;
  const where = fault.kind === 'notJson' ? ` (${placeOfJsonFault(document)})` : '';
  return { ok: false, path: '', message: `the file cannot be read: ${describeJsonFault(fault)}${where}.` };
}

const repeated = 'the file has it twice: leave one out';

function refused(fault: Fault<SeedBreach>): ReadSeed {
  return { ok: false, path: formatPath(fault.path), message: printable(renderFault(wordings, fault)) };
}

const typeRules: Readonly<Record<JsonType, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
};

const wordings: Wordings<SeedBreach, string> = {
  missingMember: ({ member }, at) => `${formatPath([member], at)}: it is missing.`,
  unknownMember: ({ member, known }, at) =>
    `${formatPath([member], at)}: there is no such member; known are ${known.join(', ')}.`,
  wrongType: ({ found, expected }, at) =>
    `${place(at)}this is ${describeType(found)}; it must be ${typeRules[expected]}.`,
  wrongValue: ({ found, expected }, at) => `${place(at)}${shown(found)} ${expected}.`,
  outOfRange: ({ found, least, most }, at) =>
    `${place(at)}${shown(found)} is not a whole number from ${least} to ${most}.`,
  unknownChoice: ({ found, choices }, at) => `${place(at)}${shown(found)} must be one of: ${choices.join(', ')}.`,
  breach: ({ breach }, at) =>
    typeof breach === 'string' ? `${place(at)}${breach}.` : refusalMessage({ ...breach, path: at }),
};

function place(at: string): string {
  return at === '' ? '' : `${at}: `;
}

/** A string, number or boolean; of anything else the type, for it may hold a secret. */
function shown(found: unknown): string {
  const isPlain = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean';
  return isPlain ? clipped(JSON.stringify(found)) : describeType(found);
}

function clipped(json: string): string {
  return json.length <= 200 ? json : `${json.slice(0, 199)}…`;
}
