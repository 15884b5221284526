import { shownUrl } from '../settings/store-config.ts';
import { Backups } from './backup.ts';
import type { ReadFile } from './files.ts';
import type { OpenFolder } from './folder.ts';
import type { ListenerServices } from './listeners.ts';
import { masterKeyText } from './master-key.ts';
import { NodeCommands } from './node-commands.ts';

interface Opened extends Pick<ListenerServices, 'server' | 'settings' | 'gatewayFiles'> {
  readonly folder: OpenFolder;
  readonly readFile: ReadFile;
  readonly notice: (message: string) => void;
  readonly now: () => number;
  /** Ends this server as a signal does. */
  readonly end: () => void;
}

/** The services of a worker's listeners, the operator's among them. */
export function listenerServices({ folder, readFile, notice, now, end, ...services }: Opened): ListenerServices {
  const { server, settings } = services;
  const backups = new Backups({
    ...folder,
    databaseFile: settings.dataFolder === undefined ? undefined : 'postern.db',
    databaseUrl: settings.store && shownUrl(settings.store.url),
    audit: server.audit,
    masterKeyText: () => masterKeyText(settings, { entry: '.', readFile }),
    now,
  });
  const { node, shared } = folder;
  const nodes = node && shared && new NodeCommands({ ...folder, node, shared, audit: server.audit, now, end });
  return { ...services, store: folder.store, operator: { backups, nodes, notice } };
}
