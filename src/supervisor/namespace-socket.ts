import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isRawSocket, type RawSocket } from './raw-socket.ts';

/**
 * A network namespace: a name known to `ip netns`; that of a process (rootless: of the process that has the user
 * namespace); or a name known to `ip netns` in the mount namespace of that process.
 */
export type Namespace = string | { readonly pid: number; readonly name?: string };

export type NamespaceSocket =
  { readonly ok: true; readonly socket: RawSocket } | { readonly ok: false; readonly message: string };

export interface OpenInNamespace {
  readonly namespace: Namespace;
  readonly port: number;
  readonly environment: NodeJS.ProcessEnv;
}

const timeoutMs = 10_000;

/**
 * Opens a listening socket inside a network namespace and brings it into this process. A socket always belongs to the
 * namespace in which it was created, so a child process is started there, sends its socket over its own IPC channel and
 * ends. Each child opens one socket: several on one channel crash Node.
 */
export function openInNamespace({ namespace, port, environment }: OpenInNamespace): Promise<NamespaceSocket> {
  const program = join(import.meta.dirname, `namespace-opener${extname(import.meta.filename)}`);
  const { command, parameters } = entering(namespace);
  const child = spawn(command, [...parameters, process.execPath, program, String(port)], {
    env: environment,
    // The supervisor may have been started in a folder that the worker owns.
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errorOutput = (errorOutput + chunk).slice(-500)));
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const finish = (answer: NamespaceSocket): void => {
      clearTimeout(timer);
      if (child.connected) child.disconnect();
      resolve(answer);
    };
    child.once('message', (message, socket: unknown) => {
      if (isRawSocket(socket)) finish({ ok: true, socket });
      else finish({ ok: false, message: portRefused(port, codeOf(message)) });
    });
    child.once('error', (error) => finish({ ok: false, message: `${command} cannot be started: ${error.message}` }));
    // 'close' comes after the last output, and after the message if one was sent.
    child.once('close', (code, signal) => {
      const how = errorOutput.trim() || `it ended by ${signal ?? `exit code ${code}`}`;
      finish({ ok: false, message: `the namespace cannot be entered: ${how}${adviceOn(how)}` });
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

function portRefused(port: number, code: string): string {
  if (code !== 'EADDRINUSE') return `port ${port} cannot be opened there: ${code}`;
  return `port ${port} is already taken in that namespace: choose another --port`;
}

/** The errors of `ip netns exec` and `nsenter` do not say which process lacks the rights. */
function adviceOn(failure: string): string {
  if (!/Operation not permitted|Permission denied/.test(failure)) return '';
  return '. The server enters it, so start the server as root, or give the --pid of a process in a user namespace of yours';
}

function codeOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'code' in message ? String(message.code) : 'unknown';
}
