import type { ResourceRoute, SinkName } from '../delivery/messages.ts';
import { collectorOf, exportsAuditEvents, storageAccountOf } from '../resources/diagnostic-settings.ts';
import { diagnosticSettingKey, diagnosticSettingsPrefix } from '../resources/keys.ts';
import { listRecords } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { DiagnosticSettingProperties } from '../types/diagnostic-setting.ts';

const pageSize = 1000;

/** Where the records of each resource with a diagnostic setting go. */
export async function allRoutes(store: Pick<Store, 'list'>): Promise<readonly ResourceRoute[]> {
  const routes = new Map<string, Set<SinkName>>();
  let after: string | undefined;
  do {
    const page = await listRecords(store, { prefix: diagnosticSettingsPrefix, after, limit: pageSize });
    for (const { value } of page) {
      const id = value.resourceId.toUpperCase();
      const sinks = routes.get(id) ?? new Set();
      for (const sink of sinksOf(value.properties)) sinks.add(sink);
      routes.set(id, sinks);
    }
    after = page.length < pageSize ? undefined : page.at(-1)?.key;
  } while (after !== undefined);
  return [...routes].map(([resourceId, sinks]) => ({ resourceId, sinks: [...sinks] }));
}

/** Where the records of a resource go now; `resourceId` in upper case. */
export async function routeOf(store: Pick<Store, 'list'>, resourceId: string): Promise<ResourceRoute> {
  const records = await listRecords(store, { prefix: diagnosticSettingKey(resourceId), limit: 100 });
  return { resourceId, sinks: [...new Set(records.flatMap(({ value }) => sinksOf(value.properties)))] };
}

function sinksOf(properties: DiagnosticSettingProperties): readonly SinkName[] {
  if (!exportsAuditEvents(properties)) return [];
  const [account, collector] = [storageAccountOf(properties), collectorOf(properties)];
  return [
    ...(account === undefined ? [] : [`storage/${account}`]),
    ...(collector === undefined ? [] : [`otlp/${collector}`]),
  ];
}
