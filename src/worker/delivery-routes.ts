import { randomUUID } from 'node:crypto';
import { auditRecord } from '../audit/record.ts';
import type { AuditRecord } from '../audit/event.ts';
import type { FromDelivery, ResourceRoute, SinkName } from '../delivery/messages.ts';
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

type Gap = Extract<FromDelivery, { readonly kind: 'gap' }>;

/**
 * The records of a gap, one for each resource: as records of that resource they go to its sinks, behind the gap. 507 says
 * that there was no room for more; no request had that answer.
 */
export function gapRecords({ sink, resources, gap }: Gap, at: number): readonly AuditRecord[] {
  const { fromTime, toTime, bytes, refused } = gap;
  const span = `between ${fromTime || 'the first'} and ${toTime || 'now'}`;
  const message =
    refused === undefined
      ? `Records ${span} were not delivered to ${sink}: the log does not have them any more.`
      : `${refused} records ${span} were not delivered to ${sink}: it refused them for good.`;
  return resources.map((resourceId) =>
    auditRecord({
      at,
      durationMs: 0,
      operationName: 'AuditDeliveryGap',
      apiVersion: '',
      resourceId,
      status: refused === undefined ? 507 : 400,
      message,
      correlationId: randomUUID(),
      requestUri: undefined,
      properties: {
        sink,
        fromTime,
        toTime,
        ...(bytes !== undefined && { bytes }),
        ...(refused !== undefined && { refused }),
      },
    }),
  );
}
