import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { Audit } from '../audit/audit.ts';
import { asideNumbers, logFile } from '../audit/rotation.ts';
import type { OpenLogFile } from '../backup/backup-thread.ts';
import { makeBackup } from '../backup/make-backup.ts';
import { fileFormat, names } from '../backup/manifest.ts';
import type { BackupHeader } from '../backup/manifest.ts';
import { parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import type { Identity } from '../setup/identity.ts';
import { dataFormat } from '../store/keys.ts';
import type { OpenedStore } from '../store/sealed.ts';
import { operatorRecord } from './operator-record.ts';
import { release } from './upgrade.ts';

/** A request of the operator. */
export interface BackupRequest {
  readonly withMasterKey: boolean;
  readonly withoutLog: boolean;
}

export interface BackupServices {
  readonly store: Pick<OpenedStore, 'read' | 'storeId' | 'masterKey' | 'hasOneMasterKey'>;
  /** The database; `undefined`: the server keeps its records in memory. */
  readonly databaseFile: string | undefined;
  /** Where the records are, if neither in a file nor in memory. */
  readonly databaseUrl?: string | undefined;
  readonly auditDirectory: string;
  readonly audit: Pick<Audit, 'read' | 'whileHeld'>;
  readonly identity: Pick<Identity, 'tenantId' | 'subscriptionId'>;
  /** Reads the master key where the settings say. */
  readonly masterKeyText: () => string;
  readonly now: () => number;
}

export type BegunBackup =
  /** Call `end` when no more is read of it. */
  | {
      readonly ok: true;
      readonly header: BackupHeader;
      readonly pieces: AsyncIterable<Uint8Array>;
      readonly end: () => void;
    }
  /** `message` is for the operator. */
  | { readonly ok: false; readonly message: string };

/** The action of the record of a backup. */
const backupAction = 'Postern.Server/backups/write';

/** Makes backups of the running server, one at a time. */
export class Backups {
  readonly #services: BackupServices;
  #isBusy = false;

  constructor(services: BackupServices) {
    this.#services = services;
  }

  /**
   * Begins a backup, and records it.
   * @throws {AuditUnavailable} when it cannot be recorded
   * @throws {Unreadable} when the database was moved or replaced: another file would be read under its name
   */
  async begin(request: BackupRequest): Promise<BegunBackup> {
    const { store, databaseFile, databaseUrl, now } = this.#services;
    await store.read({ get: [] });
    if (databaseUrl !== undefined) return refused(elsewhere(databaseUrl));
    if (databaseFile === undefined)
      return refused('The server keeps its records in memory (--memory), so there is nothing to back up.');
    if (this.#isBusy) return refused('Another backup is being made: wait for its end.');
    if (!store.hasOneMasterKey) return refused('The master key is being changed: make the backup when that is done.');
    const key = request.withMasterKey ? this.#masterKey() : { ok: true as const, text: undefined };
    if (!key.ok) return key;
    const header: BackupHeader = {
      format: fileFormat,
      release,
      dataFormat: dataFormat(),
      madeAt: new Date(now()).toISOString(),
      storeId: store.storeId,
      masterKeyId: store.masterKey.id,
      hasLog: !request.withoutLog,
      hasMasterKey: request.withMasterKey,
    };
    this.#isBusy = true;
    const end = (): void => {
      this.#isBusy = false;
    };
    try {
      await this.#record(header);
    } catch (error) {
      end();
      throw error;
    }
    return { ok: true, header, pieces: this.#pieces(databaseFile, header, key.text), end };
  }

  #pieces(file: string, header: BackupHeader, masterKeyText: string | undefined) {
    const { store, audit, auditDirectory } = this.#services;
    return makeBackup({
      file,
      header,
      masterKey: () => keyOf(store, header),
      masterKeyText,
      whileHeld: (work) => audit.whileHeld(work),
      openLog: () => (header.hasLog ? openLog(auditDirectory) : []),
    });
  }

  #masterKey(): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string } {
    const text = this.#services.masterKeyText().trim();
    const parsed = parseMasterKey(text);
    if (parsed.ok && parsed.masterKey.id === this.#services.store.masterKey.id) return { ok: true, text };
    return refused(
      'The master key that the server has read from its settings is not the one that the records are sealed under: send it SIGHUP.',
    );
  }

  async #record({ madeAt, hasLog, hasMasterKey }: BackupHeader): Promise<void> {
    const { audit, now, identity } = this.#services;
    const properties = { backup: { madeAt, log: hasLog, masterKey: hasMasterKey } };
    await audit.read(operatorRecord({ action: backupAction, atMs: now(), identity, accepted: true, properties }));
  }
}

/** A backup of one node's would not have the other nodes' logs, and a database has better means of its own. */
function elsewhere(url: string): string {
  const own = 'back it up with the means of the database (pg_dump, pgBackRest, snapshots of a managed service)';
  const copy = `stop all nodes, and copy it into a data folder with "postern store copy --from ${url} --to FOLDER"`;
  return `The records are in ${url}: ${own}, and the audit log of each node with it; or ${copy} (docs/how-to/postgres.md).`;
}

/** @throws {Error} when the key was replaced since the backup began: no one key opens what is in it, perhaps */
function keyOf(store: BackupServices['store'], { masterKeyId }: BackupHeader): MasterKey {
  if (store.hasOneMasterKey && store.masterKey.id === masterKeyId) return store.masterKey;
  throw new Error('the master key was replaced meanwhile: make it again');
}

function refused(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

/** The files of the log, the oldest first. */
function openLog(directory: string): readonly OpenLogFile[] {
  const opened: OpenLogFile[] = [];
  try {
    for (const number of [0, ...asideNumbers(directory)].toReversed()) {
      const path = logFile(directory, number);
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const { size, mtimeMs } = fstatSync(descriptor);
      opened.push({ name: `${names.log}${basename(path)}`, descriptor, size, modifiedS: Math.floor(mtimeMs / 1000) });
    }
    return opened;
  } catch (error) {
    for (const { descriptor } of opened) closeSync(descriptor);
    throw error;
  }
}
