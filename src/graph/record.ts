import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditRecord } from '../audit/event.ts';
import { tlsVersionOf } from '../http/connection-tls.ts';
import type { Caller } from '../types/caller.ts';
import type { GraphOperation, Target } from './operation.ts';
import type { GraphRequest } from './pipeline.ts';

/** A change of the directory, and its caller. */
export interface ChangeRequest {
  readonly operation: Extract<GraphOperation, { access: 'write' }>;
  readonly caller: Caller;
  readonly tenantId: string;
}

interface Outcome {
  readonly status: number;
  /** The error's message, on failure. */
  readonly message?: string;
  /** The changed objects. */
  readonly targets: readonly Target[];
  /** Empty if it was not read. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

/** The audit record of a change of the directory, or of its refusal. It has the names of the members sent, but no values. */
export function recordOf(
  { raw, url, headers, names, source, requestId }: GraphRequest,
  { operation, caller, tenantId }: ChangeRequest,
  { status, message, targets, body, nowMs }: Outcome,
): AuditRecord {
  const { operationName, category, type } = operation.activity(body);
  const named = Object.keys(body).filter((name) => /^[A-Za-z]{1,64}$/.test(name));
  return auditRecord({
    at: nowMs,
    durationMs: 0,
    category: 'AuditLogs',
    operationName,
    apiVersion: 'v1.0',
    resourceId: directoryId(tenantId),
    status,
    message,
    source,
    caller,
    correlationId: requestId,
    requestUri: `${names.graph}${url}`,
    userAgent: headers['user-agent'],
    tlsVersion: tlsVersionOf(raw.socket),
    properties: {
      category,
      result: message === undefined ? 'success' : 'failure',
      targetResources: targets.map((target, index) => ({ ...(index === 0 && { type }), ...target })),
      ...(named.length > 0 && { modifiedProperties: named.map((displayName) => ({ displayName })) }),
    },
  });
}
