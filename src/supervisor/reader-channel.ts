import { chownSync, closeSync, constants, openSync } from 'node:fs';
import { readersSocketIn } from '../lines/control-place.ts';
import { openInControlFolder } from './own-sockets.ts';
import type { OpenedListener } from './own-sockets.ts';
import type { User } from './worker-user.ts';

/** The socket at which the worker takes the connections of its readers. */
export interface ReaderChannel {
  /** The worker's end. */
  readonly opened: OpenedListener;
  /** A descriptor for readers that names the socket, whatever folders they may pass. */
  readonly descriptor: number;
  close(): void;
}

/** Opens a file only to name it: what is connected through it is checked by the file's own mode (open(2)). */
const onlyPath = 0o10_000_000;

/**
 * Opens the socket in the control folder. Who started the server alone can enter that folder, so a program with the worker's
 * uid finds no path to it; the readers get a descriptor instead of a path, and connect through `/proc/self/fd`.
 */
export function openReaderChannel(folder: string, worker: User | undefined): ReaderChannel {
  if (process.platform !== 'linux') {
    throw new Error(`--readers needs Linux, where a process can connect to a socket by its descriptor: leave it out`);
  }
  const path = readersSocketIn(folder);
  const opened = openInControlFolder(path, 'readers');
  if (worker !== undefined) chownSync(path, worker.uid, worker.gid);
  const descriptor = openSync(path, onlyPath | constants.O_NOFOLLOW);
  return {
    opened,
    descriptor,
    close: () => closeSync(descriptor),
  };
}
