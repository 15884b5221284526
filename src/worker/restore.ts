import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, futimesSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityRecord } from '../audit/activity.ts';
import { putBeforeLog, recordIdMaker } from '../audit/outbox.ts';
import type { ByteSource } from '../backup/byte-source.ts';
import { assertSealed } from '../backup/manifest.ts';
import type { Manifest } from '../backup/manifest.ts';
import { restoringFile } from '../backup/restoring.ts';
import { readBackup } from '../backup/read-backup.ts';
import type { Piece } from '../backup/read-backup.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { readIdentity } from '../setup/identity.ts';
import { openCommitMark } from '../store/commit-counter.ts';
import { readMark } from '../store/marked-commit.ts';
import { openSealedStore } from '../store/sealed.ts';
import { DatabaseLoad } from '../store/sqlite-load.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { syncFolder } from '../store/sync-folder.ts';
import { operatorRecord } from './operator-record.ts';

export interface RestoreParts {
  readonly source: ByteSource;
  /** An empty folder of this process's user, but for what `kept` names. */
  readonly folder: string;
  readonly masterKey: MasterKey;
  /** The master key that the folder is to hold. */
  readonly masterKeyText: string | undefined;
  readonly markFile: string;
  readonly withoutLog: boolean;
  readonly nowMs: number;
}

/** The action of the record that a restored server begins with. */
const restoreAction = 'Postern.Server/backups/restore/action';

/**
 * Fills a folder from a backup that `checkBackup` has found whole. Until the last step a file in it keeps a server from
 * starting on it, so that a restore that was cut short is not taken for a server.
 * @throws {BackupRefused} when the backup is not what was checked; the folder is then as it was, as after any failure
 */
export async function restoreInto(parts: RestoreParts): Promise<void> {
  const { folder } = parts;
  const before = new Set(readdirSync(folder));
  try {
    writeWhole(join(folder, restoringFile), 'A restore is at work, or was cut short.\n');
    syncFolder(folder);
    const manifest = fill(parts);
    await leaveRecord(parts, manifest);
    if (parts.masterKeyText !== undefined) writeWhole(join(folder, 'master.key'), `${parts.masterKeyText.trim()}\n`);
    syncFolder(folder);
    await writeMark(parts);
  } catch (error) {
    for (const name of readdirSync(folder))
      if (!before.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
    throw error;
  }
}

/** The last step: from here on a server can start on the folder. */
export function finishRestore(folder: string): void {
  rmSync(join(folder, restoringFile));
  syncFolder(folder);
}

/**
 * Why the mark of a restore cannot be written there; `undefined` if it can. A mark that another store needs must not be
 * lost.
 */
export async function markFault(file: string, storeId: string, masterKey: MasterKey): Promise<string | undefined> {
  const mark = await openCommitMark(file);
  try {
    const marked = readMark(await mark.read(), [masterKey]);
    if (marked.kind === 'none' || marked.kind === 'plain') return undefined;
    if (marked.kind === 'sealed' && marked.storeId === storeId) return undefined;
    return marked.kind === 'sealed'
      ? 'it is the mark of another store'
      : 'it was made with another master key, or is damaged';
  } finally {
    await mark.close();
  }
}

/** Writes the records and the log, and returns the manifest that they were read with. */
function fill({ source, folder, masterKey, withoutLog, nowMs }: RestoreParts): Manifest {
  const load = new DatabaseLoad(join(folder, 'postern.db'));
  const log = new LogWriter(join(folder, 'audit'));
  try {
    const pieces = readBackup(source);
    let next = pieces.next();
    for (; next.done !== true; next = pieces.next()) {
      if (next.value.kind === 'records') load.add(next.value.records);
      else if (!withoutLog) log.write(next.value);
    }
    assertSealed(next.value, masterKey);
    log.close();
    // Later than every position of the database before.
    load.finish(nowMs * 1000);
    return next.value.manifest;
  } finally {
    log.close();
    load.close();
  }
}

/** Leaves a record for the log in the store. */
async function leaveRecord({ folder, masterKey, nowMs, withoutLog }: RestoreParts, manifest: Manifest): Promise<void> {
  const store = await openStore(folder, { masterKey });
  try {
    const restored = await restoreRecord(store, { manifest, nowMs, withoutLog });
    const id = recordIdMaker(() => nowMs, randomBytes)();
    if (restored !== undefined) await store.transact({ put: [putBeforeLog(restored, id)] });
  } finally {
    await store.close();
  }
}

/**
 * Opens the store as a start with `--accept-copy` would, which writes a mark: the last step that can fail, for the mark may
 * be that of the store before, which would be an older copy from then on.
 */
async function writeMark({ folder, masterKey, markFile }: RestoreParts): Promise<void> {
  const file = await openCommitMark(markFile);
  try {
    const store = await openStore(folder, { masterKey, mark: file, acceptCopy: true });
    await store.close();
  } finally {
    await file.close();
  }
}

type Opening = Omit<Parameters<typeof openSealedStore>[0], 'inner'>;

async function openStore(folder: string, opening: Opening) {
  const inner = await openSqliteStore({ file: join(folder, 'postern.db') });
  try {
    return await openSealedStore({ inner, ...opening });
  } catch (error) {
    await inner.close();
    throw error;
  }
}

type Restored = Pick<RestoreParts, 'nowMs' | 'withoutLog'> & { readonly manifest: Manifest };

async function restoreRecord(
  store: Parameters<typeof readIdentity>[0],
  { manifest: { madeAt, release, hasLog, records }, nowMs, withoutLog }: Restored,
): Promise<ActivityRecord | undefined> {
  const identity = await readIdentity(store);
  if (identity === undefined) return undefined;
  const properties = { backup: { madeAt, release, records, log: hasLog && !withoutLog } };
  return operatorRecord({ action: restoreAction, atMs: nowMs, identity, accepted: false, properties });
}

/** Writes the files of the log under their names, with their times, by which the retention counts. */
class LogWriter {
  readonly #folder: string;
  #descriptor: number | undefined;
  #modifiedS = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { mode: 0o700 });
  }

  write(piece: Piece): void {
    if (piece.kind === 'logFile') {
      this.close();
      this.#descriptor = openSync(join(this.#folder, piece.name), 'wx', 0o600);
      this.#modifiedS = piece.modifiedS;
    } else if (piece.kind === 'logBytes' && this.#descriptor !== undefined) {
      writeAll(this.#descriptor, piece.bytes);
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      futimesSync(descriptor, this.#modifiedS, this.#modifiedS);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    syncFolder(this.#folder);
  }
}

function writeWhole(path: string, contents: string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeAll(descriptor, Buffer.from(contents));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** On a disk that is nearly full, a write may take a part, and only the next one fails (write(2)). */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done);
}
