import type { Samples } from '../../src/metrics/families.ts';
import { families } from '../../src/metrics/families.ts';
import type { Vitals } from '../../src/metrics/vitals.ts';

/** The vitals of a server with which all is well, at noon of a day. */
export function quietVitals(others: Partial<Vitals>): Vitals {
  const nowMs = Date.parse('2026-11-27T12:00:00Z');
  const dayMs = 86_400_000;
  return {
    nowMs,
    startedMs: nowMs - 1_000,
    version: '1.2.3',
    node: 'v26.0.0',
    checks: [{ name: 'store', ok: true }],
    workerRestarts: 0,
    requestsInFlight: 0,
    connections: [{ listener: 'public', open: 1 }],
    connectionsMax: 100,
    store: { counts: { committed: 1, conflict: 0, failed: 0 }, inFlight: 0, databaseBytes: 4_096, logBytes: 0 },
    audit: { records: { reads: 0, others: 0 }, bytes: 0 },
    sinks: [],
    undeliveredMaxBytes: 1_000,
    keyTasks: { operations: 0, generate: 0 },
    certificates: [{ name: 'server', notBeforeMs: nowMs, notAfterMs: nowMs + 365 * dayMs, renewsItself: true }],
    disk: { freeBytes: 50_000, totalBytes: 100_000 },
    descriptors: { open: 30, most: 1_024 },
    eventLoop: { delays: { '50': 0 }, activeSeconds: 1 },
    process: { cpuSeconds: 1, residentBytes: 1 },
    ...others,
  };
}

/** Every family, without a sample. */
export function quiet(): Samples {
  return Object.fromEntries(Object.keys(families).map((name) => [name, []])) as unknown as Samples;
}
