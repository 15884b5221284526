import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openAudit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import type { AuditRecord } from '../../src/audit/event.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { duePut } from '../../src/schedule/due.ts';
import type { DueKind, DueSubject } from '../../src/schedule/due.ts';
import { Scheduler } from '../../src/schedule/scheduler.ts';
import type { SchedulerParts } from '../../src/schedule/scheduler.ts';
import type { Store } from '../../src/store/store.ts';
import { linesOf } from '../audit/log-lines.ts';

/** A clock that several nodes share. */
export interface Clock {
  now: number;
}

export interface SchedulerNode {
  readonly scheduler: Scheduler;
  /** For each failure, what was thrown and for which work. */
  readonly errors: (readonly [message: string, work: string])[];
  /** The audit log, once all records have arrived. */
  readonly records: () => Promise<readonly AuditRecord[]>;
}

/** A scheduler as one of several nodes on a store runs it, with an audit log of its own. */
export async function startNode(
  t: TestContext,
  {
    store,
    clock,
    handlers,
    alone = false,
  }: Pick<SchedulerParts, 'store' | 'handlers'> & { readonly clock: Clock; readonly alone?: boolean },
): Promise<SchedulerNode> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-schedule-'));
  const now = () => clock.now;
  const notice = () => {};
  const log = openAuditLog({ directory, maxBytes: 1 << 26, files: 2, keepMs: 0, fsync: false, now: Date.now, notice });
  const audit = await openAudit({ store, log, now, random: randomBytes, quota: defaultQuota, notice });
  const errors: SchedulerNode['errors'] = [];
  const logError = (error: unknown, work: string) => errors.push([String(error), work]);
  const scheduler = new Scheduler({ store, audit, handlers, now, alone, logError });
  t.after(async () => {
    await scheduler.close();
    await audit.close();
    rmSync(directory, { recursive: true });
  });
  return {
    scheduler,
    errors,
    async records() {
      await audit.close();
      return linesOf(directory);
    },
  };
}

export function subject(name: string): DueSubject {
  return { vault: 'kv', incarnation: 'i', collection: 'secrets', name };
}

export async function schedule(
  store: Store,
  kind: DueKind,
  ...works: readonly (readonly [at: number, name: string])[]
) {
  await store.transact({ put: works.map(([at, name]) => duePut(kind, at, subject(name))) });
}

export async function keysUnder(store: Store, prefix: string): Promise<readonly string[]> {
  return (await store.list({ prefix, limit: 10_000 })).map(({ key }) => key);
}
