import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readSettings, type Settings } from '../settings/settings.ts';
import { readOperatorFiles } from './operator-files.ts';
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
}

/**
 * What of the configuration file takes a restart: where the supervisor listens, since it opens its sockets once, and the
 * master key, since changing it takes the one before as well, from the environment.
 */
const ofStart = ['gateways', 'loadBalancers', 'masterKeyFile'] as const;

/** Reads the configuration file and the files that it names again, while the server runs. */
export function reread({ argv, become, inForce }: RereadInput): Reread {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const read = readSettings({ argv, environment: process.env, readFile, folder: process.cwd() });
  if (!read.ok) return read;
  const { settings, kept } = settingsAfter(inForce, read.settings);
  const operators = readOperatorFiles(settings, become);
  return operators.ok ? { ok: true, given: { settings, files: operators.files }, kept } : operators;
}

/** The settings that hold after a reload, and the names of those that would take a restart. */
export function settingsAfter(
  inForce: Settings,
  read: Settings,
): { readonly settings: Settings; readonly kept: readonly string[] } {
  const { port, dataFolder, gateways, loadBalancers, masterKeyFile } = inForce;
  return {
    settings: { ...read, port, dataFolder, gateways, loadBalancers, masterKeyFile },
    kept: ofStart.filter((name) => !isDeepStrictEqual(inForce[name], read[name])),
  };
}
