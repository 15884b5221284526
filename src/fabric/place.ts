import { join } from 'node:path';

/** Root's own folder; an ordinary user has one in the data folder, which is then the user's own. */
export const rootFolder = '/run/postern-net';

/** A file in the fabric's folder from when its end begins. */
export const endFile = 'ends';

export interface Place {
  /** Six hexadecimal digits that tell the fabrics of one machine apart. */
  readonly instance: string;
  readonly folder: string;
  /** The server's. */
  readonly dataFolder: string;
  readonly isRoot: boolean;
  /** Where the fabric of this server is when it is root's and this one is a user's, or the other way round. */
  readonly otherFolder: string;
}

/**
 * The place of a server's fabric.
 * @param dataFolder the real path of the server's data folder
 */
export function placeOf(dataFolder: string, isRoot: boolean): Place {
  const instance = instanceOf(dataFolder);
  const [ofRoot, ofUser] = [join(rootFolder, instance), join(dataFolder, 'net')];
  return { instance, isRoot, dataFolder, folder: isRoot ? ofRoot : ofUser, otherFolder: isRoot ? ofUser : ofRoot };
}

export function controlSocketOf({ folder }: Place): string {
  return join(folder, 'control', 'net.sock');
}

/** FNV-1a, folded to 24 bits. It is not for security, and loading node:crypto takes as long as a whole workload's start. */
function instanceOf(path: string): string {
  let hash = 0x81_1c_9d_c5;
  for (const byte of new TextEncoder().encode(path)) hash = Math.imul(hash ^ byte, 0x01_00_01_93) >>> 0;
  return ((hash >>> 24) ^ (hash & 0xff_ff_ff)).toString(16).padStart(6, '0');
}
