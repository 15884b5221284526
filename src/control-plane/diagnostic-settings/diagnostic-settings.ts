import {
  logCategories,
  checkDiagnosticSetting,
  collectorOf,
  isDiagnosticSettingName,
  readDiagnosticSetting,
} from '../../resources/diagnostic-settings.ts';
import { vaultId, diagnosticSettingKey } from '../../resources/keys.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { answer, badRequest, orRefuse, resourceNotFound } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { placeOf } from '../resource-groups/resource-groups.ts';
import { readVaultOf, vaultPath } from '../vaults/resource.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { DiagnosticSettingRecord, LogSetting, MetricSetting } from '../../types/diagnostic-setting.ts';

/** Extensions of a vault: only vaults have logs here. */
const insightsPath = `${vaultPath}/providers/Microsoft.Insights`;
const settingsPath = `${insightsPath}/diagnosticSettings`;
const settingPath = `${settingsPath}/:setting`;
const categoriesPath = `${insightsPath}/diagnosticSettingsCategories`;
const categoryReadAction = 'Microsoft.Insights/diagnosticSettingsCategories/read';

/** The categories that a vault's settings may name. Metrics are listed as on Azure, though this server sends none. */
const categories = [
  ...Object.entries(logCategories).map(([name, categoryGroups]) => ({ name, categoryType: 'Logs', categoryGroups })),
  { name: 'AllMetrics', categoryType: 'Metrics', categoryGroups: [] },
] as const;

const listDiagnosticSettingsCategories: ControlOperation = {
  method: 'GET',
  path: categoriesPath,
  action: categoryReadAction,
  audit: 'DiagnosticSettingsCategoryList',
  async run(call) {
    const { vault } = await readVaultOf(call);
    return answer(200, { value: categories.map((category) => categoryResource(vault, category)) });
  },
};

const getDiagnosticSettingsCategory: ControlOperation = {
  method: 'GET',
  path: `${categoriesPath}/:category`,
  action: categoryReadAction,
  audit: 'DiagnosticSettingsCategoryGet',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const name = call.params['category'] ?? '';
    const category = categories.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (category !== undefined) return answer(200, categoryResource(vault, category));
    const type = `Microsoft.KeyVault/vaults/${vault.name}/providers/Microsoft.Insights/diagnosticSettingsCategories`;
    return resourceNotFound(type, name, placeOf(call));
  },
};

function categoryResource(vault: VaultRecord, { name, categoryType, categoryGroups }: (typeof categories)[number]) {
  return {
    id: `${vaultId(vault)}/providers/microsoft.insights/diagnosticSettingsCategories/${name}`,
    type: 'microsoft.insights/diagnosticSettingsCategories',
    name,
    location: null,
    kind: null,
    tags: null,
    properties: { categoryType, categoryGroups },
    identity: null,
  };
}

/** No retention, as in every setting since Azure left retention to the storage account's own rules. */
const retentionPolicy = { enabled: false, days: 0 };

/** A setting as Azure returns it: absent members are `null`. */
function settingResource({ resourceId, name, properties }: DiagnosticSettingRecord) {
  return {
    id: `${resourceId}/providers/microsoft.insights/diagnosticSettings/${name}`,
    type: 'Microsoft.Insights/diagnosticSettings',
    name,
    location: null,
    kind: null,
    tags: null,
    properties: {
      storageAccountId: properties.storageAccountId ?? null,
      ...(properties.marketplacePartnerId !== undefined && { marketplacePartnerId: properties.marketplacePartnerId }),
      serviceBusRuleId: null,
      workspaceId: null,
      eventHubAuthorizationRuleId: null,
      eventHubName: null,
      metrics: properties.metrics.map((metric: MetricSetting) => ({ ...metric, timeGrain: null, retentionPolicy })),
      logs: properties.logs.map(({ category = null, categoryGroup = null, enabled }: NullableLog) => ({
        category,
        categoryGroup,
        enabled,
        retentionPolicy,
      })),
      logAnalyticsDestinationType: null,
    },
    identity: null,
  };
}

