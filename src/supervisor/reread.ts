import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readSettings, type Settings } from '../settings/settings.ts';
import { readOperatorFiles } from './operator-files.ts';
import { OperatorTls, type Tls } from './operator-tls.ts';
import { refuseWorkersFiles } from './root-files.ts';
import type { User } from './worker-user.ts';

/** The configuration that a worker gets: the settings, and the contents of the files that they name, by path. */
export interface WorkerConfiguration {
  readonly settings: Settings;
  readonly files: Readonly<Record<string, string>>;
  /** The operator's certificates; `undefined`: none is configured. */
  readonly tls: OperatorTls | undefined;
}

export type Reread =
  | {
      readonly ok: true;
      readonly configuration: WorkerConfiguration;
      /** Settings that have changed in the file but need a restart. */
      readonly kept: readonly string[];
      /** For the operator. */
      readonly notices: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

export interface RereadInput {
  readonly tls: Tls;
  /** The arguments after `postern start`. */
  readonly argv: readonly string[];
  readonly become: User | undefined;
  readonly inForce: Settings;
  /** As the start read them: those in force have the port and the folder that were taken. */
  readonly atStart: Settings;
  /** The working directory at the start, which relative paths on the command line are relative to. */
  readonly folder: string;
}

/**
 * What needs a restart, by its name in the file: the folder, the user and the sockets, which the supervisor takes once; the
 * domain, which tokens and ids in the store have; and the master key, because a change also needs the previous key, from the
 * environment.
 */
const restartOnly = [
  ['port', 'port'],
  ['listen', 'listen'],
  ['dataFolder', 'data'],
  ['store', 'store'],
  ['node', 'node'],
  ['domain', 'domain'],
  ['user', 'user'],
  ['readers', 'readers'],
  ['gateways', 'gateways'],
  ['loadBalancers', 'loadBalancers'],
  ['health', 'health'],
  ['masterKeyFile', 'masterKeyFile'],
  ['commitMarkFile', 'commitMarkFile'],
] as const satisfies readonly (readonly [setting: keyof Settings, shown: string])[];

/**
 * Reads the configuration file, and the files that it names, again while the server runs. As at the start, a file that the
 * worker can change is refused: root reads the files that it names.
 */
export function reread(input: RereadInput): Reread {
  try {
    return readAgain(input);
  } catch (error) {
    // For example, a file was replaced while it was examined.
    return { ok: false, message: `${error instanceof Error ? error.message : String(error)}.` };
  }
}

function readAgain({ tls: loaded, argv, become, inForce, atStart, folder }: RereadInput): Reread {
  const rootFiles: string[] = [];
  const readFile = (path: string): string => {
    rootFiles.push(path);
    return readFileSync(path, 'utf8');
  };
  const read = readSettings({ argv, environment: process.env, readFile, folder });
  if (!read.ok) return read;
  const refused = refuseWorkersFiles(rootFiles, become);
  if (refused !== undefined) return { ok: false, message: refused };
  const { settings, kept } = settingsAfter({ inForce, atStart }, read.settings);
  const operators = readOperatorFiles(settings, become);
  if (!operators.ok) return operators;
  const opened = OperatorTls.open({ tls: loaded, settings, worker: become, nowMs: Date.now });
  if (!opened.ok) return opened;
  const { tls, notices } = opened;
  return { ok: true, configuration: { settings, files: operators.files, tls }, kept, notices };
}

/** The settings after a reload, and the names of changed settings that need a restart. */
export function settingsAfter(
  { inForce, atStart }: Pick<RereadInput, 'inForce' | 'atStart'>,
  read: Settings,
): { readonly settings: Settings; readonly kept: readonly string[] } {
  const { gateways, health, masterKeyFile, commitMarkFile, ...others } = read;
  const isChanged = (name: keyof Settings) => !isDeepStrictEqual(atStart[name], read[name]);
  const kept = restartOnly.filter(([name]) => isChanged(name)).map(([, shown]) => shown);
  const settings = { ...others, ...takenFrom(inForce) };
  // The default of the NAT table follows the addresses to listen on, so the two go together.
  if (!isChanged('listen') || !isChanged('nat')) return { settings, kept };
  return { settings: { ...settings, nat: inForce.nat }, kept: [...kept, 'nat'] };
}

function takenFrom(inForce: Settings) {
  const { port, listen, listenByDefault, dataFolder, store, node, domain, user, readers, loadBalancers } = inForce;
  const { gateways, health, masterKeyFile, commitMarkFile } = inForce;
  return {
    port,
    listen,
    listenByDefault,
    dataFolder,
    store,
    node,
    domain,
    user,
    readers,
    loadBalancers,
    ...(gateways !== undefined && { gateways }),
    ...(health !== undefined && { health }),
    ...(masterKeyFile !== undefined && { masterKeyFile }),
    ...(commitMarkFile !== undefined && { commitMarkFile }),
  };
}
