import { TLSSocket } from 'node:tls';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditRecord } from '../audit/event.ts';
import type { Caller } from '../types/caller.ts';
import type { GraphOperation, Target } from './operation.ts';
import type { GraphRequest } from './pipeline.ts';

/** Who asks for which change of which directory. */
export interface ChangeAsked {
  readonly operation: Extract<GraphOperation, { access: 'write' }>;
  readonly caller: Caller;
  readonly tenantId: string;
}

interface Outcome {
  readonly status: number;
  /** The error's message, on failure. */
  readonly message?: string;
  /** What was changed. */
  readonly targets: readonly Target[];
  /** Empty where it was not read. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

/** The record of a change of the directory, or of its refusal. Of what was sent it has the members' names, and no value. */
export function recordOf(
  { raw, url, headers, names, source, requestId }: GraphRequest,
  { operation, caller, tenantId }: ChangeAsked,
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
    requestUri: `${names.resourceManager}${url}`,
    userAgent: headers['user-agent'],
    tlsVersion: raw.socket instanceof TLSSocket ? (raw.socket.getProtocol() ?? undefined) : undefined,
    properties: {
      category,
      result: message === undefined ? 'success' : 'failure',
      targetResources: targets.map((target, index) => ({ ...(index === 0 && { type }), ...target })),
      ...(named.length > 0 && { modifiedProperties: named.map((displayName) => ({ displayName })) }),
    },
  });
}
