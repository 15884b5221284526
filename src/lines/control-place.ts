import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Owned by root, so a server's worker cannot enter or rename it, or put a link there. */
export const rootFolder = '/run/postern';

/** The folder of root's supervisor for this data folder (its real path), with the control socket. */
export function rootControlFolder(dataFolder: string): string {
  return join(rootFolder, nameOf(dataFolder));
}

/** The name, in `rootFolder`, of what root's supervisor stores for this data folder (its real path). */
export function nameOf(dataFolder: string): string {
  return createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
}

/** The socket in the same folder on which the worker answers the operator. */
export function operatorSocketIn(folder: string): string {
  return join(folder, 'operator.sock');
}

/** The socket in the same folder on which the worker takes the connections of its readers. */
export function readersSocketIn(folder: string): string {
  return join(folder, 'readers.sock');
}

/** The supervisor's control socket in its folder. */
export function controlSocketIn(folder: string): string {
  return join(folder, 'supervisor.sock');
}
