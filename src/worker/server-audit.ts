import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { openAudit } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import { AuditExport } from '../audit/export.ts';
import { openAuditLog } from '../audit/log.ts';
import { defaultQuota } from '../audit/quota.ts';
import type { NetworkWatch } from '../control-plane/fabric/network-watch.ts';
import { exportsAuditEvents, storageAccountOf } from '../resources/diagnostic-settings.ts';
import { diagnosticSettingKey, diagnosticSettingsPrefix } from '../resources/keys.ts';
import type { HostsFile } from './hosts-file.ts';
import { duePrefix, dueTime } from '../schedule/due.ts';
import { notifyingStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Settings } from '../settings/settings.ts';
import { listRecords } from '../store/records.ts';

interface ServerAuditParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly auditDirectory: string;
  readonly storageDirectory: string;
  readonly now: () => number;
  readonly log: Logger;
}

/** Opens the audit log as configured, with copies of its records for the vaults' diagnostic settings. */
export async function openServerAudit(parts: ServerAuditParts): Promise<Audit> {
  const { settings, store, auditDirectory, storageDirectory, now, log } = parts;
  const { fsync = false, maxBytes = 64 * 1024 * 1024, files = 10, keepDays = 30 } = settings.audit ?? {};
  const keepMs = keepDays * 86_400_000;
  const notice = (message: string) => log.warn(message);
  const exports = new AuditExport({
    directory: storageDirectory,
    async accountsOf(resourceId) {
      const records = await listRecords(store, { prefix: diagnosticSettingKey(resourceId), limit: 100 });
      const settingsOfVault = records.map(({ value }) => value.properties);
      return [...new Set(settingsOfVault.filter(exportsAuditEvents).map(storageAccountOf))];
    },
    notice,
  });
  const auditLog = openAuditLog({ directory: auditDirectory, maxBytes, files, keepMs, fsync, now, notice });
  return openAudit({ store, log: auditLog, now, random: randomBytes, quota: defaultQuota, notice, exports });
}

/** The parts of the server that are told of each commit. */
export interface Watchers {
  readonly scheduler: Scheduler;
  readonly audit: Audit;
  readonly hosts: HostsFile;
  readonly networkWatch: NetworkWatch;
}

/**
 * The store for requests: a commit wakes the scheduler and the requests that wait for a change of networks, tells the
 * audit of new settings, and adds a vault's name.
 */
export function watchedStore(store: Store, { scheduler, audit, hosts, networkWatch }: Watchers) {
  return notifyingStore(store, (keys) => {
    for (const key of keys) if (key.startsWith(duePrefix)) scheduler.wake(dueTime(key));
    if (keys.some((key) => key.startsWith(diagnosticSettingsPrefix))) audit.settingsChanged();
    hosts.committed(keys);
    networkWatch.committed(keys);
  });
}
