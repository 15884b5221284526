import { createHash } from 'node:crypto';
import { diag, DiagLogLevel, SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { Destination, Shipment } from './destination.ts';
import { DeliveryFailed, noAnswerReason } from './failed.ts';
import type { LogLine } from './line-head.ts';
import type { OtlpEndpoint } from './messages.ts';

/** Some hundred records. */
const partBytesMax = 256 << 10;

/** The exporter itself tries again for so long, as long as the collector asks it to. */
const answerMsDefault = 10_000;

/** So many records are tried alone before a collector that refuses all of them counts as failing. */
const aloneMax = 16;

/** Statuses by which a collector refuses these records, and would again (OTLP 1.x, "Failures"). */
const refusals: ReadonlySet<unknown> = new Set([400, 413, 422]);

const resource = resourceFromAttributes({ 'service.name': 'postern' });
const instrumentationScope = { name: 'postern.audit' };

/** A collector's partial successes are said so often. */
const sayAgainMs = 3_600_000;

interface OtlpParts {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
  readonly answerMs?: number;
}

interface Tally {
  accepted: number;
  /** Those that were refused in an answer that took the others. */
  rejected: number;
  /** One error for each record that was refused alone. */
  readonly refused: Error[];
}

/**
 * A collector of logs by OTLP over HTTP, with OpenTelemetry's own exporter. OTLP has no condition by which a collector could
 * tell a repetition: delivery is at least once, and each record has the same `log.record.uid` each time.
 */
export class Otlp implements Destination {
  readonly target: string;
  readonly partBytesMax = partBytesMax;
  readonly #name: string;
  readonly #exporter: OTLPLogExporter;
  readonly #nowMs: () => number;
  readonly #notice: (message: string) => void;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor({ name, endpoint, headers }: OtlpEndpoint, { nowMs, notice, answerMs = answerMsDefault }: OtlpParts) {
    hearPartialSuccess();
    this.#name = name;
    this.#notice = notice;
    this.target = new URL(endpoint).host;
    const fields = Object.fromEntries(headers.map((header) => [header.name, header.value]));
    this.#exporter = new OTLPLogExporter({ url: endpoint, headers: fields, timeoutMillis: answerMs });
    this.#nowMs = nowMs;
  }

  async deliver({ fileHead, records }: Shipment): Promise<{ readonly refused: number }> {
    const logs = records.map((record) => logRecord(record, fileHead, this.#nowMs()));
    const tally: Tally = { accepted: 0, rejected: 0, refused: [] };
    await this.#send(logs, tally);
    this.#assertUseful(tally);
    if (tally.rejected > 0) this.#sayRejected(tally.rejected, logs.length);
    // Otherwise the record of a gap that is refused would make the next one, for ever.
    const rejected = logs.every(isOfGap) ? 0 : tally.rejected;
    return { refused: rejected + tally.refused.length };
  }

  /** Sends all; where they are refused, the halves, until it is known which records are refused alone. */
  async #send(logs: readonly ReadableLogRecord[], tally: Tally): Promise<void> {
    const { error, rejected } = await this.#export(logs);
    if (error === undefined) {
      tally.accepted += logs.length - rejected;
      tally.rejected += rejected;
    } else if (!refusals.has(statusOf(error))) throw failure(this.target, error);
    else if (logs.length === 1) {
      tally.refused.push(error);
      if (tally.refused.length >= aloneMax) this.#assertUseful(tally);
    } else {
      const middle = Math.ceil(logs.length / 2);
      await this.#send(logs.slice(0, middle), tally);
      await this.#send(logs.slice(middle), tally);
    }
  }

  /** A server that refuses everything may not be a collector: nothing is given up for it. */
  #assertUseful({ accepted, refused: [error] }: Tally): void {
    if (accepted === 0 && error !== undefined) throw failure(this.target, error);
  }

  /** Says how many, but not why: the reason is in the collector's words, which may hold anything. */
  #sayRejected(rejected: number, all: number): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#saidAtMs < sayAgainMs) return;
    this.#saidAtMs = nowMs;
    this.#notice(
      `The collector ${this.#name} (${this.target}) refused ${rejected} of ${all} audit records, and took the others: see its own log, and the records AuditDeliveryGap.`,
    );
  }

  /** `rejected`: how many records a success is not for. */
  #export(logs: readonly ReadableLogRecord[]): Promise<{ readonly error?: Error; readonly rejected: number }> {
    return new Promise((resolve) => {
      this.#exporter.export([...logs], ({ code, error }) => {
        const rejected = Math.min(takeRejected(), logs.length);
        // `ExportResultCode.SUCCESS` of a package that the exporter has.
        const result: number = code;
        resolve(result === 0 ? { rejected } : { error: error ?? new Error('the export failed'), rejected: 0 });
      });
    });
  }
}

function isOfGap({ attributes }: ReadableLogRecord): boolean {
  return attributes['azure.operation.name'] === 'AuditDeliveryGap';
}

/** Of the answer whose callback comes next. */
let rejectedNow = 0;

function takeRejected(): number {
  const rejected = rejectedNow;
  rejectedNow = 0;
  return rejected;
}

/**
 * A partial success (OTLP 1.x, "Partial Success"), which must not be sent again: the exporter tells it its log only, at once
 * before it calls back.
 */
function hearPartialSuccess(): void {
  const silent = () => {};
  const warn = (what: unknown, json?: unknown) => {
    if (what !== 'Received Partial Success response:' || typeof json !== 'string') return;
    // JSON has an int64 as a string; a collector may send a number.
    const rejected = Number(membersOf(parsed(json))['rejectedLogRecords']);
    rejectedNow = Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  };
  const logger = { error: silent, warn, info: silent, debug: silent, verbose: silent };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

function statusOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

function failure(target: string, error: Error): DeliveryFailed {
  const status = statusOf(error);
  // The message of an answer is the collector's: only its status is shown.
  const found = typeof status === 'number' ? `answered ${status}` : `does not answer (${noAnswerReason(error)})`;
  return new DeliveryFailed(`${target} ${found}. Check the endpoint and the headers in audit.otlp.`);
}

function logRecord({ bytes, time, resourceId, category, offset }: LogLine, head: string, nowMs: number) {
  const record = membersOf(parsed(bytes.toString()));
  const status = Number(membersOf(record['properties'])['httpStatusCode']);
  const digest = createHash('sha256').update(`${head} ${offset} `).update(bytes);
  const optional = {
    'azure.operation.name': record['operationName'],
    'client.address': record['callerIpAddress'],
    'azure.correlation_id': record['correlationId'],
  };
  const isRefused = status >= 400;
  return {
    hrTime: hrTimeOf(Date.parse(time)),
    hrTimeObserved: hrTimeOf(nowMs),
    severityNumber: isRefused ? SeverityNumber.WARN : SeverityNumber.INFO,
    severityText: isRefused ? 'WARN' : 'INFO',
    eventName: category,
    body: bytes.toString(),
    resource,
    instrumentationScope,
    attributes: {
      'log.record.uid': digest.digest('hex').slice(0, 32),
      'cloud.resource_id': resourceId,
      'azure.category': category,
      ...(Number.isInteger(status) && { 'http.response.status_code': status }),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => typeof value === 'string')),
    },
    droppedAttributesCount: 0,
  } satisfies ReadableLogRecord;
}

function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

/** `undefined` for a line that another program wrote and that only begins like a record. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
