import { readArray, readBoolean, readChoice, readObject, readString } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import type {
  DiagnosticSettingProperties,
  DiagnosticSettingRecord,
  LogCategory,
  LogCategoryGroup,
  LogSetting,
  MetricSetting,
} from '../types/diagnostic-setting.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

/** The categories of a vault's logs and the groups that each belongs to (monitor-key-vault-reference.md). */
export const logCategories: Readonly<Record<LogCategory, readonly LogCategoryGroup[]>> = {
  AuditEvent: ['audit', 'allLogs'],
  AzurePolicyEvaluationDetails: ['allLogs'],
};

/** As on Azure. */
const settingsMax = 5;

const categories: readonly LogCategory[] = ['AuditEvent', 'AzurePolicyEvaluationDetails'];
const groups: readonly LogCategoryGroup[] = ['audit', 'allLogs'];

/** Destinations that Azure has and this server does not. */
const otherDestinations = [
  'workspaceId',
  'eventHubAuthorizationRuleId',
  'eventHubName',
  'serviceBusRuleId',
  'marketplacePartnerId',
  'logAnalyticsDestinationType',
] as const;

const storageAccountId =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]{1,90}\/providers\/Microsoft\.Storage\/storageAccounts\/(?<name>[a-z0-9]{3,24})$/i;

/** Letters, digits and what else is common in names: 1 to 128 of them. */
export function isDiagnosticSettingName(name: string): boolean {
  return /^[\w.() -]{1,128}$/.test(name);
}

