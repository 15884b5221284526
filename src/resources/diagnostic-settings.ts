import { accept, breached } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, boolean, choice, ignored, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type {
  DiagnosticSettingProperties,
  DiagnosticSettingRecord,
  LogCategory,
  LogCategoryGroup,
  LogSetting,
  MetricSetting,
} from '../types/diagnostic-setting.ts';
import { readAt, refuseResource } from './refusal.ts';
import type { ResourceBreach, ResourceOutcome } from './refusal.ts';

/** The categories of a vault's logs, and the groups of each (monitor-key-vault-reference.md). */
export const logCategories: Readonly<Record<LogCategory, readonly LogCategoryGroup[]>> = {
  AuditEvent: ['audit', 'allLogs'],
  AzurePolicyEvaluationDetails: ['allLogs'],
};

/** Azure's limit. */
const settingsMax = 5;

const categories: readonly LogCategory[] = ['AuditEvent', 'AzurePolicyEvaluationDetails'];
const groups: readonly LogCategoryGroup[] = ['audit', 'allLogs'];

/** Azure's other destinations, which this server does not have. */
const otherDestinations = [
  'workspaceId',
  'eventHubAuthorizationRuleId',
  'eventHubName',
  'serviceBusRuleId',
  'logAnalyticsDestinationType',
] as const;

const storageAccountId =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]{1,90}\/providers\/Microsoft\.Storage\/storageAccounts\/(?<name>[a-z0-9]{3,24})$/i;

/** Whether it has 1 to 128 letters, digits and other common characters of names. */
export function isDiagnosticSettingName(name: string): boolean {
  return /^[\w.() -]{1,128}$/.test(name);
}

/** The id of a partner's resource, which Azure's partners have under namespaces of their own. */
const partnerId =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]{1,90}\/providers\/[\w.]{1,90}\/\w{1,90}\/(?<name>[\w.-]{1,64})$/i;

/** The name of the storage account of a setting, if it has one. */
export function storageAccountOf({ storageAccountId: id }: DiagnosticSettingProperties): string | undefined {
  return id?.slice(id.lastIndexOf('/') + 1).toLowerCase();
}

