import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import type { StartWorker } from '../types/supervision.ts';
import { canRedirect } from './redirectable-path.ts';
import { markDescriptor } from './worker.ts';
import type { User } from './worker-user.ts';

export type MarkPlace =
  | {
      readonly ok: true;
      readonly mark: StartWorker<Settings>['mark'];
      /** Our descriptor of the file that the worker gets as `mark.descriptor`. */
      readonly descriptor?: number;
      /** A sentence for the operator about what is not protected. */
      readonly notice?: string;
    }
  | { readonly ok: false; readonly message: string };

const unprotected =
  'an older copy of the whole folder would not be detected. Set commitMarkFile in the configuration to a path elsewhere';

/**
 * Chooses where the commit mark is stored: at the configured path, else beside the configured key file, else in the data
 * folder, where the key is then. The worker may not open files outside its folder, so it gets the mark as an open file;
 * if the worker controls the mark's path, it opens the mark itself.
 */
export function chooseMarkPlace(settings: Settings, worker: User | undefined): MarkPlace {
  const { commitMarkFile, masterKeyFile, masterKey } = settings;
  const path = commitMarkFile ?? (masterKeyFile === undefined ? undefined : `${masterKeyFile}.commit-mark`);
  const inFolder = { ok: true, mark: { path: 'commit-mark' } } as const;
  if (settings.dataFolder === undefined) return inFolder;
  if (path === undefined) {
    if (masterKey === undefined) return inFolder;
    return {
      ...inFolder,
      notice: `The commit mark is in the data folder, although the master key is not: ${unprotected}.`,
    };
  }
  if (worker !== undefined && canRedirect(worker, path)) return { ok: true, mark: { path } };
  try {
    // A dry run makes no mark.
    if (settings.dryRun && !existsSync(path)) return { ok: true, mark: { path } };
    return { ok: true, mark: { path, descriptor: markDescriptor }, descriptor: openMark(path) };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const missing = missingMarkFolder(settings);
    if (missing !== undefined) return { ok: false, message: missing };
    if (commitMarkFile !== undefined)
      return { ok: false, message: `The commit mark (commitMarkFile) cannot be opened: ${cause}.` };
    const notice = `The commit mark cannot be kept beside the master key (${cause}), so it is in the data folder: ${unprotected}.`;
    return { ...inFolder, notice };
  }
}

/** The sentence about a configured commit mark whose folder is not there: a start makes the file, but no folder for it. */
export function missingMarkFolder({
  commitMarkFile,
  dataFolder,
}: Pick<Settings, 'commitMarkFile' | 'dataFolder'>): string | undefined {
  if (commitMarkFile === undefined || dataFolder === undefined || existsSync(dirname(commitMarkFile))) return undefined;
  return `commitMarkFile: there is no folder ${dirname(commitMarkFile)}, and no start without it. Make it, writable for the user who starts the server.`;
}

function openMark(path: string): number {
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (!fstatSync(descriptor).isFile()) {
    closeSync(descriptor);
    throw new Error(`${path} is not a regular file`);
  }
  // A new file is durable only once its folder is synced.
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
  return descriptor;
}
