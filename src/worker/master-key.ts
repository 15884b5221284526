import { closeSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKey, parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import type { Settings } from '../settings/settings.ts';
import { StoreRefused } from '../store/refused.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { ReadFile } from './files.ts';

/** In the data folder, where no other place is named. */
const keyFile = 'master.key';

/** What a start leaves behind once it has a key. */
const storeFiles = ['postern.db', 'postern.db-wal', 'commit-mark'];

/**
 * The master key: from the environment, from the file that the configuration names, or from the data folder, where the
 * first start makes one. In memory it is a new one, which is kept nowhere.
 * @throws {StoreRefused} `noMasterKey`
 */
export function openMasterKey(settings: Settings, readFile: ReadFile): MasterKey {
  const { masterKey, masterKeyFile, dataFolder } = settings;
  if (masterKey !== undefined) return readKey(masterKey, 'POSTERN_MASTER_KEY');
  if (masterKeyFile !== undefined) return readKey(readFile(masterKeyFile), `the master key file ${masterKeyFile}`);
  if (dataFolder === undefined) return readKey(generateMasterKey(), 'the new master key');
  if (!existsSync(keyFile)) makeKeyFile(dataFolder);
  return readKey(readFile(keyFile), `the master key file ${join(dataFolder, keyFile)}`);
}

/** The key before that one, while it is being changed. */
export function openPreviousMasterKey({ previousMasterKey }: Settings): MasterKey | undefined {
  return previousMasterKey === undefined ? undefined : readKey(previousMasterKey, 'POSTERN_MASTER_KEY_PREVIOUS');
}

/** For a first start only: a store that is there was sealed under another key, and a new one would open nothing of it. */
function makeKeyFile(dataFolder: string): void {
  const found = storeFiles.find((file) => existsSync(file));
  if (found !== undefined) {
    const remedy = 'Restore that file, or give the key in POSTERN_MASTER_KEY or in the file that masterKeyFile names';
    throw new StoreRefused(
      'noMasterKey',
      `${join(dataFolder, keyFile)} is missing, although there is a store beside it (${found}). ${remedy}. No new key was made.`,
    );
  }
  const descriptor = openSync(keyFile, 'wx', 0o600);
  try {
    writeFileSync(descriptor, `${generateMasterKey()}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder('.');
}

function readKey(text: string, name: string): MasterKey {
  const parsed = parseMasterKey(text.trim());
  if (!parsed.ok) throw new Error(`${name}: ${parsed.refusal.message}`);
  return parsed.masterKey;
}
