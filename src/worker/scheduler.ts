import type { Logger } from 'pino';
import type { Audit } from '../audit/audit.ts';
import type { OperationSubject } from '../schedule/due.ts';
import type { DueHandler } from '../schedule/handler.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import type { Store } from '../store/store.ts';
import type { OwnNode } from './node.ts';
import { FailureLog } from './failure-line.ts';
import { dueHandlers } from './due-handlers.ts';
import type { DueServices } from './due-handlers.ts';

interface SchedulerParts {
  readonly store: Store;
  readonly now: () => number;
  readonly log: Logger;
  /** With the database's clock, where other nodes share the store. */
  readonly node?: Pick<OwnNode, 'clockMs'> | undefined;
}

export interface DueParts {
  readonly audit: Audit;
  readonly vaults: DueServices;
  readonly operation: DueHandler<OperationSubject>;
}

/** The work that is due, done by this process. */
export function openScheduler(
  { store, now, log, node }: SchedulerParts,
  { audit, vaults, operation }: DueParts,
): Scheduler {
  const failures = new FailureLog({ log, message: 'scheduled work failed and will be tried again', now });
  return new Scheduler({
    store,
    audit,
    handlers: { ...dueHandlers(vaults), operation },
    // The nodes must agree when a lease ends.
    now: node === undefined ? now : () => node.clockMs(),
    // Both stores of a single process are its own: a file is locked, and memory is private.
    alone: node === undefined,
    logError: (error, work) => failures.add(error, { work }),
  });
}
