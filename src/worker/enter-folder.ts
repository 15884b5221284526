import type { StartWorker } from '../types/supervision.ts';
import { dropPrivileges } from './drop-privileges.ts';
import { closeInherited } from './inherited.ts';

/** The last descriptor from the supervisor: after the standard ones come the channel, the data folder and the commit mark. */
const lastOfWorker = 5;

/** Enters the data folder and gives up root, once all code is loaded. */
export function enterFolder(
  { folder, become }: Pick<StartWorker<never>, 'folder' | 'become'>,
  lastGiven = lastOfWorker,
): void {
  process.chdir(folder.entry);
  if (become === undefined) return;
  closeInherited(lastGiven);
  dropPrivileges(become);
}
