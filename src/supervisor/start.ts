import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { helpText, wantsHelp } from '../settings/options.ts';
import { readSettings, secretVariables, type Settings } from '../settings/settings.ts';
import { openControlSocket } from './control-socket.ts';
import { lockFolder, prepareControlFolder, prepareDataFolder, type FolderLock, type User } from './data-folder.ts';
import { openOwnSockets } from './own-sockets.ts';
import { Supervisor } from './supervisor.ts';
import { resolveWorkerUser } from './worker-user.ts';

type Prepared =
  | { readonly ok: true; readonly settings: Settings; readonly become: User | undefined; readonly lock?: FolderLock }
  | { readonly ok: false; readonly message: string };

/**
 * `postern start`: runs until it is stopped, and sets the exit code of this process.
 * @param argv what follows `start`
 * @param program the worker's
 */
export async function start(argv: readonly string[], program: string): Promise<void> {
  if (wantsHelp(argv)) {
    process.stdout.write(helpText);
    return;
  }
  try {
    const refusal = await run(argv, program);
    if (refusal !== undefined) fail(refusal);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

/** Starts everything, or says why it cannot. */
async function run(argv: readonly string[], program: string): Promise<string | undefined> {
  const prepared = prepare(argv);
  if (!prepared.ok) return prepared.message;
  const { become, lock } = prepared;
  const sockets = openOwnSockets(prepared.settings);
  if (!sockets.ok) return sockets.message;
  const settings = { ...prepared.settings, port: sockets.port };
  const controlFolder = prepareControlFolder(settings.dataFolder);
  const controlSocket = join(controlFolder, 'supervisor.sock');
  const supervisor = new Supervisor({
    settings,
    become,
    listeners: sockets.listeners,
    controlSocket,
    program,
    environment: environmentWithoutSecrets(),
    folder: settings.dataFolder ?? '/',
    now: Date.now,
    print: (text) => process.stdout.write(`${text}\n`),
    complain,
    onEnd: (exitCode) => {
      rmSync(controlFolder, { recursive: true, force: true });
      lock?.release();
      process.exit(exitCode);
    },
  });
  const control = await openControlSocket(controlSocket, (request) => supervisor.answer(request));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => supervisor.signalled());
  supervisor.start(control);
  return undefined;
}

/** Settings, who the worker becomes, and the data folder, made and locked. */
function prepare(argv: readonly string[]): Prepared {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const read = readSettings({ argv, environment: process.env, readFile, folder: process.cwd() });
  if (!read.ok) return { ok: false, message: `${read.message}\nSee postern start --help.` };
  const { settings } = read;
  const ownUid = process.geteuid?.() ?? -1;
  const resolved = resolveWorkerUser(settings.user, ownUid === 0 ? readFile('/etc/passwd') : '', ownUid);
  if (!resolved.ok) return resolved;
  const become = resolved.user;
  if (settings.dataFolder === undefined) return { ok: true, settings, become };
  const folder = prepareDataFolder(settings.dataFolder, become);
  if (!folder.ok) return folder;
  const lock = lockFolder(folder.path, 'supervisor.lock');
  if (lock === undefined) {
    return {
      ok: false,
      message: `Another postern has the data folder ${folder.path}: stop it, or choose another --data.`,
    };
  }
  return { ok: true, settings: { ...settings, dataFolder: folder.path }, become, lock };
}

/** The master key goes to the worker in its first message, and to nobody's environment. */
function environmentWithoutSecrets(): NodeJS.ProcessEnv {
  const secret: readonly string[] = secretVariables;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !secret.includes(name)));
}

/** Nothing runs yet: what was opened so far goes with the process. */
function fail(message: string): never {
  complain(message);
  process.exit(1);
}

function complain(text: string): void {
  process.stderr.write(`postern: ${text}\n`);
}
