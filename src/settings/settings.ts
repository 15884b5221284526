import { resolve } from 'node:path';
import { emptyConfig, readConfigFile, type ConfigFile } from './config-file.ts';
import { readOptions, type GivenOptions } from './options.ts';
import { readSetting, SettingRefused } from './refused.ts';
import { address, decimalNumber, domain, isLoopback, natMapping, nonEmptyString, type NatMapping } from './values.ts';
import { parseSeed } from '../seed/read-seed.ts';
import type { Seed } from '../seed/seed-file.ts';
import { literal } from '../shape/shape.ts';
import type { RuleProfile } from '../types/firewall.ts';
import { profileOf } from './rule-profile.ts';

/** All settings, validated and frozen. They are plain data: the supervisor sends them to its worker as JSON. */
export interface Settings extends ConfigFile {
  /** 0: any free port. */
  readonly port: number;
  /** IP addresses of the public listeners. */
  readonly listen: readonly string[];
  /** The addresses are the default: one that this machine does not have is left out. */
  readonly listenByDefault: boolean;
  /** Absolute path; `undefined`: everything in memory. */
  readonly dataFolder: string | undefined;
  readonly domain: string;
  readonly json: boolean;
  readonly nat: readonly NatMapping[];
  readonly rules: 'documented' | 'current';
  /** A name or a uid; `undefined`: the default user (`supervisor/worker-user.ts`). */
  readonly user: string | undefined;
  readonly acceptDeclared: boolean;
  /** Whether a database is accepted that is older than its commit mark, or whose mark is missing. */
  readonly acceptCopy: boolean;
  readonly demo: boolean;
  readonly seed: SeedSetting | undefined;
  /** Never printed. */
  readonly masterKey: string | undefined;
  /** Never printed. */
  readonly previousMasterKey: string | undefined;
}

/** A seed file as it was read. It may hold secrets, and is never printed. */
export interface SeedSetting {
  /** Absolute, for messages. */
  readonly file: string;
  readonly seed: Seed;
  /** Whether to remove what the seed does not name. */
  readonly prune: boolean;
}

export interface SettingsInput {
  /** The arguments after `postern start`. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  /** The folder that relative paths on the command line are relative to. */
  readonly folder: string;
}

export type SettingsAnswer =
  { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly message: string };

/** The environment variables that hold keys. They are read here and not passed to child processes. */
export const secretVariables = ['POSTERN_MASTER_KEY', 'POSTERN_MASTER_KEY_PREVIOUS'] as const;

const defaultListen = ['127.0.0.1', '::1'];

/**
 * Shows a client on loopback as an address of TEST-NET-3 (RFC 5737), as a NAT gateway would: a loopback address can never
 * be in an IP rule.
 */
const defaultNat: readonly NatMapping[] = [
  { from: '127.0.0.0/24', to: '203.0.113.0/24' },
  { from: '::1', to: '203.0.113.1' },
];

/** Reads the command line, the environment and the configuration file. An unknown option or member is refused by its name. */
export function readSettings(input: SettingsInput): SettingsAnswer {
  try {
    return { ok: true, settings: deepFreeze(settingsOf(input)) };
  } catch (error) {
    if (error instanceof SettingRefused) return { ok: false, message: error.message };
    throw error;
  }
}

function settingsOf(input: SettingsInput): Settings {
  const given = readOptions(input.argv);
  const listen = given.get('listen')?.map((value) => readSetting(address, value, '--listen')) ?? defaultListen;
  refuseDuplicates(listen);
  const config = configOf(given, input);
  const keys = masterKeysOf(config, input.environment);
  const port = single(given, 'port');
  const rules = rulesOf(given);
  return {
    ...config,
    ...keys,
    port: port === undefined ? 8443 : readSetting(decimalNumber(0, 65_535), port, '--port'),
    listen,
    listenByDefault: given.get('listen') === undefined,
    dataFolder: dataFolderOf(given, input.folder),
    domain: readSetting(domain, single(given, 'domain') ?? 'localhost', '--domain'),
    json: given.has('json'),
    nat: natOf(given, listen),
    rules,
    user: single(given, 'user'),
    acceptDeclared: given.has('accept-declared'),
    acceptCopy: given.has('accept-copy'),
    demo: !given.has('no-demo'),
    seed: seedOf(given, profileOf({ ...config, rules }), input),
  };
}

function configOf(given: GivenOptions, { folder, readFile }: SettingsInput): ConfigFile {
  const file = single(given, 'config');
  if (file === undefined) return emptyConfig();
  const path = resolve(folder, file);
  return readConfigFile(readOrRefuse('--config', path, readFile), path);
}

function rulesOf(given: GivenOptions): Settings['rules'] {
  const rules = single(given, 'rules');
  return rules === undefined ? 'documented' : readSetting(literal('documented', 'current'), rules, '--rules');
}

function seedOf(
  given: GivenOptions,
  profile: RuleProfile,
  { folder, readFile }: SettingsInput,
): SeedSetting | undefined {
  const named = single(given, 'seed');
  const prune = given.has('prune');
  if (named === undefined) {
    if (prune) throw new SettingRefused('--prune removes what a seed does not name: give --seed FILE with it.');
    return undefined;
  }
  const file = resolve(folder, named);
  const read = parseSeed(readOrRefuse('--seed', file, readFile), profile);
  if (!read.ok) throw new SettingRefused(`${file}: ${read.message}`);
  return { file, seed: read.seed, prune };
}

function readOrRefuse(option: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SettingRefused(`${option}: the file cannot be read: ${cause}.`);
  }
}

function masterKeysOf(config: ConfigFile, environment: SettingsInput['environment']) {
  const [masterKey, previousMasterKey] = secretVariables.map((name) => environment[name]);
  const empty = secretVariables.find((name) => environment[name] === '');
  if (empty !== undefined) throw new SettingRefused(`${empty} is set but empty: unset it, or set it to the key.`);
  if (masterKey !== undefined && config.masterKeyFile !== undefined) {
    throw new SettingRefused(
      `POSTERN_MASTER_KEY and masterKeyFile (${config.masterKeyFile}) cannot be used together; give one of them.`,
    );
  }
  return { masterKey, previousMasterKey };
}

function dataFolderOf(given: GivenOptions, folder: string): string | undefined {
  const data = single(given, 'data');
  if (!given.has('memory')) return resolve(folder, data ?? 'postern-data');
  if (data !== undefined)
    throw new SettingRefused(`--memory and --data ${data} cannot be used together; give one of them.`);
  return undefined;
}

function natOf(given: GivenOptions, listen: readonly string[]): readonly NatMapping[] {
  const lines = given.get('nat');
  // Behind a proxy on this host, the default table would show the whole internet as one TEST-NET address.
  if (lines === undefined) return listen.every(isLoopback) ? defaultNat : [];
  if (!lines.includes('none')) return lines.map((line) => readSetting(natMapping, line, '--nat'));
  if (lines.length > 1) throw new SettingRefused('--nat none cannot be used together with other --nat options.');
  return [];
}

function single(given: GivenOptions, name: Parameters<GivenOptions['get']>[0]): string | undefined {
  const [value] = given.get(name) ?? [];
  return value === undefined ? undefined : readSetting(nonEmptyString, value, `--${name}`);
}

function refuseDuplicates(listen: readonly string[]): void {
  const twice = listen.find((value, index) => listen.indexOf(value) !== index);
  if (twice !== undefined) throw new SettingRefused(`--listen: the address ${twice} was given more than once.`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
