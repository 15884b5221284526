import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { openAudit } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditRecord } from '../audit/event.ts';
import { openAuditLog } from '../audit/log.ts';
import type { AuditLog } from '../audit/log.ts';
import { defaultQuota } from '../audit/quota.ts';
import type { NetworkWatch } from '../control-plane/fabric/network-watch.ts';
import { permissionsOfOperations } from '../data-plane/operations.ts';
import { Delivery } from '../delivery/delivery.ts';
import type { DeliveryThread } from '../delivery/delivery.ts';
import type { Vitals } from '../metrics/vitals.ts';
import { LogTail } from '../recent/log-tail.ts';
import { Recent } from '../recent/recent.ts';
import { diagnosticSettingResource, diagnosticSettingsPrefix } from '../resources/keys.ts';
import { duePrefix, dueTime } from '../schedule/due.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Settings } from '../settings/settings.ts';
import { notifyingStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { gapRecords } from './delivery-gaps.ts';
import { allRoutes, routeOf } from './delivery-routes.ts';
import type { HostsFile } from './hosts-file.ts';
import type { OwnNode } from './node.ts';

export interface ServerAuditParts {
  readonly settings: Settings;
  readonly store: Store;
  /** Of several servers that share the store. */
  readonly node?: Pick<OwnNode, 'id' | 'name' | 'clockAheadMs' | 'close'> | undefined;
  /** The folder of the audit log, as this process opens it: after the privilege drop absolute paths may not work. */
  readonly auditDirectory: string;
  /** The folder for storage accounts that are not configured; likewise. */
  readonly storageDirectory: string;
  /** Started before the privilege drop, where collectors are configured. */
  readonly deliveryThread?: DeliveryThread | undefined;
  readonly now: () => number;
  readonly log: Logger;
  /** Called with the record of each request that a vault's firewall refused. */
  readonly denied?: ((record: AuditRecord) => void) | undefined;
}

/** The audit, and what delivers its records. */
export interface ServerAudit {
  readonly audit: Audit;
  readonly delivery: Delivery;
  readonly recent: Recent;
  /** Why the log cannot be written; `undefined`: it can, probably. */
  readonly logFailure: () => string | undefined;
  /** Of what was written to the log. */
  readonly counts: Vitals['audit'];
  /** Ends both: the audit's last records are delivered, too. After that a node has nothing more to hand over, and leaves. */
  readonly recording: { close(): Promise<void> };
}

/** Opens the audit log as configured, and delivers its records where diagnostic settings and the configuration say. */
export async function openServerAudit(parts: ServerAuditParts): Promise<ServerAudit> {
  const { settings, store, auditDirectory: directory, storageDirectory, now, log, node } = parts;
  const { fsync = false, maxBytes = 64 * 1024 * 1024, files = 10, keepDays = 30 } = settings.audit ?? {};
  const {
    undeliveredMaxBytes = 1024 * 1024 * 1024,
    storageAccounts: accounts = [],
    otlp: collectors = [],
  } = settings.audit ?? {};
  // A setting's ids are in any case.
  const otlp = collectors.map((one) => ({ ...one, name: one.name.toLowerCase() }));
  const keepMs = keepDays * 86_400_000;
  const notice = (message: string) => log.warn(message);
  const delivery = new Delivery({
    configuration: { directory, storageDirectory, accounts, otlp, files, keepMs, undeliveredMaxBytes },
    thread: parts.deliveryThread,
    allRoutes: () => allRoutes(store),
    routeOf: (resourceId) => routeOf(store, resourceId),
    async recordGap(gap) {
      for (const record of gapRecords(gap, now())) await audit.read(record);
    },
    now,
    notice,
  });
  const needed = () => delivery.needed;
  const { counts, written } = counting(() => recent);
  const auditLog = openAuditLog({ directory, maxBytes, files, keepMs, needed, fsync, node, written, now, notice });
  // Before anything is written to it.
  const recent = new Recent({
    tail: LogTail.open(directory),
    permissions: permissionsOfOperations,
    now,
    notice,
    denied: parts.denied,
  });
  const audit = await openAudit({
    store,
    log: auditLog,
    now,
    random: randomBytes,
    quota: defaultQuota,
    node,
    notice,
    watcher: recent,
  });
  await delivery.start();
  const recording = {
    async close() {
      recent.close();
      try {
        await audit.close();
      } finally {
        await delivery.close();
        await node?.close();
      }
    },
  };
  return { audit, delivery, recent, recording, logFailure: () => failureOf(auditLog), counts };
}

/** Counts the lines that are written, and passes them on. */
function counting(recent: () => Recent) {
  const counts = { records: { reads: 0, others: 0 }, bytes: 0 };
  const written = (kind: 'reads' | 'others', lines: Uint8Array, count: number) => {
    counts.records[kind] += count;
    counts.bytes += lines.length;
    recent().written(kind, lines);
  };
  return { counts, written };
}

function failureOf(log: AuditLog): string | undefined {
  try {
    log.assertWritable();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The parts of the server that are told of each commit. */
export interface Watchers {
  readonly scheduler: Scheduler;
  readonly delivery: Delivery;
  readonly hosts: HostsFile;
  readonly networkWatch: NetworkWatch;
}

/**
 * The store for requests and for due work: a commit wakes the scheduler and the requests that wait for a change of
 * networks, tells the delivery of new settings, and adds a vault's name or looks whether it is gone.
 */
export function watchedStore(store: Store, watchers: () => Watchers) {
  return notifyingStore(store, (keys) => tellWatchers(keys, watchers()));
}

/** Tells them of a commit, of this process or of another node. */
export function tellWatchers(keys: readonly string[], { scheduler, delivery, hosts, networkWatch }: Watchers): void {
  for (const key of keys) if (key.startsWith(duePrefix)) scheduler.wake(dueTime(key));
  const settings = keys.filter((key) => key.startsWith(diagnosticSettingsPrefix));
  if (settings.length > 0) delivery.settingsChanged([...new Set(settings.map(diagnosticSettingResource))]);
  hosts.committed(keys);
  networkWatch.committed(keys);
}
