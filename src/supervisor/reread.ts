import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readSettings, type Settings } from '../settings/settings.ts';
import { readOperatorFiles } from './operator-files.ts';
import { refuseWorkersFiles } from './root-files.ts';
import type { User } from './worker-user.ts';

/** The configuration that a worker gets: the settings, and the contents of the files that they name, by path. */
export interface WorkerConfiguration {
  readonly settings: Settings;
  readonly files: Readonly<Record<string, string>>;
}

export type Reread =
  | {
      readonly ok: true;
      readonly configuration: WorkerConfiguration;
      /** Settings that have changed in the file but need a restart. */ readonly kept: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

export interface RereadInput {
  /** The arguments after `postern start`. */
  readonly argv: readonly string[];
  readonly become: User | undefined;
  readonly inForce: Settings;
  /** The working directory at the start, which relative paths on the command line are relative to. */
  readonly folder: string;
}

/**
 * The members of the configuration file that need a restart: the sockets and the commit mark, which the supervisor opens
 * once, and the master key, because a change also needs the previous key, from the environment.
 */
const restartOnly = ['gateways', 'loadBalancers', 'masterKeyFile', 'commitMarkFile'] as const;

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

function readAgain({ argv, become, inForce, folder }: RereadInput): Reread {
  const rootFiles: string[] = [];
  const readFile = (path: string): string => {
    rootFiles.push(path);
    return readFileSync(path, 'utf8');
  };
  const read = readSettings({ argv, environment: process.env, readFile, folder });
  if (!read.ok) return read;
  const refused = refuseWorkersFiles(rootFiles, become);
  if (refused !== undefined) return { ok: false, message: refused };
  const { settings, kept } = settingsAfter(inForce, read.settings);
  const operators = readOperatorFiles(settings, become);
  return operators.ok ? { ok: true, configuration: { settings, files: operators.files }, kept } : operators;
}

/** The settings after a reload, and the names of changed settings that need a restart. */
export function settingsAfter(
  inForce: Settings,
  read: Settings,
): { readonly settings: Settings; readonly kept: readonly string[] } {
  const { gateways, masterKeyFile, commitMarkFile, ...others } = read;
  return {
    settings: { ...others, ...atStart(inForce) },
    kept: restartOnly.filter((name) => !isDeepStrictEqual(inForce[name], read[name])),
  };
}

function atStart({ port, dataFolder, loadBalancers, gateways, masterKeyFile, commitMarkFile }: Settings) {
  return {
    port,
    dataFolder,
    loadBalancers,
    ...(gateways !== undefined && { gateways }),
    ...(masterKeyFile !== undefined && { masterKeyFile }),
    ...(commitMarkFile !== undefined && { commitMarkFile }),
  };
}
