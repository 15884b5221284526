import type { Destination } from './destination.ts';
import type { LogGap } from './log-cursor.ts';
import type { ListedFile, LogFolder } from './log-folder.ts';
import type { SinkLanes } from './lanes.ts';
import type { Routes } from './routes.ts';

/** Records that a sink will never get. */
export interface SinkGap extends LogGap {
  /** Where records were refused, not lost: how many. */
  readonly refused?: number;
}

export interface SinkParts {
  readonly name: string;
  readonly statePath: string;
  readonly folder: LogFolder;
  readonly destination: Destination;
  readonly routes: Routes;
  /** For a sink without a state: since when its records are delivered, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Whether nothing may be read now, because settings have changed whose routes are not known yet. */
  readonly isHeld: () => boolean;
  /** Whether so much of the log waits for it that the oldest file is given up; by default never. */
  readonly isTooMuch?: (ahead: readonly ListedFile[]) => boolean;
  /** Shared by all sinks: each has a part of the log in memory while it works. */
  readonly lanes?: SinkLanes;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
  /** Resolves when the gap has a record. */
  readonly recordGap: (gap: SinkGap) => Promise<void>;
}
