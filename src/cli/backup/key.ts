import { join } from 'node:path';
import { checkBackup, keyIn } from '../../backup/check-backup.ts';
import { parseMasterKey } from '../../crypto/master-key.ts';
import type { MasterKey } from '../../crypto/master-key.ts';
import { CommandFailed } from '../failed.ts';
import { readPlainFile } from '../plain-file.ts';
import type { BackupFile } from './file.ts';

/** A master key, and whether the restored folder is to hold it because it has no other place. */
export interface FoundKey {
  readonly masterKey: MasterKey;
  readonly text: string;
  readonly from: 'file' | 'environment' | 'backup' | 'folder';
}

export interface KeyPlaces {
  readonly file: string | undefined;
  /** `POSTERN_MASTER_KEY`. */
  readonly environment: string | undefined;
  /** A data folder that may have it. */
  readonly folder: string;
}

/**
 * The master key of a backup: the given one, else the one in it, else that of the data folder. `undefined`: there is none.
 * @throws {CommandFailed} when the given one cannot be read
 */
export async function findKey(
  backup: BackupFile,
  { file, environment, folder }: KeyPlaces,
): Promise<FoundKey | undefined> {
  if (file !== undefined) return given(readKeyFile(file), `The master key file ${file}`, 'file');
  if (environment !== undefined) return given(environment, 'POSTERN_MASTER_KEY', 'environment');
  if (backup.header().hasMasterKey) {
    const whole = { masterKey: undefined, dataFormat: Number.MAX_SAFE_INTEGER };
    const { masterKeyText: text = '' } = await checkBackup(backup.source(), whole);
    return { masterKey: keyIn(text), text, from: 'backup' };
  }
  return keyOf(folder);
}

function keyOf(folder: string): FoundKey | undefined {
  const kept = keptIn(folder);
  return kept === undefined ? undefined : given(kept, `The master key of ${folder}`, 'folder');
}

/**
 * A backup with a key in it opens with that key, whoever made it. So where there is a store already, its key has to be the same.
 * @throws {CommandFailed} when it is another one
 */
export function assertKeyOf(folder: string, backup: BackupFile, { masterKey, from }: FoundKey): void {
  const kept = from === 'backup' ? keyOf(folder) : undefined;
  if (kept === undefined || kept.masterKey.id === masterKey.id) return;
  const found = `The master key in ${backup.name}, ${masterKey.id}, is not the one of ${folder}, ${kept.masterKey.id} (ids, not keys)`;
  throw new CommandFailed(
    `${found}. Anyone can have made that backup.`,
    `If you know where it is from: tar -xOf ${backup.name} master.key > KEY, and give KEY as --master-key-file.`,
  );
}

/** The failure for a backup whose key is nowhere. */
export function keyMissing(backup: BackupFile): CommandFailed {
  const { masterKeyId } = backup.header();
  const found = `${backup.name} was made under the master key ${masterKeyId} (its id, not the key), which is not in it.`;
  return new CommandFailed(found, 'Give that key with --master-key-file FILE or in POSTERN_MASTER_KEY.');
}

function given(text: string, name: string, from: FoundKey['from']): FoundKey {
  const parsed = parseMasterKey(text);
  if (!parsed.ok) throw new CommandFailed(`${name}: ${parsed.refusal.message}.`);
  return { masterKey: parsed.masterKey, text: text.trim(), from };
}

function readKeyFile(file: string): string {
  try {
    return readPlainFile(file);
  } catch (error) {
    throw new CommandFailed(
      `The master key file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function keptIn(folder: string): string | undefined {
  try {
    return readPlainFile(join(folder, 'master.key'));
  } catch {
    return undefined;
  }
}
