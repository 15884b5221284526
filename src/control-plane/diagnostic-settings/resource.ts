import { diagnosticSettingKey, vaultId } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import type { StoredRecord } from '../../store/store.ts';
import type { DiagnosticSettingRecord, LogSetting, MetricSetting } from '../../types/diagnostic-setting.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { ControlCall } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { placeOf } from '../resource-groups/resource.ts';
import { vaultPath } from '../vaults/resource.ts';

/** An extension of a resource; only vaults have logs here. */
export const insightsPath = `${vaultPath}/providers/Microsoft.Insights`;
export const settingsPath = `${insightsPath}/diagnosticSettings`;
export const settingPath = `${settingsPath}/:setting`;

/** No retention, as every setting has it since Azure left it to the storage account's own rules. */
const retentionPolicy = { enabled: false, days: 0 };

/** A setting as Azure gives it back: what it does not have is `null`. */
export function settingResource({ resourceId, name, properties }: DiagnosticSettingRecord) {
  return {
    id: `${resourceId}/providers/microsoft.insights/diagnosticSettings/${name}`,
    type: 'Microsoft.Insights/diagnosticSettings',
    name,
    location: null,
    kind: null,
    tags: null,
    properties: {
      storageAccountId: properties.storageAccountId,
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
export async function settingsOf(call: ControlCall, vault: VaultRecord): Promise<readonly StoredRecord[]> {
  return call.store.list({ prefix: diagnosticSettingKey(vaultId(vault)), limit: 100 });
}

export async function readSetting(call: ControlCall, vault: VaultRecord) {
  const name = call.params['setting'] ?? '';
  const [record] = await call.store.read({ get: [diagnosticSettingKey(vaultId(vault), name.slice(0, 128))] });
  if (record !== undefined) return { ok: true, record, setting: decode<DiagnosticSettingRecord>(record) } as const;
  const { resourceGroup } = placeOf(call);
  const type = `Microsoft.KeyVault/vaults/${vault.name}/providers/Microsoft.Insights/diagnosticSettings`;
  return refuse({ kind: 'resourceNotFound', type, name, resourceGroup });
}
