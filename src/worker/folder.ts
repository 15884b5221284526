import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKey, parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import type { Settings } from '../settings/settings.ts';
import { openCertificates, trustedAuthorities } from '../setup/certificates.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import { registerClients } from '../setup/clients.ts';
import { openIdentity } from '../setup/identity.ts';
import type { Identity } from '../setup/identity.ts';
import { registerUsers } from '../setup/users.ts';
import { bindWorkloads } from '../setup/workloads.ts';
import { openCommitMark } from '../store/commit-mark.ts';
import { memoryStore } from '../store/memory.ts';
import { StoreRefused } from '../store/refused.ts';
import { openSealedStore } from '../store/sealed.ts';
import type { SealedStore } from '../store/sealed.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { replaceFile, type ReadFile } from './files.ts';

const authorityFile = 'ca.pem';
const lockRetryMs = 50;
const lockWaitMs = 5_000;

export interface FolderParts {
  readonly settings: Settings;
  /** Absolute, to be shown. */
  readonly path: string;
  readonly readFile: ReadFile;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What the data folder holds, opened. */
export interface OpenFolder {
  /** Absolute. With `--memory` a temporary folder, with nothing but the audit log and the certificate of the authority. */
  readonly path: string;
  readonly store: SealedStore;
  readonly identity: Identity;
  readonly certificates: ServerCertificates;
  /** Relative, as the folders are. */
  readonly authorityFile: string;
  readonly auditDirectory: string;
  /** Where diagnostic settings send copies of audit records: a folder for each storage account. */
  readonly storageDirectory: string;
  /** Fulfilled when a file of the database is found to be gone; everything is refused from then on. */
  readonly databaseLost: Promise<Error>;
  /** Closes what stays open beside the store, once that is closed. */
  close(): Promise<void>;
}

/**
 * Opens the data folder, which is the working directory: what is in it is reached by relative paths alone, for the way
 * from the root may be closed to this process.
 */
export async function openFolder({ settings, path, readFile, now }: FolderParts): Promise<OpenFolder> {
  chmodSync('.', 0o700);
  const { store, databaseLost, close } = await openStore(settings, readFile);
  const identity = await openIdentity(store, { demo: settings.demo, now });
  await registerClients(store, settings.clients, { tenantId: identity.tenantId, readFile });
  await bindWorkloads(store, settings.workloads);
  await registerUsers(store, settings.users, { tenantId: identity.tenantId, now });
  const certificates = await openCertificates(store, settings.domain, now);
  replaceFile(authorityFile, trustedAuthorities(certificates, now), 0o644);
  mkdirSync('audit', { recursive: true, mode: 0o700 });
  return {
    path,
    store,
    identity,
    certificates,
    authorityFile,
    auditDirectory: 'audit',
    storageDirectory: 'storage',
    databaseLost,
    close,
  };
}

async function openStore(
  settings: Settings,
  readFile: ReadFile,
): Promise<Pick<OpenFolder, 'store' | 'databaseLost' | 'close'>> {
  const previous = settings.previousMasterKey;
  const previousMasterKey = previous === undefined ? undefined : readKey(previous, 'POSTERN_MASTER_KEY_PREVIOUS');
  if (settings.dataFolder === undefined) {
    const store = await openSealedStore({ inner: memoryStore(), masterKey: masterKeyOf(settings, readFile) });
    return { store, databaseLost: new Promise(() => {}), close: async () => {} };
  }
  const lost = Promise.withResolvers<Error>();
  const inner = await openDatabase('postern.db', lost.resolve);
  const mark = await openCommitMark('commit-mark');
  const masterKey = masterKeyOf(settings, readFile);
  const store = await openSealedStore({ inner, masterKey, previousMasterKey, mark });
  return { store, databaseLost: lost.promise, close: () => mark.close() };
}

/** A worker that was killed may still be ending, and has the database until then. */
async function openDatabase(file: string, lost: (error: Error) => void): Promise<Store> {
  for (let waitedMs = 0; ; waitedMs += lockRetryMs) {
    try {
      return await openSqliteStore({ file, lost });
    } catch (error) {
      if (!(error instanceof StoreRefused && error.kind === 'inUse') || waitedMs >= lockWaitMs) throw error;
      await sleep(lockRetryMs);
    }
  }
}

/** Removes all that is in the folder. */
export function emptyFolder(): void {
  for (const entry of readdirSync('.')) rmSync(entry, { recursive: true, force: true });
}

/** From the environment, from the file that the configuration names, or from the data folder, where the first start makes one. */
function masterKeyOf({ masterKey, masterKeyFile }: Settings, readFile: ReadFile): MasterKey {
  if (masterKey !== undefined) return readKey(masterKey, 'POSTERN_MASTER_KEY');
  const file = masterKeyFile ?? 'master.key';
  if (masterKeyFile === undefined) makeKeyFile(file);
  return readKey(readFile(file), `the master key file ${file}`);
}

function makeKeyFile(file: string): void {
  try {
    writeFileSync(file, `${generateMasterKey()}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function readKey(text: string, name: string): MasterKey {
  const parsed = parseMasterKey(text.trim());
  if (!parsed.ok) throw new Error(`${name}: ${parsed.refusal.message}`);
  return parsed.masterKey;
}
