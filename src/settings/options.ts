import { parseArgs } from 'node:util';
import { inColumns } from './columns.ts';
import { OptionRefused, unknownName } from './refused.ts';

export interface Option {
  /** The placeholder of the value in the help; a flag has none. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
}

/** The options of `postern start`, in the order of its help. */
export const options = {
  port: { value: 'N', help: 'port of the public listeners; 0 takes any free one (default 8443)' },
  listen: {
    value: 'ADDRESS',
    repeatable: true,
    help: 'address to listen on; can be repeated (default 127.0.0.1 and ::1)',
  },
  data: { value: 'DIR', help: 'data folder (default ./postern-data)' },
  memory: { help: 'keep everything in memory; nothing is left on disk' },
  store: {
    value: 'URL',
    help:
      'keep the records in PostgreSQL, postgres://USER@HOST/DATABASE, which several servers can share; the password comes from ' +
      'PGPASSWORD or store.passwordFile. The data folder has the rest (default: the records are in the data folder)',
  },
  node: { value: 'NAME', help: 'name of this server among those of its store (default the name of this machine)' },
  join: {
    help: 'for one start: join a store with records although this server has no commit mark of it yet',
  },
  domain: { value: 'NAME', help: 'DNS name of this host; vaults are <vault>.vault.NAME (default localhost)' },
  'public-port': {
    value: 'N|any',
    help:
      'port in the URLs of clients, where a container or a firewall maps it to the port of the listeners; any: each answer has the port ' +
      "that its request names (default the listeners' own)",
  },
  json: { help: 'print one line of JSON when ready, instead of plain text' },
  'log-level': { value: 'LEVEL', help: "what the server's own log has: error, warn, info or debug (default info)" },
  nat: {
    value: 'CIDR=CIDR',
    repeatable: true,
    help:
      'show clients of the first range as addresses of the second, with the same host part; can be repeated; ' +
      '"bridge" shows the neighbours of a container on its private network as 203.0.113.0/24; "none" for no table (default 127.0.0.0/24=203.0.113.0/24 and ::1=203.0.113.1, but none if a listener is not on loopback)',
  },
  rules: { value: 'PROFILE', help: 'rule limits and forms: documented or current (default documented)' },
  user: {
    value: 'NAME|UID',
    help: 'user that the worker runs as when root starts it (default the user postern if it exists, else 61043)',
  },
  health: {
    value: 'ADDRESS:PORT',
    help: 'answer /healthz, /readyz and /metrics there, by plain HTTP; port 0 takes any free one (default: nowhere)',
  },
  readers: {
    value: 'N',
    help:
      'processes beside the worker that answer reads of secrets, keys and certificates, for a machine with more than two processors ' +
      '(default 0, at most 64)',
  },
  config: {
    value: 'FILE',
    help:
      'JSON file with these options and more: users, clients, certificates, gateways, the audit log (docs/reference/configuration.md); ' +
      'an option wins over the file',
  },
  seed: {
    value: 'FILE',
    help:
      'JSON file with networks, identities, users and vaults: each start makes and changes what it names; ' +
      'the first start makes it instead of the demo',
  },
  prune: {
    help: 'remove what the seed does not name from its resource group, and identities and users of earlier seeds',
  },
  'accept-declared': { help: 'let a subnet that is only declared, not enforced, satisfy virtual network rules' },
  'accept-copy': {
    help:
      'for one start: use the database as it is even if its commit mark is missing, damaged or newer, ' +
      'or records of an earlier release cannot be read',
  },
  'dry-run': {
    help: 'say what a start would do with the records, and whether all of them can be read; change nothing, and stop',
  },
  'no-demo': { help: 'do not create the demo vault at the first start' },
  check: {
    help: 'read the configuration and the files that it names, print what the server would run with, and start nothing; "postern config check"',
  },
  help: { help: 'print this help' },
} as const satisfies Readonly<Record<string, Option>>;

export type OptionName = keyof typeof options;

/** The options that were given. A flag's list has one empty string. */
export type GivenOptions = ReadonlyMap<OptionName, readonly string[]>;

/** @throws {OptionRefused} for an unknown or repeated option, and for a missing or superfluous value */
export function readOptions(argv: readonly string[]): GivenOptions {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      optionNames().map((name) => [name, { type: isFlag(name) ? ('boolean' as const) : ('string' as const) }]),
    ),
  });
  const given = new Map<OptionName, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') {
      const shown = token.kind === 'positional' ? token.value : '--';
      throw new OptionRefused(`postern start takes options only; ${JSON.stringify(shown)} is not one.`);
    }
    const { name, value, inlineValue } = token;
    if (!isOption(name)) {
      const known = optionNames().map((option) => `--${option}`);
      throw new OptionRefused(unknownName('the option', token.rawName, known));
    }
    const before = given.get(name) ?? [];
    if (before.length > 0 && !descriptionOf(name).repeatable) {
      throw new OptionRefused(`the option --${name} was given more than once.`);
    }
    given.set(name, [...before, checkedValue(name, value, inlineValue === true)]);
  }
  return given;
}

/** The environment variables that `postern start` reads. */
export const environment: Readonly<Record<string, string>> = {
  POSTERN_MASTER_KEY: 'the master key that seals everything in the store (instead of masterKeyFile)',
  POSTERN_MASTER_KEY_PREVIOUS: 'the previous master key, while the key is being changed',
  PGPASSWORD: 'the password for the database of --store (instead of store.passwordFile)',
};

/** The signals that `postern start` takes. */
export const signals: Readonly<Record<string, string>> = {
  'SIGTERM, SIGINT':
    'finish the requests in flight, for at most seven seconds (with --store: tell the balancer first, and for at most 30), then stop; a second signal stops at once',
  SIGHUP: 'reread the configuration file and reopen the audit log, without refusing a connection',
};

export const helpText = [
  'Usage: postern start [options]',
  '',
  'Starts the vaults, the resource manager and the token authority, and runs until it is stopped.',
  '',
  ...optionNames().flatMap((name) => inColumns(heading(name), descriptionOf(name).help)),
  '',
  'Environment:',
  ...Object.entries(environment).flatMap(([name, help]) => inColumns(name, help)),
  '',
  'Signals:',
  ...Object.entries(signals).flatMap(([name, help]) => inColumns(name, help)),
  '',
].join('\n');

export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

function checkedValue(name: OptionName, value: string | undefined, inline: boolean): string {
  const wanted = descriptionOf(name).value;
  if (wanted === undefined) {
    if (value !== undefined) throw new OptionRefused(`the option --${name} takes no value.`);
    return '';
  }
  // "--data --json" is a forgotten value far more often than a folder called --json.
  if (value === undefined || value === '' || (!inline && value.startsWith('-'))) {
    throw new OptionRefused(`the option --${name} needs a value: --${name} ${wanted}.`);
  }
  return value;
}

function optionNames(): readonly OptionName[] {
  return Object.keys(options).filter(isOption);
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

function isFlag(name: OptionName): boolean {
  return descriptionOf(name).value === undefined;
}

function descriptionOf(name: OptionName): Option {
  return options[name];
}

function heading(name: OptionName): string {
  const { value } = descriptionOf(name);
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}
