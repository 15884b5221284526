import type { Logger } from 'pino';
import type { Audit } from '../audit/audit.ts';
import type { OperationSubject } from '../schedule/due.ts';
import type { DueHandler } from '../schedule/handler.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import type { Store } from '../store/store.ts';
import { dueHandlers } from './due-handlers.ts';
import type { DueServices } from './due-handlers.ts';

interface SchedulerParts {
  readonly store: Store;
  readonly now: () => number;
  readonly log: Logger;
}

export interface DueParts {
  readonly audit: Audit;
  readonly vaults: DueServices;
  readonly operation: DueHandler<OperationSubject>;
}

/** The work that is due, done by this process. */
export function openScheduler({ store, now, log }: SchedulerParts, { audit, vaults, operation }: DueParts): Scheduler {
  return new Scheduler({
    store,
    audit,
    handlers: { ...dueHandlers(vaults), operation },
    now,
    // Both stores have a single process: a file is locked, and memory is private.
    alone: true,
    logError: (error, work) => log.error({ err: error, work }, 'scheduled work failed and will be tried again'),
  });
}
