/**
 * The worker, which has the keys and answers the requests. The supervisor sends it the settings, its data folder and its
 * listening sockets; until the first message it has nothing. Started by root, it first loads its code, enters the folder
 * and gives up root, in this order: root loads no code from the folder, and only the folder's owner opens files in it.
 */
import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { startOtlpThread } from './delivery/delivery.ts';
import type { DrainTimes } from './http/http-server.ts';
import type { Settings } from './settings/settings.ts';
import { readPortal } from './site/portal-files.ts';
import { openPostgresStore } from './store/postgres/postgres.ts';
import type { Binding, FromWorker, Listener, StartWorker, TlsPair, ToWorker } from './types/supervision.ts';
import { lookIntoPostgres } from './store/postgres/look.ts';
import { dryRun } from './worker/dry-run.ts';
import type { LookIntoDatabase } from './worker/dry-run.ts';
import { openFolder } from './worker/folder.ts';
import type { FolderParts, OpenFolder } from './worker/folder.ts';
import type { ConnectDatabase } from './worker/open-node.ts';
import { fileReader } from './worker/files.ts';
import { answerRotation, openKeyRotation } from './worker/key-rotation.ts';
import type { KeyRotation } from './worker/key-rotation.ts';
import { enterFolder } from './worker/enter-folder.ts';
import { bindAgain, endBindings } from './worker/bind-again.ts';
import { bindDeclared } from './worker/bind-declared.ts';
import { bindIdentity } from './worker/bind-identity.ts';
import { listenerServices } from './worker/listener-services.ts';
import { beginAsNode, endingOf } from './worker/leaving.ts';
import { addListener, readGatewayFiles } from './worker/listeners.ts';
import type { AddedListener, ListenerServices } from './worker/listeners.ts';
import { drainTimes, drainTimesOfOrphan } from './worker/ending.ts';
import { Health } from './worker/health.ts';
import { describeStart, writeConnectionFile } from './worker/ready.ts';
import { denialsTo } from './worker/denial-lines.ts';
import { fatalMessage } from './worker/failure-line.ts';
import { withReaders } from './worker/readers/with-readers.ts';
import { seedStore } from './worker/seed.ts';
import { openServer } from './worker/server.ts';
import { writeToTerminal } from './worker/terminal.ts';

const destination =
  writeToTerminal === undefined ? pino.destination({ dest: 2, sync: true }) : { write: writeToTerminal };
/** Its level comes with the settings. */
const log = pino({ level: 'info' }, destination);

const health = new Health(log, Date.now);

interface Running {
  readonly context: ListenerServices;
  readonly keys: KeyRotation;
  /** `leaves`: no other worker follows, and where the store has other nodes, clients go to these. */
  readonly end: (times: DrainTimes, leaves: boolean) => Promise<void>;
  readonly announce: () => void;
  /** The listeners that still have to be added before the worker is ready. */
  outstanding: number;
}

type DataParts = Pick<FolderParts, 'readFile' | 'notice'>;
type Accepting = Extract<AddedListener, { readonly ok: true }>;

/** By listener id: what was added, once it accepts; `undefined` if it was refused. */
const listening = new Map<string, Promise<Accepting | undefined>>();
let running: Promise<Running> | undefined;
let stopping: Promise<void> | undefined;
let failed = false;

process.on('message', (message: ToWorker<Settings>, handle: unknown) => {
  receive(message, handle).catch(fail);
});
// Without a supervisor, this process would get no sockets, no replacement and no request to stop.
process.on('disconnect', () => {
  stop('the supervisor is gone', { times: drainTimesOfOrphan }).catch(fail);
});
// systemd and others send a signal to every process of a service.
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => void stop(signal, { leaves: true }).catch(fail));
// The supervisor handles it, and replaces this process.
process.on('SIGHUP', () => undefined);

