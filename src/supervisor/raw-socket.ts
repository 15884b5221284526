import { lstatSync, unlinkSync } from 'node:fs';
import * as net from 'node:net';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { runAs } from './run-as.ts';
import { isBound } from './holder.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

/**
 * A bound socket that can be given to any number of child processes and never accepts in this process: this side has not
 * called `listen`, so it is not polled. A worker listens on its copy. Both are one socket in the kernel, which therefore
 * keeps listening and queueing connections when that worker dies.
 *
 * A `net.Server` cannot do this: after being sent to a child, or received from one, it still accepts in the sender.
 * `net.BoundSocket` (Node 26) cannot be sent over IPC and does not exist in Node 24. So the handle comes from
 * `net._createServerHandle`, which Node's own `cluster` uses in both versions; it is undocumented, hence the checks.
 */
export interface RawSocket {
  close(): void;
}

interface BoundHandle extends RawSocket {
  getsockname?(into: object): number;
}

export type Opened =
  | { readonly ok: true; readonly socket: RawSocket; readonly port: number }
  | { readonly ok: false; readonly code: string };

const ipv6Only = 1;

/** Binds a TCP socket; `port` 0 means any free one. An IPv6 socket accepts IPv6 only, so that each family has its own. */
export function openTcp(address: string, port: number): Opened {
  const isIpv6 = net.isIPv6(address);
  const bound = createHandle([address, port, isIpv6 ? 6 : 4, undefined, isIpv6 ? ipv6Only : 0]);
  if (!bound.ok) return bound;
  // libuv reports a port that is in use only when the name is requested. Without this request, the copy in the worker would
  // be unbound and would listen on a port that the kernel chooses.
  const name: { port?: unknown } = {};
  const failed = bound.handle.getsockname?.(name) ?? 0;
  if (failed === 0 && typeof name.port === 'number') return { ok: true, socket: bound.handle, port: name.port };
  bound.handle.close();
  return { ok: false, code: failed === 0 ? 'ENOTSUP' : getSystemErrorName(failed) };
}

/**
 * Binds a unix socket that only the owner of its folder can open. The folder must be closed to all other users: Node
 * cannot ask who connected, so the permissions are the only check. A socket left by a killed process is replaced. If the
 * worker controls the path, or another user owns the folder, root acts with that user's rights only.
 */
export function openUnix(
  path: string,
  worker?: User,
):
  | Opened
  | {
      readonly ok: false;
      readonly code: 'FOLDER_OPEN_TO_OTHERS' | 'FOLDER_CLOSED_TO_OWNER' | 'PATH_CONTROLLED_BY_WORKER';
    } {
  const folder = lstatSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) return { ok: false, code: 'ENOENT' };
  const { uid, gid, mode } = folder;
  if (!folder.isDirectory() || (mode & 0o077) !== 0) return { ok: false, code: 'FOLDER_OPEN_TO_OTHERS' };
  const bind = () => bindPrivately(path);
  const isWorkers = worker !== undefined && canRedirect(worker, path);
  const isOthers = process.geteuid?.() === 0 && uid !== 0;
  const owner = isWorkers ? worker : isOthers ? { uid, gid } : undefined;
  const bound = owner === undefined ? bind() : runAs(owner, bind);
  if (bound.ok)
    return { ok: true, socket: owner === undefined ? bound.handle : closedAs(owner, bound.handle), port: 0 };
  if (bound.code !== 'EACCES') return bound;
  return { ok: false, code: isWorkers ? 'PATH_CONTROLLED_BY_WORKER' : 'FOLDER_CLOSED_TO_OWNER' };
}

/** Closing the handle removes its path, whatever is there by then (libuv's `uv__pipe_close`), so it is done as the owner. */
function closedAs(owner: User, handle: BoundHandle): BoundHandle {
  const close = handle.close.bind(handle);
  handle.close = () => runAs(owner, close);
  return handle;
}

/** The socket is created with mode 0600, so that its path need not be used again to change the mode. */
function bindPrivately(path: string): ReturnType<typeof createHandle> {
  const before = process.umask(0o177);
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
      // Replacing the socket of a running server would leave that server listening where no connection arrives.
      if (isBound(path)) return { ok: false, code: 'EADDRINUSE' };
      unlinkSync(path);
    }
    return createHandle([path, -1, -1, undefined, 0]);
  } catch (error) {
    // The folder's owner may not be allowed to reach it, or to remove what is there.
    if (error instanceof Error && 'code' in error) return { ok: false, code: String(error.code) };
    throw error;
  } finally {
    process.umask(before);
  }
}

/** One end of Node's IPC channel: a child process, or `process` in a child. */
export interface Channel {
  readonly send?: unknown;
}

/** Sends a message with a raw handle, which Node accepts (as for `cluster`) although its types do not. */
export function sendWithSocket(channel: Channel, message: object, socket: RawSocket): void {
  if (typeof channel.send !== 'function') return;
  // If the channel has closed meanwhile, 'exit' reports it.
  Reflect.apply(channel.send, channel, [message, socket, () => undefined]);
}

/** Whether a value received over IPC is a raw handle. */
export function isRawSocket(value: unknown): value is RawSocket {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function createHandle(
  parameters: readonly unknown[],
): { readonly ok: true; readonly handle: BoundHandle } | { readonly ok: false; readonly code: string } {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof create !== 'function') {
    throw new Error(`this Node (${process.version}) has no net._createServerHandle: use Node 24 or 26`);
  }
  const made: unknown = Reflect.apply(create, undefined, parameters);
  if (typeof made === 'number') return { ok: false, code: getSystemErrorName(made) };
  if (!isRawSocket(made)) throw new Error('net._createServerHandle did not return a handle');
  return { ok: true, handle: made };
}
