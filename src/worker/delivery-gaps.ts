import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../audit/event.ts';
import { auditRecord } from '../audit/record.ts';
import type { FromDelivery } from '../delivery/messages.ts';

type Gap = Extract<FromDelivery, { readonly kind: 'gap' }>;

/**
 * The records of a gap, one for each resource: as records of that resource they go to its sinks, behind the gap. 507 says
 * that there was no room for more, 400 that the sink refused them; no request had that answer.
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
