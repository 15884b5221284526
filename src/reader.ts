/**
 * A reader: a process beside the worker that answers reads of the vaults (`--readers`). Like the worker it gets its
 * settings, folder and sockets from the supervisor, and gives up root before it opens anything of the folder's owner.
 */
import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import type { Settings } from './settings/settings.ts';
import type { FromWorker, Listener, StartReader, ToReaderProcess } from './types/supervision.ts';
import { drainTimes, drainTimesOfOrphan } from './worker/ending.ts';
import { enterFolder } from './worker/enter-folder.ts';
import { fatalMessage } from './worker/failure-line.ts';
import { fileReader } from './worker/files.ts';
import { openShared, readGatewayFiles } from './worker/listeners.ts';
import type { GatewayFiles } from './worker/listeners.ts';
import { writeToTerminal } from './worker/terminal.ts';
import { openReader } from './worker/readers/open-reader.ts';
import type { OpenedReader } from './worker/readers/open-reader.ts';
import { channelDescriptor, channelPath } from './worker/readers/protocol.ts';

const destination =
  writeToTerminal === undefined ? pino.destination({ dest: 2, sync: true }) : { write: writeToTerminal };
const log = pino({ level: 'info' }, destination);

interface Running {
  readonly reader: OpenedReader;
  readonly settings: Settings;
  readonly gatewayFiles: GatewayFiles | undefined;
}

let running: Promise<Running> | undefined;
let ready: Running | undefined;
let stopping: Promise<void> | undefined;

process.on('message', (message: ToReaderProcess<Settings>, handle: unknown) => {
  receive(message, handle).catch(fail);
});
process.on('disconnect', () => void stop('the supervisor is gone', drainTimesOfOrphan).catch(fail));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal).catch(fail));
// The supervisor handles it, and replaces this process.
process.on('SIGHUP', () => undefined);

async function receive(message: ToReaderProcess<Settings>, handle: unknown): Promise<void> {
  if (message.kind === 'ping') tell({ kind: 'pong' });
  else if (message.kind === 'start') {
    running = start(message);
    ready = await running;
    tell({ kind: 'ready', line: '', text: '' });
  } else if (message.kind === 'listener') await listen(message.listener, handle);
  else await stop(message.why);
}

async function start({ settings, folder, become, files, epoch, reader: number }: StartReader<Settings>) {
  log.level = settings.logLevel;
  flushCompileCache();
  enterFolder({ folder, become }, channelDescriptor);
  const gatewayFiles = readGatewayFiles(settings, fileReader(files));
  const own = log.child({ reader: number });
  const parts = { settings, epoch, reader: number, entry: '.', channel: channelPath, now: Date.now, log: own };
  return { reader: await openReader(parts), settings, gatewayFiles };
}

async function listen(listener: Listener, handle: unknown): Promise<void> {
  const opened = await running;
  if (opened === undefined || typeof handle !== 'object' || handle === null) {
    throw new Error(`the listener ${listener.id} came before the settings, or without its socket`);
  }
  const { reader, settings, gatewayFiles } = opened;
  await openShared(listener, handle, { server: reader, settings, gatewayFiles });
}

function stop(why: string, times = drainTimes): Promise<void> {
  stopping ??= (async () => {
    // One that is not ready has no connections.
    const cut = (await ready?.reader.drain(times)) ?? 0;
    if (cut > 0) log.warn({ why, connections: cut }, 'closing connections whose requests took too long');
    await ready?.reader.close();
    process.exit(0);
  })();
  return stopping;
}

function fail(error: unknown): void {
  const message = fatalMessage(error);
  if (process.connected) tell({ kind: 'fatal', message });
  else {
    log.fatal(message);
    process.exit(1);
  }
}

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