async function receive(message: ToWorker<Settings>, handle: unknown): Promise<void> {
  switch (message.kind) {
    case 'start':
      log.level = message.settings.dryRun ? 'warn' : message.settings.logLevel;
      if (message.settings.dryRun) {
        const look = (database: Parameters<LookIntoDatabase>[0]) => lookIntoPostgres({ ...database, now: Date.now });
        tell({ kind: 'ready', ...(await dryRun(message, look)) });
        break;
      }
      running = start(message);
      await running;
      break;
    case 'listener':
      await listenFrom(message.listener, handle);
      break;
    case 'close':
      await closeListener(message.id);
      break;
    case 'bind':
      await bind(message.binding);
      break;
    case 'unbind':
      await unbind(message.id);
      tell({ kind: 'closed', id: message.id });
      break;
    case 'rotate': {
      const keys = (await running)?.keys;
      if (keys !== undefined) tell(await answerRotation(keys, message, log));
      break;
    }
    case 'tls':
      await showCertificates(message.pairs);
      break;
    case 'status':
      tell({ kind: 'status', id: message.id, text: JSON.stringify(await health.status()) });
      break;
    case 'ping':
      tell({ kind: 'pong' });
      break;
    case 'stop':
      await stop(message.why, { leaves: message.leaves });
      break;
  }
}

async function start(message: StartWorker<Settings>): Promise<Running> {
  const { settings, listeners, controlSocket } = message;
  const deliveryThread = (settings.audit?.otlp ?? []).length > 0 ? await startOtlpThread() : undefined;
  // While the files of the installation can be read for certain.
  const portal = readPortal();
  // The cache belongs to root. After this, code may be out of reach.
  flushCompileCache();
  enterFolder(message);
  health.begin({ settings, folder: '.', workerRestarts: message.workerRestarts });
  const now = Date.now;
  const readFile = fileReader(message.files);
  const gatewayFiles = readGatewayFiles(settings, readFile);
  const notice = (text: string) => log.warn(text);
  const folder = await openData(message, { readFile, notice });
  void folder.databaseLost.then((error) => log.fatal(error.message));
  const atStart = await seedStore(folder, { settings, nowMs: now(), notice });
  const server = await openServer({
    ...folder,
    ...withReaders(folder, { epoch: message.readersEpoch, settings, readFile, log }),
    settings,
    tls: message.tls,
    port: settings.port,
    gatewayCertificate: gatewayFiles?.certificate?.cert,
    deliveryThread,
    portal,
    subnetEnded,
    now,
    log,
    denied: denialsTo(settings, { data: folder.path, now }),
  });
  const keys = await openKeyRotation({ ...folder, ...server, settings, entry: '.', readFile, now });
  for (const ended of await bindAgain(message.bindings, server)) tell(ended);
  server.renewals.start();
  const ready = describeStart({
    ...folder,
    atStart,
    settings,
    names: server.names,
    controlSocket,
    health: message.health,
  });
  writeConnectionFile(ready, '.');
  const leave = () => tell({ kind: 'leave' });
  const announce = () => {
    health.serve(server);
    beginAsNode({ folder, log, leave });
    log.info({ home: server.names.resourceManager, data: folder.path }, 'ready');
    tell({ kind: 'ready', line: ready.line, text: ready.text });
  };
  if (listeners === 0) announce();
  const context = listenerServices({ server, folder, settings, gatewayFiles, readFile, notice, now, end: leave });
  return { context, keys, end: endingOf({ server, folder, settings, log }), announce, outstanding: listeners };
}

function openData({ settings, folder: { path }, mark }: StartWorker<Settings>, parts: DataParts): Promise<OpenFolder> {
  const now = Date.now;
  const connectDatabase: ConnectDatabase = (database) => openPostgresStore({ ...database, now });
  return openFolder({ settings, path, entry: '.', mark, ...parts, now: now(), clock: now, connectDatabase });
}

async function listenFrom(listener: Listener, handle: unknown): Promise<void> {
  const opening = listen(listener, handle);
  listening.set(
    listener.id,
    opening.catch(() => undefined),
  );
  await opening;
}

