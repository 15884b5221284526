import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { programUrl } from '../programs/programs.ts';
import { openNamespace, type Namespace, type NamespaceFiles } from './namespace-files.ts';
import { isRawSocket, type RawSocket } from './raw-socket.ts';

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
/** Of util-linux. */
const enter = 'nsenter';

/**
 * Opens listening sockets inside a network namespace and brings them into this process, in the order of `places`. A socket
 * always belongs to the namespace in which it was created, so a child process is started there, sends its sockets over its
 * own IPC channel, each when it is asked for, and ends. If the child fails, no socket stays open.
 */
export async function openInNamespace({ namespace, places, environment }: OpenInNamespace): Promise<NamespaceSockets> {
  try {
    using files = openNamespace(namespace);
    // The child has its own copies of the descriptors as soon as it is started.
    return await receive(start(files, environment), places);
  } catch (error) {
    return { ok: false, message: notEntered(error instanceof Error ? error.message : String(error)) };
  }
}

/** The command becomes the program inside the namespace, with this process's own rights and files. */
function start({ net, user }: NamespaceFiles, environment: NodeJS.ProcessEnv): ChildProcess {
  const program = fileURLToPath(programUrl('namespace-opener'));
  // Descriptor 3 is the IPC channel.
  const entering = [
    '--net=/proc/self/fd/4',
    ...(user === undefined ? [] : ['--user=/proc/self/fd/5', '--preserve-credentials']),
  ];
  return spawn(enter, [...entering, '--', process.execPath, program], {
    env: environment,
    // The supervisor may have been started in a folder that the worker owns.
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', net, ...(user === undefined ? [] : [user])],
  });
}

function receive(child: ChildProcess, places: readonly SocketPlace[]): Promise<NamespaceSockets> {
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
    // The parameters of a command line have less room (execve(2)).
    child.send(places, () => undefined);
    child.on('message', (message, socket: unknown) => {
      sockets.push(isRawSocket(socket) ? { ok: true, socket } : { ok: false, code: codeOf(message) });
      timer.refresh();
      if (sockets.length === places.length) finish({ ok: true, sockets });
      else child.send('next', () => undefined);
    });
    child.once('error', (error) => fail(`${enter} cannot be started: ${error.message}`));
    // 'close' comes after the last output, and after the last message.
    child.once('close', (code, signal) => {
      const how = errorOutput.trim() || `it ended by ${signal ?? `exit code ${code}`}`;
      fail(notEntered(how));
    });
  });
}

/** Why a place could not be listened on. `choose` says how to choose another port. */
export function placeRefused({ address, port }: SocketPlace, code: string, choose: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is already taken in that namespace: ${choose}`;
  if (code === 'EADDRNOTAVAIL')
    return `that namespace does not have the address ${address}: add it to an interface there`;
  return `port ${port} cannot be opened there: ${code}`;
}

/** The system's errors do not say which process lacks the rights. */
function notEntered(failure: string): string {
  const message = `the namespace cannot be entered: ${failure}`;
  if (!/operation not permitted|permission denied/i.test(failure)) return message;
  return `${message}. The server enters it, so start the server as root, or give the --pid of a process in a user namespace of yours`;
}

function codeOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'code' in message ? String(message.code) : 'unknown';
}
