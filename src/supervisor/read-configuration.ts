import { existsSync, readFileSync } from 'node:fs';
import { readSettings, type Settings } from '../settings/settings.ts';
import { readOperatorFiles } from './operator-files.ts';
import { OperatorTls } from './operator-tls.ts';
import { refuseWorkersFiles } from './root-files.ts';
import { resolveWorkerUser, withinNamespace, type ResolvedUser, type User } from './worker-user.ts';

/** The settings of a start, with the files that they name. */
export interface ReadConfiguration {
  readonly ok: true;
  readonly settings: Settings;
  /** The user of the worker; `undefined`: this process's own. */
  readonly become: User | undefined;
  readonly files: Readonly<Record<string, string>>;
  readonly tls: OperatorTls | undefined;
  /** For the operator. */
  readonly notices: readonly string[];
}

export interface RefusedConfiguration {
  readonly ok: false;
  /** A line for each fault. */
  readonly message: string;
  /** The words of the command line are wrong. */
  readonly isUsage?: boolean;
}

export interface ConfigurationPlace {
  /** The arguments after `postern start`. */
  readonly argv: readonly string[];
  readonly startedIn: string;
  /** The worker's program. */
  readonly program: string;
}

/** Reads the settings and the files that they name, and chooses the worker's user. It changes nothing and opens nothing. */
export async function readConfiguration({
  argv,
  startedIn,
  program,
}: ConfigurationPlace): Promise<ReadConfiguration | RefusedConfiguration> {
  const rootFiles = [program];
  const readFile = (path: string): string => {
    rootFiles.push(path);
    return readFileSync(path, 'utf8');
  };
  const read = readSettings({ argv, environment: process.env, readFile, folder: startedIn });
  if (!read.ok) return { ...read, message: `${read.message}\nSee postern start --help.` };
  const { settings } = read;
  const resolved = workerUser(settings);
  if (!resolved.ok) return resolved;
  const become = resolved.user;
  const refused = refuseWorkersFiles(rootFiles, become);
  if (refused !== undefined) return { ok: false, message: refused };
  const operators = readOperatorFiles(settings, become);
  const opened =
    settings.tls.length === 0
      ? { ok: true as const, tls: undefined, notices: [] }
      : OperatorTls.open({ tls: await import('node:tls'), settings, worker: become, nowMs: Date.now });
  const faults = [operators, opened].flatMap((each) => (each.ok ? [] : [each.message]));
  if (!operators.ok || !opened.ok) return { ok: false, message: faults.join('\n') };
  return { settings, become, files: operators.files, ...opened };
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
