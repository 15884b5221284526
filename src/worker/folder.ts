import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { restoringFile } from '../backup/restoring.ts';
import type { Settings } from '../settings/settings.ts';
import { openAzureCertificates, openCertificates, trustedAuthorities } from '../setup/certificates.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import { registerClients } from '../setup/clients.ts';
import { openDeveloper } from '../setup/developer.ts';
import { openReader } from '../setup/reader.ts';
import type { Reader } from '../setup/reader.ts';
import type { Developer } from '../setup/developer.ts';
import { openPortalUser } from '../setup/portal-user.ts';
import type { PortalUser } from '../setup/portal-user.ts';
import { openIdentity } from '../setup/identity.ts';
import type { Identity } from '../setup/identity.ts';
import { registerUsers } from '../setup/users.ts';
import { bindWorkloads } from '../setup/workloads.ts';
import { openCommitMark } from '../store/commit-counter.ts';
import type { CommitMark } from '../store/commit-counter.ts';
import { isPlainMark } from '../store/marked-commit.ts';
import { memoryStore } from '../store/memory.ts';
import { StoreRefused } from '../store/refused.ts';
import { openSealedStore } from '../store/sealed.ts';
import type { OpenedStore } from '../store/sealed.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { Store } from '../store/store.ts';
import type { StartWorker } from '../types/supervision.ts';
import { replaceFile, type ReadFile } from './files.ts';
import { openMasterKeys } from './master-key.ts';
import { inSetupTurn } from './node-turn.ts';
import type { NodeFaults } from './node-faults.ts';
import type { OwnNode } from './node.ts';
import { openNodeStore } from './open-node.ts';
import type { ConnectDatabase } from './open-node.ts';
import { upgradeStore } from './upgrade.ts';

const lockRetryMs = 50;
const lockWaitMs = 5_000;

