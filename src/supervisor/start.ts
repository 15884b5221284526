import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { controlSocketIn, operatorSocketIn } from '../lines/control-place.ts';
import { shownLines } from '../lines/terminal.ts';
import { helpText, wantsHelp } from '../settings/options.ts';
import type { Settings } from '../settings/settings.ts';
import { checked, type Checked } from './check.ts';
import { childEnvironment } from './child-environment.ts';
import { openControlSocket } from './control-socket.ts';
import { accessFolder } from './folder-access.ts';
import { lockFile, lockFolder, prepareControlFolder } from './control-folder.ts';
import { makeTemporaryFolder, prepareDataFolder, removeTemporaryFolder, type DataFolder } from './data-folder.ts';
import { heartbeatTimes, type HeartbeatTimes } from './heartbeat.ts';
import { describeHolder, holderOfLock } from './holder.ts';
import { chooseMarkPlace, type MarkPlace } from './mark-place.ts';
import { withoutNewPrivileges } from './new-privileges.ts';
import { filesOfRoot } from './files-of-root.ts';
import { openReaders } from './open-readers.ts';
import { openInControlFolder, openOwnSockets, type OpenedListener } from './own-sockets.ts';
import { readConfiguration, type ReadConfiguration, type RefusedConfiguration } from './read-configuration.ts';
import { reread, type WorkerConfiguration } from './reread.ts';
import { serviceNotices } from './service-notices.ts';
import { Supervisor } from './supervisor.ts';
import { hasTerminal } from './terminal.ts';
import type { User } from './worker-user.ts';

interface Ready {
  readonly ok: true;
  readonly configuration: WorkerConfiguration;
  /** As they were read. */
  readonly atStart: Settings;
  readonly become: User | undefined;
  readonly place: Extract<MarkPlace, { readonly ok: true }>;
  readonly folder: TakenFolder;
  readonly listeners: readonly OpenedListener[];
}

type Prepared = Ready | RefusedConfiguration;

/**
 * Runs `postern start` until it is stopped. Returns the exit code: 2 when the words of the command line are wrong.
 * @param argv the arguments after `start`
 * @param program the worker's program
 */