/** Waits until the listener accepts, which may take as long as the start: otherwise it would stay open after being reported closed. */
async function closeListener(id: string): Promise<void> {
  const accepting = await listening.get(id);
  listening.delete(id);
  accepting?.close();
  tell({ kind: 'closed', id });
}

/** Closes the listeners and ends the bindings that end with the subnet, here and in the supervisor. */
function subnetEnded(incarnation: string): void {
  endBindingsOf(incarnation).catch(fail);
  for (const id of listening.keys()) closeEnded(id, incarnation).catch(fail);
}

async function endBindingsOf(incarnation: string): Promise<void> {
  const server = (await running)?.context.server;
  if (server !== undefined) for (const ended of endBindings(incarnation, server)) tell(ended);
}

async function closeEnded(id: string, incarnation: string): Promise<void> {
  const accepting = await listening.get(id);
  if (accepting?.endsWith?.incarnation !== incarnation || !listening.delete(id)) return;
  accepting.close();
  tell({ kind: 'refused', id, message: accepting.endsWith.message });
}

async function bind(binding: Binding): Promise<void> {
  const worker = await running;
  if (worker === undefined) return;
  const { context } = worker;
  tell(await ('tokenDigest' in binding ? bindDeclared(binding, context) : bindIdentity(binding, context)));
}

/** A pair was tried before it was sent; should one fail nevertheless, those from before are shown. */
async function showCertificates(pairs: readonly TlsPair[]): Promise<void> {
  try {
    (await running)?.context.server.renewals.showOperatorCertificates(pairs);
  } catch (error) {
    log.error({ err: error }, "the operator's certificates were not replaced");
  }
}

async function unbind(id: string): Promise<void> {
  const server = (await running)?.context.server;
  server?.identityBindings.unbind(id);
  server?.ingress.declared.unbind(id);
}

async function listen(listener: Listener, handle: unknown): Promise<Accepting | undefined> {
  const socket = typeof handle === 'object' && handle !== null ? handle : undefined;
  // Probes are answered while the start goes on.
  const early = listener.kind === 'health' && socket !== undefined ? await health.listen(listener, socket) : undefined;
  const worker = await running;
  if (worker === undefined || socket === undefined) {
    throw new Error(`the listener ${listener.id} came before the settings, or without its socket`);
  }
  const added = early ?? (await addListener(listener, socket, worker.context));
  if (added.ok) {
    const { incarnation } = added;
    tell({ kind: 'bound', id: listener.id, ...(incarnation !== undefined && { incarnation }) });
  } else {
    tell({ kind: 'refused', id: listener.id, message: added.message });
  }
  worker.outstanding -= 1;
  if (worker.outstanding === 0) worker.announce();
  return added.ok ? added : undefined;
}

function stop(
  why: string,
  { times = drainTimes, leaves = false }: { readonly times?: DrainTimes; readonly leaves?: boolean } = {},
): Promise<void> {
  stopping ??= (async () => {
    health.stop();
    log.info({ why }, 'stopping after the requests in flight');
    const worker = await running?.catch(() => undefined);
    (await listening.get('operator'))?.close();
    await worker?.end(times, leaves);
    log.info('stopped');
    process.exit(0);
  })();
  return stopping;
}

/**
 * Reports an error to the supervisor, which ends this process. Without a supervisor the error is logged and the process
 * ends itself: it must not keep the database from the next worker. Each listener waits for the start and fails with it;
 * the error is reported once.
 */
function fail(error: unknown): void {
  if (failed) return;
  failed = true;
  const message = fatalMessage(error);
  if (process.connected) {
    tell({ kind: 'fatal', message });
    return;
  }
  log.fatal(message);
  process.exit(1);
}

function tell(message: FromWorker): void {
  // With a callback, a supervisor that has just ended is not an error here: `disconnect` says that it has ended.
  process.send?.(message, undefined, undefined, () => undefined);
}