/** The name of the storage account of a setting. */
export function storageAccountOf({ storageAccountId: id }: DiagnosticSettingProperties): string {
  return id.slice(id.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether a setting sends the vault's audit records to its storage account. */
export function exportsAuditEvents({ logs }: DiagnosticSettingProperties): boolean {
  return logs.some((log) => log.enabled && categoriesOf(log).includes('AuditEvent'));
}

/**
 * Reads `properties` of a diagnostic setting. What this server has no counterpart of (a workspace, an event hub, metrics,
 * retention in the storage account) is refused, not stored without effect.
 */
export function readDiagnosticSetting(value: unknown): ResourceOutcome<DiagnosticSettingProperties> {
  const read = readObject<Requested>(value ?? {}, 'properties', {
    storageAccountId: (text, path) => wrapped('storageAccountId', readString(text, path)),
    logs: (list, path) => wrapped('logs', readArray(list, path, readLog)),
    metrics: (list, path) => wrapped('metrics', readArray(list, path, readMetric)),
    ...Object.fromEntries(otherDestinations.map((name) => [name, () => wrapped('other', { ok: true, value: name })])),
  });
  if (!read.ok) return read;
  const { storageAccountId: account, logs = [], metrics = [], other } = read.value;
  if (other !== undefined) {
    return invalid(
      `properties.${other} is not supported: records are sent to a storage account only. Leave it out and give storageAccountId; every record also stands in the server's own audit log.`,
    );
  }
  if (account === undefined) return invalid('At least one data sink needs to be specified: give storageAccountId.');
  if (!storageAccountId.test(account)) {
    return invalid(
      `properties.storageAccountId is '${account.slice(0, 400)}'; it must be the id of a storage account, /subscriptions/…/resourceGroups/…/providers/Microsoft.Storage/storageAccounts/….`,
    );
  }
  return withLogs({ storageAccountId: account, logs, metrics });
}

interface Requested {
  readonly storageAccountId: string;
  readonly logs: readonly RequestedLog[];
  readonly metrics: readonly RequestedMetric[];
  readonly other: string;
}

interface RequestedLog extends Partial<Omit<LogSetting, 'category'>> {
  readonly category?: string;
  readonly retention?: boolean;
}

interface RequestedMetric {
  readonly category?: string;
  readonly enabled?: boolean;
  readonly retention?: boolean;
}

function withLogs(requested: Omit<Requested, 'other'>): ResourceOutcome<DiagnosticSettingProperties> {
  const logs: LogSetting[] = [];
  for (const { category, categoryGroup, enabled = false, retention = false } of requested.logs) {
    if (retention) return invalid(retentionRefused);
    if ((category === undefined) === (categoryGroup === undefined)) {
      return invalid('A log setting names either a category or a categoryGroup, and not both.');
    }
    const known = categories.find((one) => one.toLowerCase() === category?.toLowerCase());
    if (category !== undefined && known === undefined) {
      return invalid(`Category '${category.slice(0, 128)}' is not supported. Supported are ${categories.join(', ')}.`);
    }
    logs.push({
      ...(known !== undefined && { category: known }),
      ...(categoryGroup !== undefined && { categoryGroup }),
      enabled,
    });
  }
  const byCategory = logs.some(({ category }) => category !== undefined);
  if (byCategory && logs.some(({ categoryGroup }) => categoryGroup !== undefined)) {
    return invalid('A setting names categories of logs or groups of them, and not both.');
  }
  const metrics: MetricSetting[] = [];
  for (const { category = 'AllMetrics', enabled = false, retention = false } of requested.metrics) {
    if (retention) return invalid(retentionRefused);
    if (category.toLowerCase() !== 'allmetrics') {
      return invalid(`Category '${category.slice(0, 128)}' is not supported. Supported is AllMetrics.`);
    }
    if (enabled)
      return invalid("This server has no metrics to send: set 'enabled' of AllMetrics to false, or leave it out.");
    metrics.push({ category: 'AllMetrics', enabled });
  }
  if (logs.length + metrics.length === 0) return invalid('At least one log or metric needs to be specified.');
  return { ok: true, value: { storageAccountId: requested.storageAccountId, logs, metrics } };
}

/**
 * Whether a setting may stand beside the others of the vault: "Data sinks can't be reused in different settings on the
 * same category for the same resource", and there are at most five.
 */
export function admitDiagnosticSetting(
  setting: DiagnosticSettingRecord,
  others: readonly DiagnosticSettingRecord[],
): ResourceOutcome<null> {
  if (others.length >= settingsMax) {
    return invalid(`A resource takes at most ${settingsMax} diagnostic settings; delete one that is not needed.`);
  }
  const account = storageAccountOf(setting.properties);
  const wanted = enabledCategories(setting.properties);
  for (const other of others.filter(({ properties }) => storageAccountOf(properties) === account)) {
    const category = enabledCategories(other.properties).find((one) => wanted.includes(one));
    if (category !== undefined) {
      const { storageAccountId: sink } = setting.properties;
      return refuseResource({ kind: 'dataSinkInUse', sink, setting: other.name, category });
    }
  }
  return { ok: true, value: null };
}

const retentionRefused =
  "'retentionPolicy' with 'enabled' is not supported: nothing is ever removed from the storage account by this server. Leave it out.";

function enabledCategories({ logs }: DiagnosticSettingProperties): readonly LogCategory[] {
  return logs.filter(({ enabled }) => enabled).flatMap(categoriesOf);
}

function categoriesOf({ category, categoryGroup }: LogSetting): readonly LogCategory[] {
  if (category !== undefined) return [category];
  return categories.filter((one) => categoryGroup !== undefined && logCategories[one].includes(categoryGroup));
}

function readLog(value: unknown, path: string): Read<RequestedLog> {
  return readObject<RequestedLog>(value, path, {
    category: (text, at) => wrapped('category', readString(text, at)),
    categoryGroup: (text, at) => wrapped('categoryGroup', readChoice(text, at, groups)),
    enabled: (flag, at) => wrapped('enabled', readBoolean(flag, at)),
    retentionPolicy: (policy, at) => wrapped('retention', readRetention(policy, at)),
  });
}

function readMetric(value: unknown, path: string): Read<RequestedMetric> {
  return readObject<RequestedMetric & { readonly timeGrain: string }>(value, path, {
    category: (text, at) => wrapped('category', readString(text, at)),
    timeGrain: (text, at) => wrapped('timeGrain', readString(text, at)),
    enabled: (flag, at) => wrapped('enabled', readBoolean(flag, at)),
    retentionPolicy: (policy, at) => wrapped('retention', readRetention(policy, at)),
  });
}

/** Whether it keeps for a time; `days` counts only where it is enabled. */
function readRetention(value: unknown, path: string): Read<boolean> {
  const read = readObject<{ readonly enabled: boolean; readonly days: unknown }>(value, path, {
    enabled: (flag, at) => wrapped('enabled', readBoolean(flag, at)),
    days: (days) => wrapped('days', { ok: true, value: days }),
  });
  return read.ok ? { ok: true, value: read.value.enabled ?? false } : read;
}

function wrapped<Name extends string, T>(name: Name, read: Read<T>): Read<{ readonly [Key in Name]: T }> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript gives a computed name the type of any string
  return read.ok ? { ok: true, value: { [name]: read.value } as { [Key in Name]: T } } : read;
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