export interface FolderParts {
  readonly settings: Settings;
  /** Absolute, for messages. */
  readonly path: string;
  /**
   * The same folder, as this process opens it: the absolute path, or `.` where it is the working directory because this
   * process may not be allowed to pass the folders above.
   */
  readonly entry: string;
  readonly readFile: ReadFile;
  readonly mark: StartWorker<Settings>['mark'];
  /** Tells the administrator about an upgrade. */
  readonly notice: (message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The time by the clock of the clients, which certificates must be valid by; by default `now`. */
  readonly clientsNow?: number;
  /** With `--memory`: the records to go on with, instead of none. */
  readonly kept?: Store;
  /** Opens the database of `--store`. */
  readonly connectDatabase?: ConnectDatabase;
  /** The clock that goes on, for a node of a shared store; by default `now`, for ever. */
  readonly clock?: () => number;
}

/** The opened data folder. */
export interface OpenFolder {
  /** Absolute. With `--memory` it is a temporary folder with only the audit log and the authorities' certificates. */
  readonly path: string;
  readonly store: OpenedStore;
  /** The id of the master key, and of those that this start has replaced. */
  readonly masterKey: { readonly id: string; readonly replaced: readonly string[] };
  /** This server among those that share its store. */
  readonly node?: OwnNode | undefined;
  readonly shared?: NodeStore | undefined;
  /** Why it must not be asked although that store answers. */
  readonly faults?: NodeFaults | undefined;
  /** Does what a start makes, while no other node of the store does (`inSetupTurn`). */
  readonly inSetupTurn: <T>(work: (store: Store) => Promise<T>) => Promise<T>;
  /** The same store without its seal, to list keys: they are in clear, and a damaged record does not matter. */
  readonly rows: Pick<Store, 'list' | 'read'>;
  readonly identity: Identity;
  readonly developer: Developer | undefined;
  readonly portalUser: PortalUser | undefined;
  readonly reader: Reader;
  readonly certificates: ServerCertificates;
  /** For Azure's names, with an authority that only workloads of the fabric trust. */
  readonly azureCertificates: ServerCertificates;
  /** Paths in the entry of the folder, like those below. */
  readonly authorityFile: string;
  readonly fabricAuthorityFile: string;
  readonly auditDirectory: string;
  /** The folder for copies of audit records from diagnostic settings, with a folder for each storage account. */
  readonly storageDirectory: string;
  /** See `hosts-file.ts`. */
  readonly hostsFile: string;
  /** Resolves when a file of the database is gone. Everything is refused from then on. */
  readonly databaseLost: Promise<Error>;
  /** Closes what is open besides the store, after the store. */
  close(): Promise<void>;
}

/** Opens the data folder. */
export async function openFolder(parts: FolderParts): Promise<OpenFolder> {
  const { entry, now, clientsNow = now } = parts;
  const [authorityFile, fabricAuthorityFile] = [join(entry, 'ca.pem'), join(entry, 'fabric-ca.pem')];
  const auditDirectory = join(entry, 'audit');
  chmodSync(entry, 0o700);
  refuseUnfinished(parts);
  const { inSetupTurn: inTurn, ...opened } = await openStore(parts);
  const made = await inTurn((store) => makeAtStart(store, parts)).catch(async (error: unknown) => {
    await closeOpened(opened);
    throw error;
  });
  const { certificates, azureCertificates } = made;
  replaceFile(authorityFile, trustedAuthorities(certificates, clientsNow), 0o644);
  replaceFile(fabricAuthorityFile, trustedAuthorities(azureCertificates, clientsNow), 0o644);
  mkdirSync(auditDirectory, { recursive: true, mode: 0o700 });
  return {
    path: parts.path,
    ...opened,
    inSetupTurn: inTurn,
    ...made,
    authorityFile,
    fabricAuthorityFile,
    auditDirectory,
    storageDirectory: join(entry, 'storage'),
    hostsFile: join(entry, 'hosts'),
  };
}

/** Makes in the store, or finds there, all that a start needs. */
async function makeAtStart(store: Store, { settings, readFile, now, clientsNow = now }: FolderParts) {
  const identity = await openIdentity(store, { demo: settings.demo, now });
  await registerClients(store, settings.clients, { tenantId: identity.tenantId, readFile });
  const developer = await openDeveloper(store, identity);
  const reader = await openReader(store, identity, now);
  await bindWorkloads(store, settings.workloads);
  await registerUsers(store, settings.users, { tenantId: identity.tenantId, now });
  const portalUser = await openPortalUser(store, identity, { domain: settings.domain, now });
  const certificates = await openCertificates(store, settings.domain, clientsNow);
  const azureCertificates = await openAzureCertificates(store, clientsNow);
  return { identity, developer, reader, portalUser, certificates, azureCertificates };
}

/** @throws {StoreRefused} `unfinishedRestore` */
export function refuseUnfinished({ path, entry }: Pick<FolderParts, 'path' | 'entry'>): void {
  if (!existsSync(join(entry, restoringFile))) return;
  const found = `A restore into ${path} was cut short, or is at work: ${join(path, restoringFile)} is there`;
  throw new StoreRefused('unfinishedRestore', `${found}. Run "postern restore" again, or choose another --data.`);
}

type Opened = Pick<
  OpenFolder,
  'store' | 'masterKey' | 'rows' | 'databaseLost' | 'close' | 'node' | 'shared' | 'faults' | 'inSetupTurn'
>;

async function openStore(parts: FolderParts): Promise<Opened> {
  const { settings, connectDatabase } = parts;
  if (settings.store === undefined) {
    const opened = await openOwnStore(parts);
    return { ...opened, inSetupTurn: (work) => work(opened.store) };
  }
  if (connectDatabase === undefined)
    throw new TypeError('the settings name a database, and nothing was given that opens it');
  const opened = await openNodeStore(parts, settings.store, connectDatabase);
  const { store, shared, node } = opened;
  const turn = { node: node.name, clock: () => shared.clock(), notice: parts.notice };
  return {
    ...opened,
    rows: shared,
    databaseLost: new Promise(() => {}),
    inSetupTurn: (work) => inSetupTurn(store, turn, work),
  };
}

/** After a start that failed. */
async function closeOpened({ node, store, close }: Pick<Opened, 'node' | 'store' | 'close'>): Promise<void> {
  await node?.close().catch(() => undefined);
  await store.close();
  await close();
}

async function openOwnStore({
  settings,
  path,
  entry,
  readFile,
  mark: place,
  notice,
  kept,
}: FolderParts): Promise<Omit<Opened, 'inSetupTurn'>> {
  const { masterKey, previous, settle } = openMasterKeys(settings, { entry, readFile, notice });
  const replaced: string[] = [];
  const usedKey = { id: masterKey.id, replaced };
  if (settings.dataFolder === undefined) {
    const rows = kept ?? memoryStore();
    const store = await openSealedStore({ inner: rows, masterKey });
    return { store, masterKey: usedKey, rows, databaseLost: new Promise(() => {}), close: async () => {} };
  }
  const { acceptCopy } = settings;
  const lost = Promise.withResolvers<Error>();
  const databaseFile = join(entry, 'postern.db');
  // An older version kept the mark there, wherever the key was.
  const olderMark = join(entry, 'commit-mark');
  const markFile = isAbsolute(place.path) ? place.path : join(entry, place.path);
  const file = await openCommitMark(markFile, place.descriptor);
  const mark = markFile === olderMark ? file : await besideOlderMark(file, olderMark);
  if (!existsSync(databaseFile)) await refuseMissing(databaseFile, mark, acceptCopy);
  const inner = await openDatabase(databaseFile, lost.resolve);
  let opened: Store = inner;
  try {
    const rotates = (from: readonly string[]) => void replaced.push(...from);
    const store = await openSealedStore({ inner, masterKey, previousMasterKeys: previous, mark, acceptCopy, rotates });
    opened = store;
    settle();
    await upgradeStore({ store, sealed: inner, path, accept: acceptCopy, notice });
    if (markFile !== olderMark) rmSync(olderMark, { force: true });
    return { store, masterKey: usedKey, rows: inner, databaseLost: lost.promise, close: () => file.close() };
  } catch (error) {
    // SQLite then empties its log, which would otherwise be applied to a copy that is restored beside it.
    await opened.close();
    throw error;
  }
}

/**
 * Refuses to create a database where one was missing: its remaining log would be applied to the next file with that name,
 * whether new or restored.
 * @throws {StoreRefused} `noDatabase`
 */
async function refuseMissing(databaseFile: string, mark: CommitMark, accept: boolean): Promise<void> {
  const log = `${databaseFile}-wal`;
  const missing = `${databaseFile} is missing, but`;
  if (existsSync(log)) {
    const remedy = 'Restore the database, or remove the log to start without their contents';
    throw new StoreRefused('noDatabase', `${missing} ${log}, the log of its last changes, is still there. ${remedy}.`);
  }
  if (accept || (await mark.read()).length === 0) return;
  const remedy = 'Restore it, or start once with --accept-copy to begin with an empty database';
  throw new StoreRefused(
    'noDatabase',
    `${missing} its commit mark (${mark.name}) shows that there was one. ${remedy}.`,
  );
}

/** Uses the mark of an older version in the data folder until one is first written in the right place. */
export async function besideOlderMark(mark: CommitMark, olderMark: string): Promise<CommitMark> {
  if (!existsSync(olderMark)) return mark;
  const older = await openCommitMark(olderMark);
  const slots = await older.read();
  await older.close();
  if (!isPlainMark(slots)) return mark;
  return {
    name: mark.name,
    write: (slot, contents) => mark.write(slot, contents),
    async read() {
      const own = await mark.read();
      return own.length === 0 ? slots : own;
    },
  };
}

/** Waits for the database: a killed worker that is still ending keeps it open. */
export async function openDatabase(file: string, lost: (error: Error) => void): Promise<Store> {
  for (let waitedMs = 0; ; waitedMs += lockRetryMs) {
    try {
      return await openSqliteStore({ file, lost });
    } catch (error) {
      if (!(error instanceof StoreRefused && error.kind === 'inUse') || waitedMs >= lockWaitMs) throw error;
      await sleep(lockRetryMs);
    }
  }
}

/** Removes everything in the folder that is the working directory. */
export function emptyFolder(): void {
  for (const entry of readdirSync('.')) rmSync(entry, { recursive: true, force: true });
}
