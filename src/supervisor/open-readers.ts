import { fileURLToPath } from 'node:url';
import { programUrl } from '../programs/programs.ts';
import type { Settings } from '../settings/settings.ts';
import type { DataFolder } from './data-folder.ts';
import type { FolderAccess } from './folder-access.ts';
import type { OpenedListener } from './own-sockets.ts';
import { openReaderChannel } from './reader-channel.ts';
import { Readers } from './readers.ts';
import type { ReadersParts } from './readers.ts';
import { logOutput } from './terminal.ts';

interface Opening extends Pick<
  ReadersParts,
  'environment' | 'launcher' | 'heartbeat' | 'become' | 'listeners' | 'complain'
> {
  readonly settings: Pick<Settings, 'readers' | 'dryRun'>;
  /** The folder of the control socket. */
  readonly controlFolder: string;
  readonly folder: DataFolder;
  readonly access: Extract<FolderAccess, { readonly ok: true }>;
}

interface OpenedReaders {
  /** `undefined`: there are none. */
  readonly readers: Readers | undefined;
  /** The worker's listener for them. */
  readonly listeners: readonly OpenedListener[];
  /** Call it when the worker has ended. Resolves when no reader is left. */
  close(): Promise<void>;
}

/** Makes the readers ready to start. */
export function openReaders({ controlFolder, settings, folder, access, ...parts }: Opening): OpenedReaders {
  if (settings.readers === 0 || settings.dryRun) return { readers: undefined, listeners: [], close: async () => {} };
  const channel = openReaderChannel(controlFolder, parts.become);
  const readers = new Readers({
    ...parts,
    program: fileURLToPath(programUrl('reader')),
    channel: channel.descriptor,
    startIn: access.startIn,
    folder: folder.descriptor,
    place: { path: folder.path, entry: access.entry },
    count: settings.readers,
    log: logOutput(),
    now: Date.now,
  });
  const close = async () => {
    readers.kill();
    await readers.gone();
    channel.close();
  };
  return { readers, listeners: [channel.opened], close };
}
