import { lstatSync, unlinkSync } from 'node:fs';
import * as net from 'node:net';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { actingAs } from './acting-as.ts';
import { isBound } from './holder.ts';
import { isChosenBy } from './way.ts';
import type { User } from './worker-user.ts';

/**
 * A socket that is bound and can be handed to a child, again and again, and never accepts in this process: it is not
 * polled, because nobody has called `listen` on this side. A worker listens on its copy; both are one socket in the
 * kernel, so it goes on listening, and queueing connections, when that worker dies.
 *
 * A `net.Server` cannot do this: one that was sent to a child, or received from one, goes on accepting in the sender.
 * `net.BoundSocket` (Node 26) cannot be sent over IPC and does not exist in Node 24. So the handle comes from
 * `net._createServerHandle`, on which Node's own `cluster` rests in both; it lacks documentation, hence the checks.
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

/** Binds a TCP socket; `port` 0 takes any free one. An IPv6 socket takes IPv6 only, so that each family has its own. */
export function openTcp(address: string, port: number): Opened {
  const isIpv6 = net.isIPv6(address);
  const bound = createHandle([address, port, isIpv6 ? 6 : 4, undefined, isIpv6 ? ipv6Only : 0]);
  if (!bound.ok) return bound;
  // libuv keeps the error of a port that is taken until somebody asks for the name. Unasked, the copy that is handed
  // over would be unbound, and listen on a port of the kernel's choice.
  const name: { port?: unknown } = {};
  const failed = bound.handle.getsockname?.(name) ?? 0;
  if (failed === 0 && typeof name.port === 'number') return { ok: true, socket: bound.handle, port: name.port };
  bound.handle.close();
  return { ok: false, code: failed === 0 ? 'ENOTSUP' : getSystemErrorName(failed) };
}

/**
 * Binds a unix socket that only the owner of its folder may open. The folder must be closed to everybody else: Node
 * cannot ask who connected, so the permissions are the whole check. What a killed process left at the path is replaced.
 * Where the worker may change the way, or the folder is somebody else's, root has no more rights there than they have.
 */
export function openUnix(
  path: string,
  worker?: User,
):
  Opened | { readonly ok: false; readonly code: 'FOLDER_OPEN_TO_OTHERS' | 'FOLDER_CLOSED_TO_OWNER' | 'WAY_OF_WORKER' } {
  const folder = lstatSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) return { ok: false, code: 'ENOENT' };
  const { uid, gid, mode } = folder;
  if (!folder.isDirectory() || (mode & 0o077) !== 0) return { ok: false, code: 'FOLDER_OPEN_TO_OTHERS' };
  const bind = () => bindPrivately(path);
  const isWorkers = worker !== undefined && isChosenBy(worker, path);
  const isOthers = process.geteuid?.() === 0 && uid !== 0;
  const owner = isWorkers ? worker : isOthers ? { uid, gid } : undefined;
  const bound = owner === undefined ? bind() : actingAs(owner, bind);
  if (bound.ok)
    return { ok: true, socket: owner === undefined ? bound.handle : closedAs(owner, bound.handle), port: 0 };
  if (bound.code !== 'EACCES') return bound;
  return { ok: false, code: isWorkers ? 'WAY_OF_WORKER' : 'FOLDER_CLOSED_TO_OWNER' };
}

/** To close it is to remove its name, whatever lies there by then (libuv's `uv__pipe_close`). */
function closedAs(owner: User, handle: BoundHandle): BoundHandle {
  const close = handle.close.bind(handle);
  handle.close = () => actingAs(owner, close);
  return handle;
}

/** The socket is made with mode 0600, so that nothing is done to it by its name afterwards. */
function bindPrivately(path: string): ReturnType<typeof createHandle> {
  const before = process.umask(0o177);
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
      // To take the name from a server that runs would leave it listening where nobody comes any more.
      if (isBound(path)) return { ok: false, code: 'EADDRINUSE' };
      unlinkSync(path);
    }
    return createHandle([path, -1, -1, undefined, 0]);
  } catch (error) {
    // The folder's owner may not go there, or may not remove what is there.
    if (error instanceof Error && 'code' in error) return { ok: false, code: String(error.code) };
    throw error;
  } finally {
    process.umask(before);
  }
}

/** One end of Node's IPC channel: a child, or `process` in a child. */
export interface Channel {
  readonly send?: unknown;
}

/** Sends a message with a raw handle, which Node takes (as it does for `cluster`) and its types do not know. */
export function sendWithSocket(channel: Channel, message: object, socket: RawSocket): void {
  if (typeof channel.send !== 'function') return;
  // A channel that has closed meanwhile is found out by 'exit'.
  Reflect.apply(channel.send, channel, [message, socket, () => undefined]);
}

/** Whether something that came over IPC is a raw handle. */
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
  if (!isRawSocket(made)) throw new Error('net._createServerHandle gave no handle');
  return { ok: true, handle: made };
}
