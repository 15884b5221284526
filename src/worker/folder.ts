import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const authorityFile = 'ca.pem';
const lockRetryMs = 50;
const lockWaitMs = 5_000;

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What the data folder holds, opened. */
export interface OpenFolder {
  /** Absolute. With `--memory` a temporary folder, in which nothing but the audit log and the authority's certificate stands. */
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
 * Opens the data folder and enters it, so that what is opened later by a relative path (a rotated audit log) is found
 * also where the way from the root is closed after the privilege drop. What root made in it goes to the account.
 */
export async function openFolder(settings: Settings, now: number, account: Account | undefined): Promise<OpenFolder> {
  const path = settings.dataFolder ?? mkdtempSync(join(tmpdir(), 'postern-'));
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  process.chdir(path);
  const { store, databaseLost, close } = await openStore(settings);
  const identity = await openIdentity(store, { demo: settings.demo, now });
  await registerClients(store, settings.clients, identity.tenantId);
  await bindWorkloads(store, settings.workloads);
  await registerUsers(store, settings.users, { tenantId: identity.tenantId, now });
  const certificates = await openCertificates(store, settings.domain, now);
  writeFileSync(authorityFile, trustedAuthorities(certificates, now));
  mkdirSync('audit', { recursive: true, mode: 0o700 });
  if (account !== undefined) giveAll('.', account);
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

async function openStore(settings: Settings): Promise<Pick<OpenFolder, 'store' | 'databaseLost' | 'close'>> {
  const previous = settings.previousMasterKey;
  const previousMasterKey = previous === undefined ? undefined : readKey(previous, 'POSTERN_MASTER_KEY_PREVIOUS');
  if (settings.dataFolder === undefined) {
    const store = await openSealedStore({ inner: memoryStore(), masterKey: masterKeyOf(settings) });
    return { store, databaseLost: new Promise(() => {}), close: async () => {} };
  }
  const lost = Promise.withResolvers<Error>();
  const inner = await openDatabase('postern.db', lost.resolve);
  const mark = await openCommitMark('commit-mark');
  const store = await openSealedStore({ inner, masterKey: masterKeyOf(settings), previousMasterKey, mark });
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

/** Removes what `--memory` left on disk. */
export function removeTemporary(folder: OpenFolder, settings: Settings): void {
  if (settings.dataFolder !== undefined) return;
  process.chdir('/');
  rmSync(folder.path, { recursive: true, force: true });
}

/** From the environment, from the file that the configuration names, or from the data folder, where the first start makes one. */
function masterKeyOf(settings: Settings): MasterKey {
  if (settings.masterKey !== undefined) return readKey(settings.masterKey, 'POSTERN_MASTER_KEY');
  const file = settings.masterKeyFile ?? 'master.key';
  if (settings.masterKeyFile === undefined) makeKeyFile(file);
  return readKey(readFileSync(file, 'utf8'), `the master key file ${file}`);
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

function giveAll(folder: string, { uid, gid }: Account): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, entry), uid, gid);
}
