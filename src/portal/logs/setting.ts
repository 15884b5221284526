export const insightsApiVersion = 'api-version=2021-05-01-preview';

/** A diagnostic setting, as the resource manager answers it. */
export interface DiagnosticSetting {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly storageAccountId: string | null;
    readonly marketplacePartnerId?: string;
    readonly logs: readonly {
      readonly category: string | null;
      readonly categoryGroup: string | null;
      readonly enabled: boolean;
    }[];
  };
}

/** The command that makes a setting for a vault, by ids, which need no resource group beside them. */
export function createLine(vaultId: string): string {
  const group = vaultId.split('/').slice(0, 5).join('/');
  const logs = '[{"categoryGroup":"audit","enabled":true}]';
  return (
    `az monitor diagnostic-settings create --name copy --resource ${vaultId} ` +
    `--storage-account ${group}/providers/Microsoft.Storage/storageAccounts/NAME --logs '${logs}'`
  );
}

/** `the storage account logs`, `the collector grafana`. */
export function sinksOf({ properties: { storageAccountId, marketplacePartnerId } }: DiagnosticSetting): string {
  const sinks = [
    storageAccountId !== null && `storage account ${lastOf(storageAccountId)}`,
    marketplacePartnerId !== undefined && `collector ${lastOf(marketplacePartnerId)}`,
  ];
  return sinks.filter((sink) => sink !== false).join(', ');
}

/** The categories that are sent: `AuditEvent`, `allLogs`. */
export function contentsOf({ properties: { logs } }: DiagnosticSetting): string {
  const enabled = logs
    .filter((log) => log.enabled)
    .map(({ category, categoryGroup }) => category ?? categoryGroup ?? '');
  return enabled.length === 0 ? 'nothing' : enabled.join(', ');
}

function lastOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** The `properties` of a new setting: a storage account by its id, or a collector by the name in the server's configuration. */
export function newSetting(
  {
    storageAccountId,
    collector,
    group,
  }: { readonly storageAccountId: string; readonly collector: string; readonly group: string },
  resourceGroupId: string,
): object {
  return {
    ...(storageAccountId !== '' && { storageAccountId }),
    ...(collector !== '' && {
      marketplacePartnerId: `${resourceGroupId}/providers/Postern.Delivery/collectors/${encodeURIComponent(collector)}`,
    }),
    logs: [{ categoryGroup: group, enabled: true }],
  };
}

/** JSON lines, the oldest first. */
export function jsonLines(entries: readonly unknown[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}
