import { join } from 'node:path';
import type { Logger } from 'pino';
import { nextKeyFile } from '../../settings/next-key-file.ts';
import type { Settings } from '../../settings/settings.ts';
import type { ReadFile } from '../files.ts';
import type { OpenFolder } from '../folder.ts';
import { Readers } from './readers.ts';

interface ReadersOpening {
  /** `undefined`: there are no readers. */
  readonly epoch: number | undefined;
  readonly settings: Pick<Settings, 'masterKey' | 'masterKeyFile' | 'previousMasterKey'>;
  readonly readFile: ReadFile;
  readonly log: Pick<Logger, 'error'>;
}

/** The readers, if there are any, and the store, which then tells them of changes. */
export function withReaders(folder: OpenFolder, { epoch, settings, readFile, log }: ReadersOpening) {
  if (epoch === undefined) return { store: folder.store, readers: undefined };
  const readers = new Readers({
    epoch,
    log,
    tenantId: folder.identity.tenantId,
    masterKeys: () => masterKeysIn(settings, readFile),
  });
  void folder.databaseLost.then(() => readers.refuse());
  return { store: readers.told(folder.store), readers };
}

/** The master keys that are configured, or in the data folder: the one in use is among them. */
function masterKeysIn(settings: ReadersOpening['settings'], readFile: ReadFile): readonly string[] {
  const { masterKey, masterKeyFile = join('.', 'master.key'), previousMasterKey } = settings;
  const given = [masterKey, previousMasterKey].filter((key) => key !== undefined);
  const files = masterKey === undefined ? [masterKeyFile, nextKeyFile(masterKeyFile)] : [];
  return [...given, ...files.flatMap((file) => contentsOf(file, readFile))];
}

function contentsOf(file: string, readFile: ReadFile): readonly string[] {
  try {
    return [readFile(file)];
  } catch {
    // There is no next key, or it is the operator's and not for this process.
    return [];
  }
}
