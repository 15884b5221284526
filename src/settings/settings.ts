import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { natLine, natTable, type Interfaces } from './bridge.ts';
import { emptyConfig, readConfigFile, type ConfigFile } from './config-file.ts';
import { defaultNatFor } from './default-nat.ts';
import { chosen, single } from './given.ts';
import { readOptions, type GivenOptions } from './options.ts';
import { OptionRefused, readSetting, SettingRefused } from './refused.ts';
import { address, decimalNumber, domain, endpoint, publicPort, type NatMapping } from './values.ts';
import { parseSeed } from '../seed/read-seed.ts';
import type { Seed } from '../seed/seed-file.ts';
import { literal } from '../shape/shape.ts';
import type { RuleProfile } from '../types/firewall.ts';
import { profileOf } from './rule-profile.ts';
import { logLevels, type LogLevel, type StartMember } from './start-config.ts';
import { readersMax, readersOf } from './readers-config.ts';
import { nodeSettings, type NodeSettings } from './store-config.ts';

/** All settings, validated and frozen. They are plain data: the supervisor sends them to its worker as JSON. */
export interface Settings extends Omit<ConfigFile, StartMember>, NodeSettings {
  /** 0: any free port. */
  readonly port: number;
  /** IP addresses of the public listeners. */
  readonly listen: readonly string[];
  /** The addresses are the default: one that this machine does not have is left out. */
  readonly listenByDefault: boolean;
  /** Absolute path; `undefined`: everything in memory. */
  readonly dataFolder: string | undefined;
  readonly domain: string;
  /** The port in the URLs of clients, where it is another than `port`; `any`: the one that each request names. */
  readonly publicPort: number | 'any' | undefined;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly nat: readonly NatMapping[];
  readonly rules: 'documented' | 'current';
  /** A name or a uid; `undefined`: the default user (`supervisor/worker-user.ts`). */
  readonly user: string | undefined;
  /** How many processes answer reads beside the worker. */
  readonly readers: number;
  readonly acceptDeclared: boolean;
  /** Whether a database is accepted that is older than its commit mark, or whose mark is missing. */
  readonly acceptCopy: boolean;
  /** Whether to say what a start would do with the records, instead of starting. */
  readonly dryRun: boolean;
  readonly demo: boolean;
  /** Whether to read the configuration only. */
  readonly isCheck: boolean;
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
  /** The interfaces of this machine, for `--nat bridge`. */
  readonly interfaces?: () => Interfaces;
}

export type SettingsAnswer =
  | { readonly ok: true; readonly settings: Settings }
  /** `isUsage`: the words of the command line are wrong, whatever the files and the environment say. */
  | { readonly ok: false; readonly message: string; readonly isUsage: boolean };

/** The environment variables that hold keys. They are read here and not passed to child processes. */
export const secretVariables = ['POSTERN_MASTER_KEY', 'POSTERN_MASTER_KEY_PREVIOUS', 'PGPASSWORD'] as const;

const keyVariables = secretVariables.slice(0, 2);

const defaultListen = ['127.0.0.1', '::1'];

/**
 * Reads the command line, the environment and the configuration file; an option wins over the file's member. An unknown
 * option or member is refused by its name.
 */
export function readSettings(input: SettingsInput): SettingsAnswer {
  try {
    return { ok: true, settings: deepFreeze(settingsOf(input)) };
  } catch (error) {
    if (error instanceof SettingRefused) {
      return { ok: false, message: error.message, isUsage: error instanceof OptionRefused };
    }
    throw error;
  }
}

function settingsOf(input: SettingsInput): Settings {
  const given = readOptions(input.argv);
  const { start, config } = configOf(given, input);
  const asked = given.get('listen')?.map((value) => readSetting(address, value, '--listen'));
  if (asked !== undefined) refuseDuplicates(asked);
  const listen = asked ?? start.listen;
  const keys = masterKeysOf(config, input.environment);
  const rules = chosen(given, 'rules', literal('documented', 'current')) ?? start.rules ?? 'documented';
  const dataFolder = dataFolderOf(given, start, input.folder);
  const nodes = nodeOf(given, start, input);
  const beside = {
    memory: dataFolder === undefined,
    store: nodes.store !== undefined,
    throttling: config.throttling !== undefined,
  };
  return {
    ...config,
    ...keys,
    port: chosen(given, 'port', decimalNumber(0, 65_535)) ?? start.port ?? 8443,
    listen: listen ?? defaultListen,
    listenByDefault: listen === undefined,
    dataFolder,
    ...nodes,
    domain: chosen(given, 'domain', domain) ?? start.domain ?? 'localhost',
    publicPort: publicPortOf(given) ?? start.publicPort,
    json: given.has('json') || (start.json ?? false),
    logLevel: chosen(given, 'log-level', literal(...logLevels)) ?? start.logLevel ?? 'info',
    nat: natOf(given, start, input) ?? defaultNatFor(listen ?? defaultListen),
    rules,
    user: single(given, 'user') ?? start.user,
    readers: readersOf({
      asked: chosen(given, 'readers', decimalNumber(0, readersMax)),
      inFile: start.readers,
      with: beside,
    }),
    ...healthOf(given, config),
    acceptDeclared: given.has('accept-declared') || (start.acceptDeclared ?? false),
    acceptCopy: given.has('accept-copy'),
    isCheck: given.has('check'),
    dryRun: given.has('dry-run'),
    demo: !given.has('no-demo') && (start.demo ?? true),
    seed: seedOf({ given, start }, profileOf({ ...config, rules }), input),
  };
}

