import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { faultsInConfigFile } from '../settings/config-file.ts';
import type { Settings } from '../settings/settings.ts';
import { shownUrl } from '../settings/store-config.ts';
import { faultsInFiles } from './check-files.ts';
import { missingMarkFolder } from './mark-place.ts';
import type { ConfigurationPlace, ReadConfiguration, RefusedConfiguration } from './read-configuration.ts';

/** The result of a check. */
export interface Checked {
  /** For standard output. */
  readonly output: string;
  /** For standard error, a line each. */
  readonly faults: readonly string[];
  readonly exitCode: number;
}

/** Says what the server would run with, or every fault that can be found at once. */
export function checked(read: ReadConfiguration | RefusedConfiguration, place: ConfigurationPlace): Checked {
  const { argv } = place;
  const asJson = argv.includes('--json') || (read.ok && read.settings.json);
  const faults = read.ok ? faultsInFiles(read.settings, read.files) : refusals(read, place);
  if (faults.length > 0 || !read.ok) {
    const exitCode = !read.ok && read.isUsage === true ? 2 : 1;
    return { output: asJson ? JSON.stringify({ valid: false, faults }, undefined, 2) : '', faults, exitCode };
  }
  const markFolder = missingMarkFolder(read.settings);
  const warnings = [...read.notices, ...(markFolder === undefined ? [] : [markFolder])];
  const wouldRun = runWith(read);
  const output = asJson
    ? JSON.stringify({ valid: true, settings: wouldRun, warnings }, undefined, 2)
    : [
        'The configuration is valid. The server would run with:',
        ...Object.entries(wouldRun).map(([name, value]) => `  ${name.padEnd(16)}${shown(value)}`),
        ...warnings.map((warning) => `Warning: ${warning}`),
      ].join('\n');
  return { output, faults: [], exitCode: 0 };
}

/** The reader stops at the first fault; of a file with several, each member's is wanted. */
function refusals({ message }: RefusedConfiguration, { argv, startedIn }: ConfigurationPlace): readonly string[] {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='));
  const word = argv[at] ?? '';
  const file = word === '--config' ? argv[at + 1] : word.slice('--config='.length);
  const path = at === -1 || file === undefined ? undefined : resolve(startedIn, file);
  const [first = message] = message.split('\nSee postern start --help.');
  if (path === undefined || !first.startsWith(`${path}: `)) return first.split('\n');
  const all = faultsInConfigFile(readFileSync(path, 'utf8'), path);
  return all.length > 0 ? all : [first];
}

/** The settings without secrets: of lists that may have some, how many there are. */
function runWith({ settings, become, tls }: ReadConfiguration) {
  const { listen, port, publicPort, dataFolder, domain, nat, rules, logLevel, acceptDeclared, demo, seed } = settings;
  const { gateways, loadBalancers, health, clients, users, workloads, issuers, audit, store } = settings;
  return {
    listen,
    port,
    publicPort: publicPort ?? 'as port',
    domain,
    data: dataFolder ?? 'in memory',
    ...(store !== undefined && { store: shownUrl(store.url), node: settings.node ?? '' }),
    user: become === undefined ? 'the user who starts it' : `uid ${become.uid}, gid ${become.gid}`,
    masterKey: masterKeyPlace(settings),
    tls: (tls?.pairs ?? []).map(({ path, names }) => `${path} for ${names.join(', ')}`),
    nat: nat.map(({ from, to }) => `${from}=${to}`),
    rules,
    logLevel,
    acceptDeclared,
    demo: demo && seed === undefined,
    seed: seed === undefined ? 'none' : `${seed.file}${seed.prune ? ', which prunes' : ''}`,
    health: health === undefined ? 'none' : placeOf(health.listen),
    gateways: [
      ...(gateways?.tls === undefined ? [] : [placeOf(gateways.tls.listen)]),
      ...(gateways?.unix ?? []).map(({ path }) => path),
    ],
    loadBalancers: loadBalancers.map((balancer) => placeOf(balancer.listen)),
    clients: clients.length,
    users: users.length,
    workloads: workloads.length,
    issuers: issuers.map(({ issuer }) => issuer),
    sinks: [...(audit?.otlp ?? []), ...(audit?.storageAccounts ?? [])].map(({ name }) => name),
  };
}

function masterKeyPlace({ masterKey, masterKeyFile, dataFolder }: Settings): string {
  if (masterKey !== undefined) return 'POSTERN_MASTER_KEY';
  if (masterKeyFile !== undefined) return masterKeyFile;
  return dataFolder === undefined ? 'in memory' : `master.key in the data folder`;
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function shown(value: string | number | boolean | readonly string[]): string {
  if (typeof value !== 'object') return String(value);
  return value.length === 0 ? 'none' : value.join('; ');
}