type NullableLog = { readonly [Name in keyof LogSetting]: LogSetting[Name] | null };

/** Every setting of a vault: at most five. */
async function settingsOf(call: ControlCall, vault: VaultRecord): Promise<readonly Stored<DiagnosticSettingRecord>[]> {
  return listRecords(call.store, { prefix: diagnosticSettingKey(vaultId(vault)), limit: 100 });
}

/** The setting of the path; `undefined` if the vault does not have it. */
async function findSetting({ store, params: { setting = '' } }: ControlCall, vault: VaultRecord) {
  const [record] = await readRecords(store, { get: [diagnosticSettingKey(vaultId(vault), setting.slice(0, 128))] });
  return record;
}

const getDiagnosticSetting: ControlOperation = {
  method: 'GET',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/read',
  audit: 'DiagnosticSettingGet',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const record = await findSetting(call, vault);
    if (record !== undefined) return answer(200, settingResource(record.value));
    const type = `Microsoft.KeyVault/vaults/${vault.name}/providers/Microsoft.Insights/diagnosticSettings`;
    return resourceNotFound(type, call.params['setting'] ?? '', placeOf(call));
  },
};

const listDiagnosticSettings: ControlOperation = {
  method: 'GET',
  path: settingsPath,
  action: 'Microsoft.Insights/diagnosticSettings/read',
  audit: 'DiagnosticSettingList',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const records = await settingsOf(call, vault);
    return answer(200, { value: records.map((record) => settingResource(record.value)) });
  },
};

/** PUT of a diagnostic setting: 200 also for a new one, as on Azure; az accepts only that. */
const createOrUpdateDiagnosticSetting: ControlOperation = {
  method: 'PUT',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/write',
  audit: 'DiagnosticSettingPut',
  async run(call, { collectors }) {
    const { record, vault } = await readVaultOf(call);
    const name = call.params['setting'] ?? '';
    if (!isDiagnosticSettingName(name)) {
      const rule = '1 to 128 letters, digits, underscores, hyphens, full stops, brackets and spaces';
      return badRequest(`The diagnostic setting name '${name}' is invalid: ${rule}.`);
    }
    const properties = orRefuse(readDiagnosticSetting(call.body['properties']));
    const collector = collectorOf(properties);
    if (collector !== undefined && !collectors.includes(collector)) {
      const named = `properties.marketplacePartnerId names the collector '${collector}'`;
      const message = `${named}, which the server's configuration does not have: add it to audit.otlp.`;
      return badRequest(message);
    }
    const resourceId = vaultId(vault);
    const setting: DiagnosticSettingRecord = { resourceId, name, properties };
    const key = diagnosticSettingKey(resourceId, name);
    const stored = await settingsOf(call, vault);
    const others = stored.filter((other) => other.key !== key);
    orRefuse(
      checkDiagnosticSetting(
        setting,
        others.map(({ value }) => value),
      ),
    );
    const before = stored.find((other) => other.key === key);
    const require = [
      { key: record.key, version: record.version },
      { key, version: before?.version ?? null },
      ...others.map((other) => ({ key: other.key, version: other.version })),
    ];
    return { ...answer(200, settingResource(setting)), change: { require, put: [recordPut(key, setting)] } };
  },
};

/** DELETE of a diagnostic setting; 204 if it does not exist. */
const deleteDiagnosticSetting: ControlOperation = {
  method: 'DELETE',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/delete',
  audit: 'DiagnosticSettingDelete',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const record = await findSetting(call, vault);
    if (record === undefined) return answer(204);
    const { key, version } = record;
    return { ...answer(200), change: { require: [{ key, version }], delete: [key] } };
  },
};

/** Every operation of Microsoft.Insights. */
export const insightsOperations: readonly ControlOperation[] = [
  createOrUpdateDiagnosticSetting,
  getDiagnosticSetting,
  listDiagnosticSettings,
  deleteDiagnosticSetting,
  listDiagnosticSettingsCategories,
  getDiagnosticSettingsCategory,
];