/** The options that the file gives. */
type StartValues = ReturnType<typeof configOf>['start'];

/** The file, apart in what is an option too and what is not; relative paths of options are relative to another folder. */
function configOf(given: GivenOptions, { folder, readFile }: SettingsInput) {
  const named = single(given, 'config');
  const path = named === undefined ? undefined : resolve(folder, named);
  const file = path === undefined ? emptyConfig() : readConfigFile(readOrRefuse('--config', path, readFile), path);
  const { port, listen, data, memory, domain: name, json, logLevel, nat, rules, user, seed, readers, ...more } = file;
  const { prune, acceptDeclared, demo, publicPort: mapped, store, node, ...config } = more;
  if (memory === true && data !== undefined)
    throw new SettingRefused(`${path}: memory and data (${data}) cannot be used together; give one of them.`);
  const start = {
    port,
    listen,
    data,
    memory,
    domain: name,
    json,
    logLevel,
    nat,
    rules,
    user,
    seed,
    readers,
    store,
    node,
  };
  return { config, start: { ...start, prune, acceptDeclared, demo, publicPort: mapped } };
}

/** The option names another place for the listener of the file. */
function healthOf(given: GivenOptions, { health }: Pick<Settings, 'health'>): Pick<Settings, 'health'> {
  const listen = chosen(given, 'health', endpoint);
  return listen === undefined ? {} : { health: { hosts: [], ...health, listen } };
}

interface SeedGiven {
  readonly given: GivenOptions;
  readonly start: Pick<StartValues, 'seed' | 'prune'>;
}

function seedOf(
  { given, start }: SeedGiven,
  profile: RuleProfile,
  { folder, readFile }: SettingsInput,
): SeedSetting | undefined {
  const named = single(given, 'seed') ?? start.seed;
  const prune = given.has('prune') || (start.prune ?? false);
  if (named === undefined) {
    if (given.has('prune'))
      throw new OptionRefused('--prune removes what a seed does not name: give --seed FILE with it.');
    if (prune)
      throw new SettingRefused('prune in the configuration file removes what a seed does not name: give seed with it.');
    return undefined;
  }
  const file = resolve(folder, named);
  const read = parseSeed(readOrRefuse(given.has('seed') ? '--seed' : 'seed', file, readFile), profile);
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
  const [masterKey, previousMasterKey] = keyVariables.map((name) => environment[name]);
  const empty = keyVariables.find((name) => environment[name] === '');
  if (empty !== undefined) throw new SettingRefused(`${empty} is set but empty: unset it, or set it to the key.`);
  if (masterKey !== undefined && config.masterKeyFile !== undefined) {
    throw new SettingRefused(
      `POSTERN_MASTER_KEY and masterKeyFile (${config.masterKeyFile}) cannot be used together; give one of them.`,
    );
  }
  return { masterKey, previousMasterKey };
}

function dataFolderOf(given: GivenOptions, start: StartValues, folder: string): string | undefined {
  const data = single(given, 'data');
  if (given.has('memory')) {
    if (data === undefined) return undefined;
    throw new OptionRefused(`--memory and --data ${data} cannot be used together; give one of them.`);
  }
  if (data === undefined && start.memory === true) return undefined;
  return resolve(folder, data ?? start.data ?? 'postern-data');
}

function nodeOf(given: GivenOptions, start: StartValues, { environment }: SettingsInput) {
  const inFile = start.memory === true && single(given, 'data') === undefined ? 'memory' : undefined;
  return nodeSettings({
    store: single(given, 'store'),
    node: single(given, 'node'),
    join: given.has('join'),
    memory: given.has('memory') ? '--memory' : inFile,
    file: start,
    environment,
  });
}

function publicPortOf(given: GivenOptions): Settings['publicPort'] {
  const port = single(given, 'public-port');
  return port === undefined
    ? undefined
    : readSetting(publicPort, /^[1-9][0-9]*$/.test(port) ? Number(port) : port, '--public-port');
}

function natOf(
  given: GivenOptions,
  start: StartValues,
  { interfaces = networkInterfaces }: SettingsInput,
): readonly NatMapping[] | undefined {
  const lines = given.get('nat');
  if (lines === undefined) return start.nat && natTable(start.nat, { setting: 'nat', interfaces });
  if (!lines.includes('none')) {
    const read = lines.map((line) => readSetting(natLine, line, '--nat'));
    return natTable(read, { setting: '--nat', interfaces });
  }
  if (lines.length > 1) throw new OptionRefused('--nat none cannot be used together with other --nat options.');
  return [];
}

function refuseDuplicates(listen: readonly string[]): void {
  const twice = listen.find((value, index) => listen.indexOf(value) !== index);
  if (twice !== undefined) throw new OptionRefused(`--listen: the address ${twice} was given more than once.`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
