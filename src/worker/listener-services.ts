import { Backups } from './backup.ts';
import type { ReadFile } from './files.ts';
import type { OpenFolder } from './folder.ts';
import type { ListenerServices } from './listeners.ts';
import { masterKeyText } from './master-key.ts';

interface Opened extends Pick<ListenerServices, 'server' | 'settings' | 'gatewayFiles'> {
  readonly folder: OpenFolder;
  readonly readFile: ReadFile;
  readonly notice: (message: string) => void;
  readonly now: () => number;
}

/** The services of a worker's listeners, the operator's among them. */
export function listenerServices({ folder, readFile, notice, now, ...services }: Opened): ListenerServices {
  const { server, settings } = services;
  const backups = new Backups({
    ...folder,
    databaseFile: settings.dataFolder === undefined ? undefined : 'postern.db',
    audit: server.audit,
    masterKeyText: () => masterKeyText(settings, { entry: '.', readFile }),
    now,
  });
  return { ...services, store: folder.store, operator: { backups, notice } };
}
