import { spawnSync } from 'node:child_process';
import { CommandFailed } from '../failed.ts';
import { shellWord } from '../shell-word.ts';
import type { Authority } from './authorities.ts';
import { entriesIn } from './plan.ts';
import type { Entry } from './plan.ts';
import type { NssStore } from './stores.ts';

/** The trust flags of an authority for certificates of servers, and of nothing else: no e-mail, no code. */
const serversOnly = 'C,,';

/** @throws {CommandFailed} when the store cannot be read */
export function entriesOf(store: NssStore, prefix: string): readonly Entry[] {
  return entriesIn(certutil(store, ['-L']), prefix);
}

/**
 * Why this command cannot change the store; `undefined` if it can.
 * @param byHand the command that a user may run
 */
export function changeRefusal(store: NssStore, byHand: string): string | undefined {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0 && store.owner.uid !== uid) return `it belongs to the user ${store.owner.uid}: run this as that user`;
  const { stderr } = run(store, ['-K']);
  if (stderr.includes('SEC_ERROR_BAD_PASSWORD')) return `it has a password: run ${byHand}, which asks for it`;
  return undefined;
}

/** The beginning of a command that a user may run to change an entry. */
export function lineByHand(change: '-A' | '-D', { folder }: NssStore, nickname: string): string {
  return `certutil ${change} -d ${shellWord(`sql:${folder}`)} -n ${shellWord(nickname)}`;
}

/** @throws {CommandFailed} */
export function add(store: NssStore, { nickname, pem }: Authority): void {
  certutil(store, ['-A', '-n', nickname, '-t', serversOnly], pem);
}

/** @throws {CommandFailed} */
export function remove(store: NssStore, nickname: string): void {
  certutil(store, ['-D', '-n', nickname]);
}

function certutil(store: NssStore, parameters: readonly string[], input = ''): string {
  const { status, stdout, stderr } = run(store, parameters, input);
  if (status === 0) return stdout;
  throw new CommandFailed(`certutil ${parameters[0] ?? ''} failed: ${stderr.trim()}`);
}

/** Never asks for a password: an empty file is given as the one that has it. Root acts as the owner of the store. */
function run({ folder, owner }: NssStore, parameters: readonly string[], input = '') {
  const { error, status, stdout, stderr } = spawnSync(
    'certutil',
    [...parameters, '-d', `sql:${folder}`, '-f', '/dev/null'],
    {
      input,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      ...(process.getuid?.() === 0 && { ...owner, cwd: folder }),
    },
  );
  if (error === undefined) return { status, stdout, stderr };
  if ('code' in error && error.code === 'ENOENT') {
    throw new CommandFailed(
      'certutil, which changes the stores of browsers, is not installed.',
      'Debian and Ubuntu: sudo apt-get install libnss3-tools. Fedora: sudo dnf install nss-tools.',
    );
  }
  throw new CommandFailed(`certutil cannot be run: ${error.message}`);
}
