/**
 * The worker: it holds the keys and answers the requests. The supervisor starts it, tells it the settings and hands it
 * its listening sockets; until the first message it knows nothing, and after the privilege drop it opens no file by path.
 */
import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import type { Settings } from './settings/settings.ts';
import { makeDemo } from './setup/demo.ts';
import type { FromWorker, Listener, StartWorker, ToWorker } from './types/supervision.ts';
import { openFolder, removeTemporary } from './worker/folder.ts';
import { addListener, readGatewayFiles } from './worker/listeners.ts';
import type { ListenersContext } from './worker/listeners.ts';
import { describeStart, writeConnectionFile } from './worker/ready.ts';
import { openServer } from './worker/server.ts';

const log = pino({ level: 'info' }, pino.destination({ dest: 2, sync: true }));

interface Running {
  readonly context: ListenersContext;
  readonly end: () => Promise<void>;
  readonly announce: () => void;
  /** Listeners that must be answered before the worker is ready. */
  outstanding: number;
}

const closers = new Map<string, () => void>();
let running: Promise<Running> | undefined;
let stopping: Promise<void> | undefined;

process.on('message', (message: ToWorker<Settings>, handle: unknown) => {
  receive(message, handle).catch(fail);
});
// The supervisor is gone: nobody would hand us sockets, replace us or tell us to stop.
process.on('disconnect', () => {
  stop().catch(fail);
});

async function receive(message: ToWorker<Settings>, handle: unknown): Promise<void> {
  switch (message.kind) {
    case 'start':
      running = start(message);
      await running;
      break;
    case 'listener':
      await listen(message.listener, handle);
      break;
    case 'close':
      closers.get(message.id)?.();
      closers.delete(message.id);
      tell({ kind: 'closed', id: message.id });
      break;
    case 'ping':
      tell({ kind: 'pong' });
      break;
    case 'stop':
      await stop();
      break;
  }
}

async function start(message: StartWorker<Settings>): Promise<Running> {
  const { settings, become, listeners, controlSocket } = message;
  const now = Date.now;
  const folder = await openFolder(settings, now(), become);
  const gatewayFiles = readGatewayFiles(settings);
  const server = await openServer({ ...folder, settings, port: settings.port, now, log });
  await makeDemo(folder.store, folder.identity, now());
  const ready = describeStart({ ...folder, settings, names: server.names, controlSocket });
  writeConnectionFile(ready, become);
  // Nothing is loaded or opened by path from here on: what follows may not be able to.
  flushCompileCache();
  if (become !== undefined) dropPrivileges(become);
  const end = async () => {
    await server.close();
    removeTemporary(folder, settings);
  };
  const announce = () => tell({ kind: 'ready', line: ready.line, text: ready.text });
  if (listeners === 0) announce();
  return { context: { server, store: folder.store, settings, gatewayFiles }, end, announce, outstanding: listeners };
}

async function listen(listener: Listener, handle: unknown): Promise<void> {
  const worker = await running;
  if (worker === undefined || typeof handle !== 'object' || handle === null) {
    throw new Error(`the listener ${listener.id} came before the settings, or without its socket`);
  }
  const added = await addListener(listener, handle, worker.context);
  if (added.ok) {
    closers.set(listener.id, added.close);
    const { incarnation } = added;
    tell({ kind: 'bound', id: listener.id, ...(incarnation !== undefined && { incarnation }) });
  } else {
    tell({ kind: 'refused', id: listener.id, message: added.message });
  }
  worker.outstanding -= 1;
  if (worker.outstanding === 0) worker.announce();
}

/** In this order: without root's uid the groups could not be given up any more. */
function dropPrivileges({ uid, gid }: { readonly uid: number; readonly gid: number }): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function stop(): Promise<void> {
  stopping ??= (async () => {
    const worker = await running?.catch(() => undefined);
    await worker?.end();
    process.exit(0);
  })();
  return stopping;
}

function fail(error: unknown): void {
  log.fatal({ err: error }, 'the worker cannot go on');
  tell({ kind: 'fatal', message: error instanceof Error ? error.message : String(error) });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
