import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { generateMasterKey, parseMasterKey } from '../../crypto/master-key.ts';
import type { MasterKey } from '../../crypto/master-key.ts';
import { nextKeyFile } from '../../settings/next-key-file.ts';
import { syncFolder } from '../../store/sync-folder.ts';
import { openedFolder } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { readPlainFile } from '../plain-file.ts';

/** The file of a master key, and the key that is to take its place. */
export interface NextKey {
  /** In base64 or hex. */
  readonly key: string;
  /** Puts the next key in the place of the key. */
  replace(): void;
}

/**
 * Puts the next key beside the file of a master key, durably, with the owner, group and mode of that file. A next key that
 * is there already, from a command that was killed, is the one: records may be sealed under it.
 * @param path absolute
 * @param given the new key; `undefined`: a new one is made
 */
export function keepNextKey(path: string, given: string | undefined): NextKey {
  return written(nextKeyFile(path), byHand(path), () => keepNext(path, given));
}

function keepNext(path: string, given: string | undefined): NextKey {
  const folder = ownFolder(path);
  const [file, next] = [join(folder, basename(path)), join(folder, basename(nextKeyFile(path)))];
  const model = lstatSync(file);
  if (!model.isFile()) throw new CommandFailed(`${path} is not a plain file, so it is not replaced.`, byHand(path));
  const replace = () =>
    written(path, `Move ${nextKeyFile(path)} to ${path}: it is the key in use.`, () => {
      renameSync(next, file);
      syncFolder(folder);
    });
  if (lstatSync(next, { throwIfNoEntry: false }) !== undefined) {
    const kept = readKey(next, nextKeyFile(path));
    if (given !== undefined && parsed(given, 'the new key').id !== kept.id) throw unfinished(path, kept);
    return { key: kept.encoded, replace };
  }
  const key = given ?? generateMasterKey();
  const unfinishedFile = `${next}.new`;
  rmSync(unfinishedFile, { force: true });
  writeKey(unfinishedFile, key, model);
  renameSync(unfinishedFile, next);
  syncFolder(folder);
  return { key, replace };
}

/**
 * Keeps a key in a file that does not exist, mode 0600. One that exists and has that key, from a command that was killed, is
 * good too.
 */
export function keepOldKey(path: string, encoded: string): void {
  const { id } = parsed(encoded, 'the key in use');
  written(path, 'Nothing was changed.', () => keepOld(path, encoded, id));
}

function keepOld(path: string, encoded: string, id: string): void {
  try {
    writeKey(path, encoded);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if (readKey(path, path).id === id) return;
    throw new CommandFailed(
      `${path} exists and has another key. Nothing was changed.`,
      'Name a file that does not exist.',
    );
  }
  syncFolder(dirname(path));
}

/** The failure of a file names it, and says what to do. */
function written<T>(path: string, hint: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      hint,
    );
  }
}

/** The key that the server was started with, from its file in a folder of this user's. */
export function readCurrentKey(path: string): string {
  return readKey(join(ownFolder(path), basename(path)), path).encoded;
}

/** A master key from a file, such as a new one from the operator. */
export function readKey(file: string, shown: string): MasterKey & { readonly encoded: string } {
  let encoded: string;
  try {
    encoded = readPlainFile(file).trim();
  } catch (error) {
    throw new CommandFailed(`${shown} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return { ...parsed(encoded, shown), encoded };
}

function parsed(encoded: string, name: string): MasterKey {
  const read = parseMasterKey(encoded);
  if (!read.ok) throw new CommandFailed(`${name} is not a master key: ${read.refusal.message}. Nothing was changed.`);
  return read.masterKey;
}

/** The folder, as it is now. In a folder of another user root would write where that user leads it. */
function ownFolder(path: string): string {
  const opened = openedFolder(dirname(path));
  if (opened.uid === undefined) throw new CommandFailed(`The folder of ${path} cannot be opened.`, byHand(path));
  if (process.geteuid?.() === 0 && opened.uid !== 0) {
    throw new CommandFailed(
      `The folder of ${path} belongs to uid ${opened.uid}, so root writes no key there.`,
      byHand(path),
    );
  }
  return opened.path;
}

function byHand(path: string): string {
  return `Put the new key into ${nextKeyFile(path)} yourself, send SIGHUP to the server, then move the key to ${path}.`;
}

function unfinished(path: string, { id }: MasterKey): CommandFailed {
  const what = `${nextKeyFile(path)} has the key ${id} (an id) of a rotation that was cut short`;
  return new CommandFailed(`${what}. Nothing was changed.`, 'Finish it first: run the command without --new-key-file.');
}

function writeKey(file: string, encoded: string, model?: Stats): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, `${encoded.trim()}\n`);
    if (model !== undefined) {
      if (process.geteuid?.() === 0) fchownSync(descriptor, model.uid, model.gid);
      fchmodSync(descriptor, model.mode & 0o777);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
