import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { helpText, wantsHelp } from '../settings/options.ts';
import { readSettings, secretVariables, type Settings } from '../settings/settings.ts';
import { openControlSocket } from './control-socket.ts';
import {
  lockFile,
  lockFolder,
  prepareControlFolder,
  prepareDataFolder,
  type FolderLock,
  type User,
} from './data-folder.ts';
import { heartbeatTimes, type HeartbeatTimes } from './heartbeat.ts';
import { describeHolder, holderOfLock } from './holder.ts';
import { openOwnSockets, type OpenedListener } from './own-sockets.ts';
import { Supervisor } from './supervisor.ts';
import { resolveWorkerUser, withinNamespace } from './worker-user.ts';

interface Ready {
  readonly ok: true;
  readonly settings: Settings;
  readonly become: User | undefined;
  readonly lock: FolderLock | undefined;
  readonly listeners: readonly OpenedListener[];
}

type Prepared = Ready | { readonly ok: false; readonly message: string };

/**
 * `postern start`: runs until it is stopped, and answers with the exit code.
 * @param argv what follows `start`
 * @param program the worker's
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
    const prepared = prepare(argv);
    if (prepared.ok) return await run(prepared, program, heartbeat);
    complain(prepared.message);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
  return 1;
}

async function run(
  { settings, become, lock, listeners }: Ready,
  program: string,
  heartbeat: HeartbeatTimes,
): Promise<number> {
  const controlFolder = prepareControlFolder(settings.dataFolder);
  const controlSocket = join(controlFolder, 'supervisor.sock');
  const ended = Promise.withResolvers<number>();
  const supervisor = new Supervisor({
    settings,
    become,
    listeners,
    controlSocket,
    program,
    environment: environmentWithoutSecrets(),
    folder: settings.dataFolder ?? '/',
    heartbeat,
    now: Date.now,
    print: (text) => process.stdout.write(`${text}\n`),
    complain,
    onEnd: ended.resolve,
  });
  const control = await openControlSocket(controlSocket, (request) => supervisor.answer(request));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => supervisor.signalled());
  supervisor.start(control);
  const exitCode = await ended.promise;
  rmSync(controlFolder, { recursive: true, force: true });
  lock?.release();
  return exitCode;
}

/** Settings, who the worker becomes, the data folder, made and locked, and the sockets. */
function prepare(argv: readonly string[]): Prepared {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const read = readSettings({ argv, environment: process.env, readFile, folder: process.cwd() });
  if (!read.ok) return { ok: false, message: `${read.message}\nSee postern start --help.` };
  const ownUid = process.geteuid?.() ?? -1;
  const { user } = read.settings;
  const account = resolveWorkerUser(user, ownUid === 0 ? readFile('/etc/passwd') : '', ownUid);
  const resolved = ownUid === 0 ? withinNamespace(account, user, uidMap()) : account;
  if (!resolved.ok) return resolved;
  const become = resolved.user;
  const folder = takeDataFolder(read.settings.dataFolder, become);
  if (!folder.ok) return folder;
  const sockets = openOwnSockets(read.settings);
  if (!sockets.ok) return sockets;
  const settings = { ...read.settings, dataFolder: folder.path, port: sockets.port };
  return { ok: true, settings, become, lock: folder.lock, listeners: sockets.listeners };
}

/** Other systems than Linux have no user namespaces, and every uid. */
function uidMap(): string {
  const path = '/proc/self/uid_map';
  return existsSync(path) ? readFileSync(path, 'utf8') : '0 0 4294967295';
}

type TakenFolder =
  | { readonly ok: true; readonly path: string | undefined; readonly lock: FolderLock | undefined }
  | { readonly ok: false; readonly message: string };

function takeDataFolder(wanted: string | undefined, owner: User | undefined): TakenFolder {
  if (wanted === undefined) return { ok: true, path: undefined, lock: undefined };
  const folder = prepareDataFolder(wanted, owner);
  if (!folder.ok) return folder;
  const { path } = folder;
  const lock = lockFolder(path);
  if (lock !== undefined) return { ok: true, path, lock };
  const holder = describeHolder(holderOfLock(lockFile(path)));
  const message = `Another postern has the data folder ${path}${holder}: stop it, or choose another --data.`;
  return { ok: false, message };
}

/** The master key goes to the worker in its first message, and to nobody's environment. */
function environmentWithoutSecrets(): NodeJS.ProcessEnv {
  const secret: readonly string[] = secretVariables;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !secret.includes(name)));
}

function complain(text: string): void {
  process.stderr.write(`postern: ${text}\n`);
}
