import { closeSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKey, parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import type { Settings } from '../settings/settings.ts';
import { StoreRefused } from '../store/refused.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { ReadFile } from './files.ts';

/** The key's file in the data folder, if no other place is configured. */
const keyFile = 'master.key';

interface KeyPlace {
  /** The data folder, as this process opens it. */
  readonly entry: string;
  readonly readFile: ReadFile;
}

/** The files of a store that was sealed under a key. */
const storeFiles = ['postern.db', 'postern.db-wal', 'commit-mark'];

/**
 * The master key: from the environment, from the configured file, or from the data folder, where the first start creates
 * it. With `--memory` it is a new key that is stored nowhere.
 * @throws {StoreRefused} `noMasterKey`
 */
export function openMasterKey(settings: Settings, { entry, readFile }: KeyPlace): MasterKey {
  const { masterKey, masterKeyFile, dataFolder } = settings;
  if (masterKey !== undefined) return readKey(masterKey, 'POSTERN_MASTER_KEY');
  if (masterKeyFile !== undefined) return readKey(readFile(masterKeyFile), `the master key file ${masterKeyFile}`);
  if (dataFolder === undefined) return readKey(generateMasterKey(), 'the new master key');
  const file = join(entry, keyFile);
  if (!existsSync(file)) createKeyFile(dataFolder, entry);
  return readKey(readFile(file), `the master key file ${join(dataFolder, keyFile)}`);
}

/** The previous master key, while the key is being changed. */
export function openPreviousMasterKey({ previousMasterKey }: Settings): MasterKey | undefined {
  return previousMasterKey === undefined ? undefined : readKey(previousMasterKey, 'POSTERN_MASTER_KEY_PREVIOUS');
}

/** Creates a key at a first start only: an existing store was sealed under another key, so a new one could not open it. */
function createKeyFile(dataFolder: string, entry: string): void {
  const found = storeFiles.find((file) => existsSync(join(entry, file)));
  if (found !== undefined) {
    const remedy = 'Restore that file, or give the key in POSTERN_MASTER_KEY or in the file that masterKeyFile names';
    throw new StoreRefused(
      'noMasterKey',
      `${join(dataFolder, keyFile)} is missing, although a store exists beside it (${found}). ${remedy}. No new key was created.`,
    );
  }
  const descriptor = openSync(join(entry, keyFile), 'wx', 0o600);
  try {
    writeFileSync(descriptor, `${generateMasterKey()}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(entry);
}

function readKey(encoded: string, name: string): MasterKey {
  const parsed = parseMasterKey(encoded.trim());
  if (!parsed.ok) throw new Error(`${name}: ${parsed.refusal.message}`);
  return parsed.masterKey;
}
