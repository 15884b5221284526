import { realpathSync } from 'node:fs';
import { placeOf, type Place } from '../../fabric/place.ts';
import { CommandFailed } from '../failed.ts';

/** The place of the fabric of the server with this data folder, as this user makes it. */
export function placeOfServer(data: string): Place {
  try {
    return placeOf(realpathSync(data), process.geteuid?.() === 0);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `${data} cannot be read: ${cause}`,
      'Start the server with "postern start", or give its data folder with --data DIR.',
    );
  }
}
