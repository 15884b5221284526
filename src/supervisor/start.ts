import { closeSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { controlSocketIn, operatorSocketIn } from '../lines/control-place.ts';
import { helpText, wantsHelp } from '../settings/options.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
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
import { readOperatorFiles } from './operator-files.ts';
import { OperatorTls } from './operator-tls.ts';
import { refuseWorkersFiles } from './root-files.ts';
import { openOwnSockets, type OpenedListener } from './own-sockets.ts';
import { openUnix } from './raw-socket.ts';
import { reread, type WorkerConfiguration } from './reread.ts';
import { Supervisor } from './supervisor.ts';
import { hasTerminal } from './terminal.ts';
import { resolveWorkerUser, withinNamespace, type ResolvedUser, type User } from './worker-user.ts';

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

type Refused = { readonly ok: false; readonly message: string; readonly isUsage?: boolean };
type Prepared = Ready | Refused;

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
    const prepared = await prepare(argv, startedIn, program);
    if (prepared.ok) return await run(prepared, { argv, startedIn, program, heartbeat });
    complain(prepared.message);
    return prepared.isUsage === true ? 2 : 1;
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
  const operator = openOperatorSocket(controlFolder);
  const ended = Promise.withResolvers<number>();
  const { command, notice } = withoutNewPrivileges(process.env['PATH'] ?? '');
  for (const message of [notice, place.notice]) if (message !== undefined) complain(message);
  const environment = childEnvironment(process.env);
  const access = accessFolder(folder, become, environment);
  if (!access.ok) throw new Error(access.message);
  const supervisor = new Supervisor({
    configuration,
    become,
    mark: place.mark,
    markDescriptor: place.descriptor,
    reread: (inForce, tls) => reread({ tls, argv, become, inForce, atStart, folder: startedIn }),
    listeners: [...listeners, operator],
    controlSocket,
    program,
    environment,
    access,
    launcher: [...access.command, ...command],
    folder,
    heartbeat,
    now: Date.now,
    print: (message) => process.stdout.write(`${message}\n`),
    complain,
    onEnd: ended.resolve,
  });
  const control = await openControlSocket(controlSocket, (...asked) => supervisor.answer(...asked));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => supervisor.signalled());
  const fromTerminal = hasTerminal();
  // The older meaning of SIGHUP: the terminal was closed (signal(7)).
  process.on('SIGHUP', () => {
    if (fromTerminal && !hasTerminal()) supervisor.signalled();
    else void import('node:tls').then((tls) => supervisor.reload(tls));
  });
  process.on('uncaughtException', (error) => supervisor.crashed(error));
  // The reader of its output may end first: a pipe's other end, a terminal. The server goes on without it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  supervisor.start(control);
  const exitCode = await ended.promise;
  rmSync(controlFolder, { recursive: true, force: true });
  folder.release();
  return exitCode;
}

/** In a folder that is closed to all but the user who started the server, who alone can ask there. */
function openOperatorSocket(folder: string): OpenedListener {
  const path = operatorSocketIn(folder);
  const opened = openUnix(path);
  if (!opened.ok) throw new Error(`The socket for the operator cannot be opened at ${path}: ${opened.code}`);
  return { listener: { kind: 'operator', id: 'operator' }, socket: opened.socket };
}

/** Reads the settings and the files that they name, chooses the worker's user, creates and locks the data folder, opens the sockets. */
async function prepare(argv: readonly string[], startedIn: string, program: string): Promise<Prepared> {
  const rootFiles = [program];
  const readFile = (path: string): string => {
    rootFiles.push(path);
    return readFileSync(path, 'utf8');
  };
  const read = readSettings({ argv, environment: process.env, readFile, folder: startedIn });
  if (!read.ok) return { ...read, message: `${read.message}\nSee postern start --help.` };
  const resolved = workerUser(read.settings);
  if (!resolved.ok) return resolved;
  const become = resolved.user;
  const refused = refuseWorkersFiles(rootFiles, become);
  if (refused !== undefined) return { ok: false, message: refused };
  const operators = readOperatorFiles(read.settings, become);
  if (!operators.ok) return operators;
  const opened = await openTls(read.settings, become);
  if (!opened.ok) return opened;
  const taken = takeFolder(read.settings, become);
  if (!taken.ok) return taken;
  const { folder } = taken;
  const giveUp = ({ message }: Refused): Refused => {
    folder.release();
    return { ok: false, message };
  };
  const place = chooseMarkPlace(read.settings, become);
  if (!place.ok) return giveUp(place);
  const sockets = openOwnSockets(read.settings, become);
  if (!sockets.ok) return giveUp(sockets);
  const dataFolder = read.settings.dataFolder === undefined ? undefined : folder.path;
  const settings = { ...read.settings, dataFolder, port: sockets.port };
  return {
    ok: true,
    configuration: { settings, files: operators.files, tls: opened.tls },
    atStart: read.settings,
    become,
    place,
    folder,
    listeners: sockets.listeners,
  };
}

async function openTls(settings: Settings, worker: User | undefined) {
  if (settings.tls.length === 0) return { ok: true, tls: undefined } as const;
  const opened = OperatorTls.open({ tls: await import('node:tls'), settings, worker, nowMs: Date.now });
  if (opened.ok) for (const notice of opened.notices) complain(notice);
  return opened;
}

function workerUser({ user }: Settings): ResolvedUser {
  const ownUid = process.geteuid?.() ?? -1;
  const account = resolveWorkerUser(user, ownUid === 0 ? readFileSync('/etc/passwd', 'utf8') : '', ownUid);
  return ownUid === 0 ? withinNamespace(account, user, uidMap()) : account;
}

/** Systems other than Linux have no user namespaces, so every uid exists. */
function uidMap(): string {
  const path = '/proc/self/uid_map';
  return existsSync(path) ? readFileSync(path, 'utf8') : '0 0 4294967295';
}

interface TakenFolder extends DataFolder {
  /** Called once, when no worker uses it any more. */
  release(): void;
}

function takeFolder(
  { dataFolder }: Settings,
  worker: User | undefined,
): { readonly ok: true; readonly folder: TakenFolder } | Refused {
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

function complain(message: string): void {
  process.stderr.write(`postern: ${message}\n`);
}
