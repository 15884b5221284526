import type { Settings } from '../settings/settings.ts';
import type { StartWorker } from '../types/supervision.ts';
import type { DataFolder } from './data-folder.ts';
import type { FolderAccess } from './folder-access.ts';
import type { HeartbeatTimes } from './heartbeat.ts';
import type { Tls } from './operator-tls.ts';
import type { OpenedListener } from './own-sockets.ts';
import type { Readers } from './readers.ts';
import type { WorkerConfiguration, Reread } from './reread.ts';
import type { User } from './worker-user.ts';

export interface SupervisorOptions {
  /** The configuration of the first worker. */
  readonly configuration: WorkerConfiguration;
  readonly become: User | undefined;
  /** The place of the commit mark, and our descriptor of it if the worker gets it as an open file. */
  readonly mark: StartWorker<Settings>['mark'];
  readonly markDescriptor: number | undefined;
  /** Reads the configuration again. */
  readonly reread: (inForce: Settings, tls: Tls) => Reread;
  readonly listeners: readonly OpenedListener[];
  /** `undefined`: there are none. */
  readonly readers: Readers | undefined;
  readonly controlSocket: string;
  /** The worker's program. */
  readonly program: string;
  /** The environment of every child process; it has no secrets. */
  readonly environment: NodeJS.ProcessEnv;
  /** How the worker reaches its data folder; the launcher begins with its command. */
  readonly access: Extract<FolderAccess, { readonly ok: true }>;
  /** The command that becomes the worker. */
  readonly launcher: readonly string[];
  readonly folder: DataFolder;
  readonly heartbeat: HeartbeatTimes;
  readonly now: () => number;
  readonly print: (message: string) => void;
  readonly complain: (message: string) => void;
  /** Called once, when everything has ended. */
  readonly onEnd: (exitCode: number) => void;
}
