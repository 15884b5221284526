import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readSettings, type Settings } from '../settings/settings.ts';
import { readOperatorFiles } from './operator-files.ts';
import { refuseWorkersFiles } from './root-files.ts';
import type { User } from './worker-user.ts';

/** What a worker is told: the settings, and what was read of the files that they name, by their paths. */
export interface Given {
  readonly settings: Settings;
  readonly files: Readonly<Record<string, string>>;
}

export type Reread =
  | {
      readonly ok: true;
      readonly given: Given;
      /** Settings that are other ones in the file, and stay. */ readonly kept: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

export interface RereadInput {
  /** What followed `postern start`. */
  readonly argv: readonly string[];
  readonly become: User | undefined;
  readonly inForce: Settings;
  /** The folder that relative paths on the command line start from, as it was called at the start. */
  readonly folder: string;
}

/**
 * What of the configuration file takes a restart: where the supervisor listens and where the commit mark lies, since it
 * opens these once, and the master key, since changing it takes the one before as well, from the environment.
 */
const ofStart = ['gateways', 'loadBalancers', 'masterKeyFile', 'commitMarkFile'] as const;

/**
 * Reads the configuration file and the files that it names again, while the server runs. A file that the worker may change
 * is refused as at a start: root reads for the worker what it names.
 */
export function reread(input: RereadInput): Reread {
  try {
    return readAgain(input);
  } catch (error) {
    // Such as a file that is replaced while it is looked at.
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
  return operators.ok ? { ok: true, given: { settings, files: operators.files }, kept } : operators;
}

/** The settings that hold after a reload, and the names of those that would take a restart. */
export function settingsAfter(
  inForce: Settings,
  read: Settings,
): { readonly settings: Settings; readonly kept: readonly string[] } {
  const { gateways, masterKeyFile, commitMarkFile, ...others } = read;
  return {
    settings: { ...others, ...atStart(inForce) },
    kept: ofStart.filter((name) => !isDeepStrictEqual(inForce[name], read[name])),
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
