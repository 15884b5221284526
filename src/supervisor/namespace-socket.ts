import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isRawSocket, type RawSocket } from './raw-socket.ts';

/**
 * A network namespace: a name known to `ip netns`; that of a process (rootless: of the process that has the user
 * namespace); or a name known to `ip netns` in the mount namespace of that process.
 */
export type Namespace = string | { readonly pid: number; readonly name?: string };

/** A place to listen on inside a namespace. */
export interface SocketPlace {
  readonly address: string;
  readonly port: number;
}

/** `code` is the operating system's error name. */
export type NamespaceSocket =
  { readonly ok: true; readonly socket: RawSocket } | { readonly ok: false; readonly code: string };

export type NamespaceSockets =
  | { readonly ok: true; readonly sockets: readonly NamespaceSocket[] }
  | { readonly ok: false; readonly message: string };

export interface OpenInNamespace {
  readonly namespace: Namespace;
  /** At least one. */
  readonly places: readonly SocketPlace[];
  readonly environment: NodeJS.ProcessEnv;
}

/** How long the child may take for its start, and for each socket. */
const timeoutMs = 10_000;

/**
 * Opens listening sockets inside a network namespace and brings them into this process, in the order of `places`. A socket
 * always belongs to the namespace in which it was created, so a child process is started there, sends its sockets over its
 * own IPC channel, each when it is asked for, and ends. If the child fails, no socket stays open.
 */
export function openInNamespace({ namespace, places, environment }: OpenInNamespace): Promise<NamespaceSockets> {
  const program = join(import.meta.dirname, `namespace-opener${extname(import.meta.filename)}`);
  const { command, parameters } = entering(namespace);
  const child = spawn(command, [...parameters, process.execPath, program, JSON.stringify(places)], {
    env: environment,
    // The supervisor may have been started in a folder that the worker owns.
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errorOutput = (errorOutput + chunk).slice(-500)));
  const sockets: NamespaceSocket[] = [];
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let isOver = false;
    const finish = (answer: NamespaceSockets): void => {
      clearTimeout(timer);
      isOver = true;
      if (child.connected) child.disconnect();
      resolve(answer);
    };
    const fail = (message: string): void => {
      if (isOver) return;
      for (const opened of sockets) if (opened.ok) opened.socket.close();
      finish({ ok: false, message });
    };
    child.on('message', (message, socket: unknown) => {
      sockets.push(isRawSocket(socket) ? { ok: true, socket } : { ok: false, code: codeOf(message) });
      timer.refresh();
      if (sockets.length === places.length) finish({ ok: true, sockets });
      else child.send('next', () => undefined);
    });
    child.once('error', (error) => fail(`${command} cannot be started: ${error.message}`));
    // 'close' comes after the last output, and after the last message.
    child.once('close', (code, signal) => {
      const how = errorOutput.trim() || `it ended by ${signal ?? `exit code ${code}`}`;
      fail(`the namespace cannot be entered: ${how}${adviceOn(how)}`);
    });
  });
}

/** The command that runs the rest of the command line inside the namespace. */
function entering(namespace: Namespace): { readonly command: string; readonly parameters: readonly string[] } {
  if (typeof namespace === 'string') return { command: 'ip', parameters: ['netns', 'exec', namespace] };
  const { pid, name } = namespace;
  const user = sameUserNamespace(pid) ? [] : ['-U', '--preserve-credentials'];
  // The names of `ip netns` are files in the mount namespace of that process.
  const inner = name === undefined ? ['-n'] : ['-m', '-n', 'ip', 'netns', 'exec', name];
  return { command: 'nsenter', parameters: ['-t', String(pid), ...user, ...inner] };
}

/** A process cannot enter the user namespace that it is already in (setns(2): EINVAL). */
function sameUserNamespace(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user');
  } catch {
    return false;
  }
}

/** Why a place could not be listened on. `choose` says how to choose another port. */
export function placeRefused({ address, port }: SocketPlace, code: string, choose: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is already taken in that namespace: ${choose}`;
  if (code === 'EADDRNOTAVAIL')
    return `that namespace does not have the address ${address}: add it to an interface there`;
  return `port ${port} cannot be opened there: ${code}`;
}

/** The errors of `ip netns exec` and `nsenter` do not say which process lacks the rights. */
function adviceOn(failure: string): string {
  if (!/Operation not permitted|Permission denied/.test(failure)) return '';
  return '. The server enters it, so start the server as root, or give the --pid of a process in a user namespace of yours';
}

function codeOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'code' in message ? String(message.code) : 'unknown';
}
