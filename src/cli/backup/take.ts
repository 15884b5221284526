import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { checkBackup } from '../../backup/check-backup.ts';
import type { CheckedBackup } from '../../backup/check-backup.ts';
import { syncFolder } from '../../store/sync-folder.ts';
import { redirectedBy } from '../../supervisor/redirectable-path.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { askOperator } from '../operator.ts';
import { timeInName } from '../time-in-name.ts';
import { orFailed, sourceOf } from './file.ts';

export interface BackupAsked {
  readonly withMasterKey: boolean;
  readonly withoutLog: boolean;
}

/**
 * Asks the server for a backup.
 * @returns the socket, from which the backup comes
 * @throws {CommandFailed} with the server's message when it refuses
 */
export async function askForBackup(connection: Connection, asked: BackupAsked): Promise<Socket> {
  const { socket } = await askOperator(connection, { ask: 'backup', ...asked });
  return socket;
}

const anotherFile = 'Give another --file, or a folder, in which each backup is named by its time.';

/** The file that is written: in a folder, one that is named by the time. */
export function destination(file: string, nowMs: number): string {
  const found = statSync(file, { throwIfNoEntry: false });
  const time = timeInName(nowMs);
  if (found === undefined && file.endsWith('/'))
    throw new CommandFailed(`There is no folder ${file}.`, 'Make it, or give another --file.');
  const path = found?.isDirectory() === true ? join(file, `postern-${time}.backup`) : file;
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new CommandFailed(`${path} is there already, and a backup replaces nothing.`, anotherFile);
  if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined)
    throw new CommandFailed(`There is no folder ${dirname(path)}.`, 'Make it, or give another --file.');
  const others = process.geteuid?.() === 0 ? redirectedBy(resolve(path)) : undefined;
  if (others === undefined) return path;
  throw new CommandFailed(
    `The file ${path} is in a folder where ${others} could lead root elsewhere.`,
    "Give a --file in a folder that only root can change, or --file - and the shell's redirection.",
  );
}

/**
 * Writes what comes from the socket into a file, checks that it is whole, and gives it its name only then.
 * @param server tells the servers that may write into one folder apart
 */
export async function writeBackup(socket: Socket, path: string, server: string): Promise<CheckedBackup> {
  const partial = join(dirname(path), `.postern-${shortHash(server)}.partial`);
  // Of an earlier command that was killed; each server has one such name in a folder, so they never grow in number.
  rmSync(partial, { force: true });
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  const descriptor = openSync(partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  const isOurs = () => lstatSync(partial, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino;
  try {
    for await (const chunk of socket) writeAll(descriptor, Buffer.from(chunk));
    fsyncSync(descriptor);
    const checked = await checkWhole(descriptor, basename(path));
    if (!isOurs()) throw new Error('another command has begun to write a backup of this server there');
    renameSync(partial, path);
    syncFolder(dirname(path));
    return checked;
  } catch (error) {
    if (isOurs()) rmSync(partial, { force: true });
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(
      `The backup was not written to ${path}: ${error instanceof Error ? error.message : String(error)}`,
      'Nothing is left of it.',
    );
  } finally {
    closeSync(descriptor);
  }
}

async function checkWhole(descriptor: number, name: string): Promise<CheckedBackup> {
  return await orFailed(name, () =>
    checkBackup(sourceOf(descriptor), { masterKey: undefined, dataFormat: Number.MAX_SAFE_INTEGER }),
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** On a disk that is nearly full, a write may take a part, and only the next one fails (write(2)). */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done);
}
