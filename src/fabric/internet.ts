import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { programUrl } from '../programs/programs.ts';
import { failure, started } from './machine.ts';
import { markOf, type ProcessMark } from './processes.ts';

export interface Internet {
  /** The namespace, by its name for `ip netns`. */
  readonly namespace: string;
  /** Lines of `ip -batch` for inside of it. */
  readonly lines: readonly string[];
  /** Where the responder of names listens, on port 53. */
  readonly nameServer: string;
}

/** Takes what the namespace is called, its lines and the rest of the command. An ordinary user has a /run of its own first. */
const script = `
  if [ "$1" = user ]; then mount -t tmpfs none /run && mkdir /run/netns || exit; fi
  [ -e "/run/netns/$2" ] || ip netns add "$2" || exit
  # What is there already fails, and the rest is done.
  printf '%s' "$3" | ip -force -n "$2" -batch - 2>/dev/null
  namespace=$2; shift 3
  exec nsenter --net="/run/netns/$namespace" -- "$@"`;

const responderProgram = fileURLToPath(programUrl('responder'));
const ownNamespaces = ['unshare', '--user', '--map-root-user', '--mount', '--net', '--'] as const;
/** How long the responder may take until it listens, on a machine that is very busy. */
const patienceMs = 30_000;
/** The uid of root's responder. */
export const nobody = 65_534;
/** The responder needs to take port 53 and to give up its uid, and nothing else. */
const withFewRights = ['setpriv', '--no-new-privs', '--bounding-set=-all,+net_bind_service,+setuid,+setgid', '--'];

/**
 * Makes the namespace of the internet, and starts the responder of names in it. Without root that process is also the
 * anchor: it has the user namespace in which every other namespace of the fabric is made. It outlives this process.
 * @throws {FabricFailed} when the namespace exists already, or this machine does not allow it
 */
export async function startInternet(
  { namespace, lines, nameServer }: Internet,
  { environment, isRoot }: { readonly environment: Readonly<Record<string, string>>; readonly isRoot: boolean },
): Promise<ProcessMark> {
  // Its command line has the namespace, so that it is found also when nothing else knows of it.
  const named = [process.execPath, responderProgram, nameServer, namespace];
  const responder = isRoot ? [...withFewRights, ...named, String(nobody)] : named;
  const batch = lines.map((line) => `${line}\n`).join('');
  const shell = ['sh', '-c', script, 'sh', isRoot ? 'root' : 'user', namespace, batch, ...responder];
  const [command = '', ...parameters] = isRoot ? shell : [...ownNamespaces, ...shell];
  const child = await started(command, parameters, { env: environment, cwd: '/', stdio: 'pipe', detached: true });
  child.stdin.end();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors = (errors + chunk).slice(0, 2_000)));
  const closed = new Promise((resolve) => {
    child.once('close', resolve);
  });
  // A Node that may start no thread waits for one without end.
  const overdue = setTimeout(() => {
    errors = `${errors} the responder of names was not ready within ${patienceMs / 1000} s`;
    child.kill('SIGKILL');
  }, patienceMs);
  const mark = (await isReady(child.stdout)) ? markOf(child.pid ?? 0) : undefined;
  clearTimeout(overdue);
  if (mark === undefined) {
    // The reason may come after the end of its output.
    await closed;
    throw failure(isRoot ? 'The internet of the fabric' : 'A user namespace for the fabric', errors);
  }
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return mark;
}

/** Whether a command line, by its words, is the responder's in this namespace, and not that of a program that will become it. */
export function isResponder([, program = '', , namespace]: readonly string[], wanted: string): boolean {
  return program === responderProgram && namespace === wanted;
}

async function isReady(output: Readable): Promise<boolean> {
  for await (const line of createInterface(output)) if (line === 'ready') return true;
  return false;
}