export async function start(
  argv: readonly string[],
  program: string,
  heartbeat: HeartbeatTimes = heartbeatTimes,
): Promise<number> {
  if (wantsHelp(argv)) {
    process.stdout.write(helpText);
    return 0;
  }
  try {
    const startedIn = process.cwd();
    const place = { argv, startedIn, program };
    const read = await readConfiguration(place);
    if (argv.includes('--check') && (!read.ok || read.settings.isCheck)) return printCheck(checked(read, place));
    const prepared = read.ok ? prepare(read) : read;
    if (!prepared.ok) {
      complain(prepared.message);
      return prepared.isUsage === true ? 2 : 1;
    }
    if (read.ok) for (const notice of read.notices) complain(notice);
    return await run(prepared, { ...place, heartbeat });
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

interface Run {
  readonly argv: readonly string[];
  readonly startedIn: string;
  readonly program: string;
  readonly heartbeat: HeartbeatTimes;
}

async function run(
  { configuration, atStart, become, place, folder, listeners }: Ready,
  { argv, startedIn, program, heartbeat }: Run,
): Promise<number> {
  const { settings } = configuration;
  const controlFolder = prepareControlFolder({ path: folder.path, isKept: settings.dataFolder !== undefined }, become);
  const controlSocket = controlSocketIn(controlFolder);
  const operator = settings.dryRun ? [] : [openInControlFolder(operatorSocketIn(controlFolder), 'operator')];
  const ended = Promise.withResolvers<number>();
  const { command, notice } = withoutNewPrivileges(process.env['PATH'] ?? '');
  for (const message of [notice, place.notice]) if (message !== undefined) complain(message);
  const environment = childEnvironment(process.env);
  const access = accessFolder(folder, become, environment);
  if (!access.ok) throw new Error(access.message);
  const notices = serviceNotices({ environment: process.env, pid: process.pid, complain });
  const children = { environment, access, folder, heartbeat, become, complain };
  const launcher = [...access.command, ...command];
  const { readers, ...ofReaders } = openReaders({ ...children, launcher, controlFolder, listeners, settings });
  const supervisor = new Supervisor({
    ...children,
    configuration,
    mark: place.mark,
    markDescriptor: place.descriptor,
    reread: (inForce, tls) => reread({ tls, argv, become, inForce, atStart, folder: startedIn }),
    listeners: [...listeners, ...operator, ...ofReaders.listeners],
    readers,
    controlSocket,
    program,
    launcher,
    now: Date.now,
    print(message) {
      process.stdout.write(`${message}\n`);
      notices.ready();
    },
    onEnd: ended.resolve,
  });
  const control = await openControlSocket(controlSocket, (...asked) => supervisor.answer(...asked));
  obeySignals(supervisor, notices);
  supervisor.start(control);
  const exitCode = await ended.promise;
  await ofReaders.close();
  rmSync(controlFolder, { recursive: true, force: true });
  folder.release();
  return exitCode;
}

function obeySignals(supervisor: Supervisor, notices: ReturnType<typeof serviceNotices>): void {
  const signalled = () => {
    notices.stopping();
    supervisor.signalled();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, signalled);
  const fromTerminal = hasTerminal();
  // The older meaning of SIGHUP: the terminal was closed (signal(7)).
  process.on('SIGHUP', () => {
    if (fromTerminal && !hasTerminal()) signalled();
    else void import('node:tls').then((tls) => supervisor.reload(tls));
  });
  process.on('uncaughtException', (error) => supervisor.crashed(error));
  // The reader of its output may end first: a pipe's other end, a terminal. The server goes on without it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Creates and locks the data folder, and opens the sockets. */
function prepare({ settings: read, become, files, tls }: ReadConfiguration): Prepared {
  const nothing = nothingToTry(read);
  if (nothing !== undefined) return { ok: false, message: nothing };
  const taken = takeFolder(read, become);
  if (!taken.ok) return taken;
  const { folder } = taken;
  const giveUp = ({ message }: RefusedConfiguration): RefusedConfiguration => {
    folder.release();
    return { ok: false, message };
  };
  const place = chooseMarkPlace(read, become);
  if (!place.ok) return giveUp(place);
  // The server that a dry run is for may still listen there.
  const none = { ok: true, port: read.port, listeners: [] } as const;
  const sockets = read.dryRun ? none : openOwnSockets(read, become);
  if (!sockets.ok) return giveUp(sockets);
  const dataFolder = read.dataFolder === undefined ? undefined : folder.path;
  const settings = { ...read, dataFolder, port: sockets.port };
  return {
    ok: true,
    configuration: { settings, files, tls },
    atStart: read,
    become,
    place,
    folder,
    listeners: sockets.listeners,
  };
}

/** Why there is nothing that a dry run could read: it makes no folder. */
function nothingToTry({ dryRun, dataFolder }: Settings): string | undefined {
  if (!dryRun) return undefined;
  if (dataFolder === undefined)
    return '--dry-run reads a data folder, and with --memory there is none: leave one of them out.';
  if (existsSync(dataFolder) && readdirSync(dataFolder).length > 0) return undefined;
  return `--dry-run reads a data folder, and ${dataFolder} is empty or not there: name another --data.`;
}

interface TakenFolder extends DataFolder {
  /** Called once, when no worker uses it any more. */
  release(): void;
}

function takeFolder(
  { dataFolder }: Settings,
  worker: User | undefined,
): { readonly ok: true; readonly folder: TakenFolder } | RefusedConfiguration {
  if (dataFolder === undefined) {
    const made = makeTemporaryFolder(worker);
    return { ok: true, folder: { ...made, release: () => removeTemporaryFolder(made, worker) } };
  }
  const prepared = prepareDataFolder(dataFolder, worker);
  if (!prepared.ok) return prepared;
  const { path, descriptor } = prepared.folder;
  const lock = lockFolder(path, worker);
  if (lock === undefined) {
    const holder = describeHolder(holderOfLock(lockFile(path, worker)));
    const message = `Another Postern uses the data folder ${path}${holder}: stop it, or choose another --data.`;
    return { ok: false, message };
  }
  const rootNames = worker === undefined ? [] : filesOfRoot(prepared.folder);
  if (worker !== undefined && rootNames.length > 0) {
    lock.release();
    return { ok: false, message: rootFilesMessage(path, rootNames, worker) };
  }
  const release = (): void => {
    closeSync(descriptor);
    lock.release();
  };
  return { ok: true, folder: { path, descriptor, release } };
}

function rootFilesMessage(folder: string, names: readonly string[], { uid, gid }: User): string {
  const paths = names.map((name) => join(folder, name)).join(' ');
  return `Root owns ${names.join(', ')} in the data folder, and the worker cannot use root's files. If you trust these files, give them to it: chown -h ${uid}:${gid} ${paths}`;
}

function printCheck({ output, faults, exitCode }: Checked): number {
  if (output !== '') process.stdout.write(`${output}\n`);
  for (const fault of faults) complain(fault);
  return exitCode;
}

function complain(message: string): void {
  // Names in it may be from a file that the reader did not write.
  process.stderr.write(`postern: ${shownLines(message)}\n`);
}
