import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { logFile } from '../audit/rotation.ts';
import { outboxPrefix } from '../audit/staged.ts';
import { readConnection } from '../cli/connection.ts';
import type { Connection } from '../cli/connection.ts';
import { startOtlpThread } from '../delivery/delivery.ts';
import type { Settings } from '../settings/settings.ts';
import type { AtStart } from '../setup/at-start.ts';
import { demo } from '../setup/demo.ts';
import { readPortal } from '../site/portal-files.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import { openFolder } from '../worker/folder.ts';
import type { OpenFolder } from '../worker/folder.ts';
import { describeStart, writeConnectionFile } from '../worker/ready.ts';
import { seedStore } from '../worker/seed.ts';
import { openServer } from '../worker/server.ts';
import type { Server } from '../worker/server.ts';
import type { Application, Backend, Facts, PlaceFound } from './backend.ts';
import { environmentOf } from './environment.ts';
import type { PosternOptions } from './postern.ts';
import { settingsOf } from './settings.ts';
import { boundSocket, SourceListeners } from './source-listeners.ts';

/** One life of the server: from a start or a reset to the next. */
interface Life {
  readonly folder: OpenFolder;
  readonly server: Server;
  readonly listeners: SourceListeners;
}

/** How long a record is on its way from the store to the log, about. */
const lookEveryMs = 5;

const quiet = pino({ level: 'silent' }, { write: () => undefined });

/** Starts a server in this process, and changes nothing else of it: not its folder, signals, environment or output. */
export async function openServerHere(options: PosternOptions): Promise<Backend> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'postern-')));
  try {
    const server = new ServerHere(path, options);
    await openOrStop(server);
    return server;
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

async function openOrStop(server: ServerHere): Promise<void> {
  try {
    await server.open();
  } catch (error) {
    await server.stop();
    throw error;
  }
}

class ServerHere implements Backend {
  /** Audit log, authorities and hosts file, for the programs that need them as files. */
  readonly #path: string;
  readonly #options: PosternOptions;
  readonly #settings: Settings;
  #movedMs = 0;
  #life: Life | undefined;
  /** Settles when the last step of `#inTurn` has ended. */
  #lastStep: Promise<unknown> = Promise.resolve();
  /** The records after the start. */
  #first: readonly StoredRecord[] = [];
  #facts: Facts | undefined;

  constructor(path: string, options: PosternOptions) {
    this.#path = path;
    this.#options = options;
    this.#settings = settingsOf(options, path);
  }

  async open(): Promise<void> {
    await this.#begin(0);
    await this.recorded();
    const log = readFileSync(logFile(this.#running.folder.auditDirectory, 0), 'utf8');
    this.#facts = { ...this.facts, recordsAtStart: log.split('\n').length - 1 };
    this.#first = await allRecords(this.#running.folder.rows);
  }

  get facts(): Facts {
    if (this.#facts === undefined) throw new Error('the server has not started');
    return this.#facts;
  }

  find(place: string): Promise<PlaceFound> {
    return this.#inTurn(() => this.#running.listeners.find(place));
  }

  environment(inherited: Readonly<Record<string, string | undefined>>): Promise<Readonly<Record<string, string>>> {
    return environmentOf(this.#connection(), inherited);
  }

  advance(ms: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#movedMs += ms;
      await this.#running.server.scheduler.runDue();
    });
  }

  async recorded(): Promise<void> {
    const look = () => this.#running.folder.rows.list({ prefix: outboxPrefix, limit: 1 });
    while ((await look()).length > 0) await sleep(lookEveryMs);
  }

  reset(): Promise<void> {
    return this.#inTurn(() => this.#beginAgain());
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        if (this.#life !== undefined) await this.#end();
      } finally {
        rmSync(this.#path, { recursive: true, force: true });
      }
    });
  }

  /** One after the other: a stop that came in the middle of a reset would leave the life that the reset then begins. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const ended = this.#lastStep.then(step);
    this.#lastStep = ended.catch(() => undefined);
    return ended;
  }

  async #beginAgain(): Promise<void> {
    const { port } = this.facts;
    const { auditDirectory, storageDirectory } = this.#running.folder;
    await this.#end();
    this.#movedMs = 0;
    // Only what requests wrote: an environment that a program was given names the other files.
    for (const folder of [auditDirectory, storageDirectory]) rmSync(folder, { recursive: true, force: true });
    const kept = memoryStore();
    await kept.transact({ put: [...this.#first] });
    await this.#begin(port, kept);
  }

  get #running(): Life {
    if (this.#life === undefined) throw new Error('the server was stopped');
    return this.#life;
  }

  readonly #now = (): number => (this.#options.clock?.getTime() ?? Date.now()) + this.#movedMs;

  async #begin(atPort: number, kept?: Store): Promise<void> {
    const bound = boundSocket(atPort);
    try {
      await this.#listen(bound, kept);
    } catch (error) {
      bound.socket.close();
      throw error;
    }
  }

  async #listen({ socket, port }: ReturnType<typeof boundSocket>, kept: Store | undefined): Promise<void> {
    const settings = { ...this.#settings, port };
    const folder = await openFolder({
      settings,
      path: this.#path,
      entry: this.#path,
      readFile: (file) => readFileSync(file, 'utf8'),
      mark: { path: 'commit-mark' },
      notice: () => undefined,
      now: this.#now(),
      clientsNow: Date.now(),
      ...(kept !== undefined && { kept }),
    });
    const atStart = await seedStore(folder, { settings, nowMs: this.#now(), notice: () => undefined });
    const collects = (settings.audit?.otlp ?? []).length > 0;
    const server = await openServer({
      ...folder,
      settings,
      port,
      portal: readPortal(),
      deliveryThread: collects ? await startOtlpThread() : undefined,
      now: this.#now,
      clientsNow: Date.now,
      log: quiet,
    });
    const { subscriptionId } = folder.identity;
    const { store } = folder;
    const { resourceGroup } = settings.seed?.seed ?? demo;
    const listeners = new SourceListeners({ server, store, subscriptionId, resourceGroup });
    this.#life = { folder, server, listeners };
    await server.ingress.addPublic(socket);
    const controlSocket = join(this.#path, 'none');
    const ready = describeStart({ ...folder, atStart, settings, names: server.names, controlSocket });
    writeConnectionFile(ready, this.#path);
    this.#facts = {
      ...this.#connection(),
      applications: atStart.identities.flatMap((made) => this.#applicationOf(made)),
      ca: folder.certificates.authority.certificate,
      port,
      recordsAtStart: 0,
    };
  }

  #applicationOf({ name, clientId }: AtStart['identities'][number]): readonly Application[] {
    const clientSecret = this.#settings.seed?.seed.identities[name]?.clientSecret;
    return typeof clientSecret === 'string' ? [{ name, clientId, clientSecret }] : [];
  }

  async #end(): Promise<void> {
    const { server, folder } = this.#running;
    this.#life = undefined;
    await server.close();
    await folder.close();
  }

  #connection(): Connection {
    return readConnection(this.#path);
  }
}

async function allRecords(rows: Pick<Store, 'list'>): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  for (let after: string | undefined; ;) {
    const page = await rows.list({ prefix: '', after, limit: 1000 });
    found.push(...page);
    after = page.at(-1)?.key;
    if (after === undefined) return found;
  }
}
