import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKey, parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { nextKeyFile } from '../settings/next-key-file.ts';
import type { Settings } from '../settings/settings.ts';
import { StoreRefused } from '../store/refused.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { ReadFile } from './files.ts';

/** The key's file in the data folder, if no other place is configured. */
export const keyFile = 'master.key';

/** The settings that say where the key is. */
export type KeySettings = Pick<Settings, 'masterKey' | 'masterKeyFile' | 'dataFolder' | 'previousMasterKey'>;

interface KeyPlace {
  /** The data folder, as this process opens it. */
  readonly entry: string;
  readonly readFile: ReadFile;
  /** Tells the operator what is left to do. */
  readonly notice: (message: string) => void;
}

/** The keys that a store may be sealed under. */
export interface MasterKeys {
  /** The key that it is to be sealed under. */
  readonly masterKey: MasterKey;
  /** The keys before it. */
  readonly previous: readonly MasterKey[];
  /** Call it once the store is sealed under `masterKey` alone: its file then takes the place of the one before. */
  readonly settle: () => void;
}

/** The files of a store that was sealed under a key. */
const storeFiles = ['postern.db', 'postern.db-wal', 'commit-mark'];

/**
 * The master key: from the environment, from the configured file, or from the data folder, where the first start creates
 * it. With `--memory` it is a new key that is stored nowhere. Where a rotation has left the next key beside the file, that
 * one is the key, and the file has the one before: whatever step a rotation was stopped at, both together open the store.
 * @throws {StoreRefused} `noMasterKey`
 */
export function openMasterKeys(settings: KeySettings, place: KeyPlace): MasterKeys {
  const { masterKey, masterKeyFile, dataFolder, previousMasterKey } = settings;
  const previous = previousMasterKey === undefined ? [] : [readKey(previousMasterKey, 'POSTERN_MASTER_KEY_PREVIOUS')];
  const alone = (key: MasterKey): MasterKeys => ({ masterKey: key, previous, settle: () => undefined });
  if (masterKey !== undefined) return alone(readKey(masterKey, 'POSTERN_MASTER_KEY'));
  if (dataFolder === undefined && masterKeyFile === undefined)
    return alone(readKey(generateMasterKey(), 'the new key'));
  const file = masterKeyFile ?? join(place.entry, keyFile);
  const shown = masterKeyFile ?? join(dataFolder ?? '', keyFile);
  if (masterKeyFile === undefined && !existsSync(file)) createKeyFile(dataFolder ?? '', place.entry);
  const current = readKey(place.readFile(file), `the master key file ${shown}`);
  const nextContents = contentsIfThere(nextKeyFile(file), place.readFile);
  if (nextContents === undefined) return alone(current);
  const next = readKey(nextContents, `the next master key file ${nextKeyFile(shown)}`);
  return {
    masterKey: next,
    previous: [current, ...previous],
    settle() {
      if (masterKeyFile === undefined) return replaceKey(place.entry);
      // The file is the operator's, and this process may not write it.
      place.notice(`The master key is the one in ${nextKeyFile(shown)}: move it to ${shown}.`);
    },
  };
}

/** The contents of the next key's file; `undefined` where there is none, or none that this process may read. */
function contentsIfThere(file: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'EACCES') return undefined;
    throw error;
  }
}

/**
 * Keeps the next key in the data folder, durably, before anything is sealed under it. A next key that a stopped rotation
 * left there is kept, because records may be sealed under it already.
 * @param encoded as `parseMasterKey` reads it
 * @returns what is in the file
 */
export function keepNextKey(entry: string, encoded: string, readFile: ReadFile): string {
  const file = nextKeyFile(join(entry, keyFile));
  const kept = contentsIfThere(file, readFile);
  if (kept !== undefined) return kept;
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  writeKeyFile(unfinished, encoded);
  renameSync(unfinished, file);
  syncFolder(entry);
  return encoded;
}

/** Puts the next key of the data folder in the place of the key. */
export function replaceKey(entry: string): void {
  const file = join(entry, keyFile);
  renameSync(nextKeyFile(file), file);
  syncFolder(entry);
}

/** The master key of a store that is open, as the settings or the file have it. */
export function masterKeyText(
  { masterKey, masterKeyFile }: KeySettings,
  { entry, readFile }: Pick<KeyPlace, 'entry' | 'readFile'>,
): string {
  return masterKey ?? readFile(masterKeyFile ?? join(entry, keyFile));
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
  writeKeyFile(join(entry, keyFile), generateMasterKey());
  syncFolder(entry);
}

/** Writes a file that does not exist. It is durable once its folder is. */
function writeKeyFile(file: string, encoded: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, `${encoded.trim()}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readKey(encoded: string, name: string): MasterKey {
  const parsed = parseMasterKey(encoded);
  if (!parsed.ok) throw new Error(`${name}: ${parsed.refusal.message}`);
  return parsed.masterKey;
}
