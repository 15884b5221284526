import { realpathSync, statSync } from 'node:fs';
import { placeOf, type Place } from '../../fabric/place.ts';
import { anothersFolder, unreadableFolder } from '../data-folder.ts';
import { CommandFailed } from '../failed.ts';

/** The place of the fabric of the server with this data folder, as this user makes it. */
export function placeOfServer(data: string): Place {
  try {
    const [own, { uid }] = [process.geteuid?.(), statSync(data)];
    if (own !== undefined && own !== 0 && own !== uid) throw anothersFolder(data, uid);
    return placeOf(realpathSync(data), own === 0);
  } catch (error) {
    throw error instanceof CommandFailed ? error : unreadableFolder(data, data, error);
  }
}