/** The name, in lower case, of the collector of a setting, if it has one. */
export function collectorOf({ marketplacePartnerId: id }: DiagnosticSettingProperties): string | undefined {
  return id?.slice(id.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether a setting sends the vault's audit records to its storage account. */
export function exportsAuditEvents({ logs }: DiagnosticSettingProperties): boolean {
  return logs.some((log) => log.enabled && categoriesOf(log).includes('AuditEvent'));
}

/** Retention must be off; `days` matters only if it is enabled. */
const retentionPolicy = refine(object({ enabled: optional(boolean, false), days: ignored }), ({ enabled }) =>
  enabled
    ? invalidValue(
        "'retentionPolicy' with 'enabled' is not supported: nothing is ever removed from the storage account by this server. Leave it out.",
      )
    : accept(null),
);

const log = refine(
  object({
    category: optional(string),
    categoryGroup: optional(choice(groups)),
    enabled: optional(boolean, false),
    retentionPolicy: optional(retentionPolicy),
  }),
  ({ category, categoryGroup, enabled }): Read<LogSetting, ResourceBreach> => {
    if ((category === undefined) === (categoryGroup === undefined)) {
      return invalidValue('A log setting must have either a category or a categoryGroup.');
    }
    if (categoryGroup !== undefined) return accept({ categoryGroup, enabled });
    const known = categories.find((one) => one.toLowerCase() === category?.toLowerCase());
    return known === undefined
      ? invalidValue(`Category '${category?.slice(0, 128)}' is not supported. Supported are ${categories.join(', ')}.`)
      : accept({ category: known, enabled });
  },
);

const metric = refine(
  object({
    category: optional(string, 'AllMetrics'),
    timeGrain: optional(string),
    enabled: optional(boolean, false),
    retentionPolicy: optional(retentionPolicy),
  }),
  ({ category, enabled }): Read<MetricSetting, ResourceBreach> => {
    if (category.toLowerCase() !== 'allmetrics') {
      return invalidValue(`Category '${category.slice(0, 128)}' is not supported. Supported is AllMetrics.`);
    }
    if (!enabled) return accept({ category: 'AllMetrics', enabled });
    return invalidValue("This server has no metrics to send: set 'enabled' of AllMetrics to false, or leave it out.");
  },
);

/**
 * The `properties` of a diagnostic setting. Features that this server does not have (a workspace, an event hub, metrics,
 * retention in the storage account) are refused, rather than stored without effect.
 */
const requestedSetting = object({
  storageAccountId: optional(string),
  marketplacePartnerId: optional(string),
  logs: optional(array(log), []),
  metrics: optional(array(metric), []),
  ...Object.fromEntries(otherDestinations.map((name) => [name, optional(unsupportedDestination(name))])),
});

function unsupportedDestination(name: string): Shape<never, ResourceBreach> {
  return () =>
    invalidValue(
      `properties.${name} is not supported: records are sent to a storage account (storageAccountId) or a collector of OpenTelemetry (marketplacePartnerId) only. Leave it out; every record is also in the server's own audit log.`,
    );
}

export function readDiagnosticSetting(value: unknown): ResourceOutcome<DiagnosticSettingProperties> {
  const read = readAt(requestedSetting, value ?? {}, 'properties');
  if (!read.ok) return read;
  const { storageAccountId: account, marketplacePartnerId: partner, logs, metrics } = read.value;
  if (account === undefined && partner === undefined) {
    return invalid('At least one data sink needs to be specified: give storageAccountId.');
  }
  if (partner !== undefined && !partnerId.test(partner)) {
    return invalid(
      `properties.marketplacePartnerId is '${partner.slice(0, 400)}'; it must be an id, /subscriptions/…/resourceGroups/…/providers/…/…/NAME, whose name is that of a collector in the server's configuration (audit.otlp).`,
    );
  }
  if (account !== undefined && !storageAccountId.test(account)) {
    return invalid(
      `properties.storageAccountId is '${account.slice(0, 400)}'; it must be the id of a storage account, /subscriptions/…/resourceGroups/…/providers/Microsoft.Storage/storageAccounts/….`,
    );
  }
  const byCategory = logs.some(({ category }) => category !== undefined);
  if (byCategory && logs.some(({ categoryGroup }) => categoryGroup !== undefined)) {
    return invalid('A setting must have either categories of logs or groups of them.');
  }
  if (logs.length + metrics.length === 0) return invalid('At least one log or metric needs to be specified.');
  return { ok: true, value: { storageAccountId: account, marketplacePartnerId: partner, logs, metrics } };
}

/**
 * Checks a setting against the others of the vault: "Data sinks can't be reused in different settings on the same category
 * for the same resource", and there are at most five.
 */
export function checkDiagnosticSetting(
  setting: DiagnosticSettingRecord,
  others: readonly DiagnosticSettingRecord[],
): ResourceOutcome<null> {
  if (others.length >= settingsMax) {
    return invalid(`A resource can have at most ${settingsMax} diagnostic settings; delete one that is not needed.`);
  }
  const wanted = enabledCategories(setting.properties);
  const { storageAccountId: account, marketplacePartnerId: partner } = setting.properties;
  for (const [sink, nameOf] of [[account, storageAccountOf] as const, [partner, collectorOf] as const]) {
    if (sink === undefined) continue;
    const name = nameOf(setting.properties);
    for (const other of others.filter(({ properties }) => nameOf(properties) === name)) {
      const category = enabledCategories(other.properties).find((one) => wanted.includes(one));
      if (category !== undefined) return refuseResource({ kind: 'dataSinkInUse', sink, setting: other.name, category });
    }
  }
  return { ok: true, value: null };
}

function enabledCategories({ logs }: DiagnosticSettingProperties): readonly LogCategory[] {
  return logs.filter(({ enabled }) => enabled).flatMap(categoriesOf);
}

function categoriesOf({ category, categoryGroup }: LogSetting): readonly LogCategory[] {
  if (category !== undefined) return [category];
  return categories.filter((one) => categoryGroup !== undefined && logCategories[one].includes(categoryGroup));
}

function invalidValue(message: string) {
  return breached(undefined, { kind: 'invalidProperty', message });
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
