import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { AuditRecord } from '../audit/record.ts';
import { hostOf } from '../http/host.ts';
import type { Caller } from '../types/caller.ts';
import type { GraphOperation, Target } from './operation.ts';
import type { GraphWorld } from './world.ts';

/** A request to change the directory. */
export interface ChangeAsked {
  readonly request: FastifyRequest;
  readonly operation: Extract<GraphOperation, { access: 'write' }>;
  readonly caller: Caller;
}

interface Outcome {
  readonly status: number;
  /** The error's message, on failure. */
  readonly message?: string;
  /** What was changed. */
  readonly targets: readonly Target[];
  /** Empty where it was not read. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/** The record of a change of the directory, or of its refusal. Of what was sent it has the members' names, and no value. */
export function recordOf(
  { request, operation, caller }: ChangeAsked,
  { status, message, targets, body, requestId }: Outcome,
  world: GraphWorld,
): AuditRecord {
  const { operationName, category, type } = operation.activity(body);
  const { raw } = request;
  const named = Object.keys(body).filter((name) => /^[A-Za-z]{1,64}$/.test(name));
  return auditRecord({
    at: world.now(),
    durationMs: 0,
    category: 'AuditLogs',
    operationName,
    apiVersion: 'v1.0',
    resourceId: directoryId(world.tenantId),
    status,
    message,
    source: world.sourceOf(raw.socket),
    caller,
    correlationId: requestId,
    requestUri: `${hostOf(raw).names.resourceManager}${request.url}`,
    userAgent: request.headers['user-agent'],
    tlsVersion: raw.socket instanceof TLSSocket ? (raw.socket.getProtocol() ?? undefined) : undefined,
    properties: {
      category,
      result: message === undefined ? 'success' : 'failure',
      targetResources: targets.map((target, index) => ({ ...(index === 0 && { type }), ...target })),
      ...(named.length > 0 && { modifiedProperties: named.map((displayName) => ({ displayName })) }),
    },
  });
}
