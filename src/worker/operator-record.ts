import { randomUUID } from 'node:crypto';
import { activityRecord } from '../audit/activity.ts';
import type { ActivityRecord } from '../audit/activity.ts';
import type { Identity } from '../setup/identity.ts';

interface OperatorEvent {
  /** Like `Postern.Server/backups/write`. */
  readonly action: string;
  readonly atMs: number;
  readonly identity: Pick<Identity, 'tenantId' | 'subscriptionId'>;
  /** Whether the work continues after the record. */
  readonly accepted: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The record of an operator's command about the whole server: it came with no token, and with no request over HTTP. */
export function operatorRecord({ action, atMs, identity, accepted, properties }: OperatorEvent): ActivityRecord {
  const { tenantId, subscriptionId } = identity;
  return activityRecord({
    at: atMs,
    durationMs: 0,
    action,
    apiVersion: '',
    resourceId: `/subscriptions/${subscriptionId}`,
    tenantId,
    subscriptionId,
    accepted,
    status: 200,
    correlationId: randomUUID(),
    requestUri: undefined,
    properties,
  });
}
