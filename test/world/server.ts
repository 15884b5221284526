import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { createDemo } from '../../src/setup/demo.ts';
import { openFolder } from '../../src/worker/folder.ts';
import { notBuilt } from '../../src/site/portal-files.ts';
import type { FoundPortal } from '../../src/site/portal-files.ts';
import type { SealedStore } from '../../src/store/sealed.ts';
import type { NodeStore } from '../../src/store/node-store.ts';
import type { OpenFolder } from '../../src/worker/folder.ts';
import type { ConnectDatabase, DatabaseOptions } from '../../src/worker/open-node.ts';
import { openServer } from '../../src/worker/server.ts';
import type { Server } from '../../src/worker/server.ts';
import { connect } from './client.ts';
import type { Client } from './client.ts';
import { databaseOf } from './database.ts';
import { freePort } from './free-port.ts';
import { readersOptions, withoutReaders } from './readers-options.ts';

export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  readonly folder: OpenFolder;
  readonly port: number;
  readonly client: Client;
  /** The connections of its clients. */
  readonly agent: Agent;
  /** Moves the server's clock forward. */
  readonly advance: (ms: number) => void;
  readonly now: () => number;
}

export interface TestServerSetting {
  /** Options of `postern start`. */
  readonly options?: readonly string[];
  /** The contents of the configuration file. */
  readonly config?: unknown;
  /** A data folder that outlives the server; by default the server has one of its own. */
  readonly data?: string;
  /** The folder of the audit log, if it is not in the data folder. */
  readonly auditDirectory?: string;
  /** The server's clock moves only by `advance`. */
  readonly still?: boolean;
  /** Called with what an administrator is told at the start. */
  readonly notice?: (message: string) => void;
  /** With the demo world and its user. */
  readonly demo?: boolean;
  /** The portal's files; by default there are none. */
  readonly portal?: FoundPortal;
  /** Opens the database of `--store`, where that is among the options. */
  readonly connectDatabase?: ConnectDatabase;
  /** Wraps the store that the server is given. */
  readonly wrapStore?: (store: SealedStore) => SealedStore;
}

/**
 * The real server on a real port, in this process so that its clock can be moved: the rooms are assembled as in the
 * worker, on SQLite in a temporary folder. `options` are those of `postern start`.
 */
export function startServer(...options: readonly string[]): Promise<TestServer> {
  return startServerWith({ options });
}

/** Like `startServer`, with more than other options. */
export async function startServerWith({
  options = [],
  config,
  data: kept,
  auditDirectory,
  still = false,
  notice = () => {},
  wrapStore = (store) => store,
  demo = false,
  portal = notBuilt,
  connectDatabase: connects = connectDatabase,
}: TestServerSetting): Promise<TestServer> {
  const data = kept ?? mkdtempSync(join(tmpdir(), 'postern-test-'));
  const database = options.includes('--memory') ? undefined : await databaseOf(data);
  const given = ['--data', data, ...(demo ? [] : ['--no-demo']), ...options, ...(database?.options ?? [])];
  let offset = 0;
  const start = Date.now();
  const now = () => (still ? start : Date.now()) + offset;
  // The names contain the port, so it must be known before the server is assembled.
  const port = await freePort();
  const settings = { ...settingsOf(given, config), port };
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const folder = await openFolder({
    settings,
    path: data,
    entry: data,
    readFile,
    mark: { path: 'commit-mark' },
    notice,
    now: now(),
    clock: now,
    connectDatabase: connects,
  });
  await folder.inSetupTurn((store) => createDemo(store, folder, now()));
  const log = pino({ level: 'silent' });
  const around = { folder, data, settings, now, log };
  // Most runs of the tests have no readers.
  const readers = settings.readers === 0 ? undefined : (await import('./readers.ts')).readersOf(around);
  const server = await openServer({
    ...folder,
    ...readers?.ofWorker,
    store: wrapStore(readers?.ofWorker.store ?? folder.store),
    auditDirectory: auditDirectory ?? folder.auditDirectory,
    settings,
    portal,
    port,
    now,
    log,
  });
  // A handshake costs ten times what a request does, on both ends.
  const agent = new Agent({ keepAlive: true });
  const end = async () => {
    await readers?.close();
    await server.close();
    await folder.close();
  };
  try {
    const accepting = (await readers?.open(server)) ?? [server.ingress];
    const reusePort = accepting.length > 1;
    for (const ingress of accepting) {
      await ingress.addPublic({ port, host: '127.0.0.1', reusePort });
      await ingress.addPublic({ port, host: '::1', ipv6Only: true, reusePort });
    }
  } catch (error) {
    // An open store would keep the process of the test for ever.
    await end();
    throw error;
  }
  return {
    server,
    folder,
    port,
    agent,
    client: connect({
      port,
      domain: settings.domain,
      ca: folder.certificates.authority.certificate,
      identity: folder.identity,
      agent,
    }),
    advance: (ms) => {
      offset += ms;
    },
    now,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await end();
      if (kept !== undefined) return;
      rmSync(data, { recursive: true, force: true });
      await database?.remove();
    },
  };
}

/** The settings of these options: with readers where the run asks for them and the test does not exclude them. */
function settingsOf(argv: readonly string[], config: unknown): Settings {
  const inFile = config === undefined ? [] : ['--config', 'postern.json'];
  const input = { environment: {}, readFile: () => JSON.stringify(config), folder: process.cwd() };
  const more = readersOptions(argv);
  const read = readSettings({ ...input, argv: [...argv, ...inFile, ...more] });
  if (read.ok) return read.settings;
  const without = readSettings({ ...input, argv: [...argv, ...inFile] });
  if (!without.ok) throw new Error(without.message);
  withoutReaders(read.message);
  return without.settings;
}

/** Most runs of the tests need no database. */
async function connectDatabase(options: DatabaseOptions): Promise<NodeStore> {
  const { openPostgresStore } = await import('../../src/store/postgres/postgres.ts');
  return await openPostgresStore({ ...options, now: Date.now });
}
