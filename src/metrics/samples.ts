import type { Samples } from './families.ts';
import type { SinkReport, Vitals } from './vitals.ts';
import { warningNames } from './warnings.ts';
import type { Warning } from './warnings.ts';

/**
 * How many sinks have time series of their own. Diagnostic settings name storage accounts, so whoever may write settings
 * decides how many there are; the rest are one.
 */
const sinksMax = 50;

type OfRequests = 'postern_requests_total' | 'postern_request_duration_seconds' | 'postern_firewall_verdicts_total';

/** The samples of everything but the requests that are over. */
export function samplesOf(vitals: Vitals, warnings: readonly Warning[]): Omit<Samples, OfRequests> {
  return { ...ofServer(vitals, warnings), ...ofRecords(vitals), ...ofProcess(vitals) };
}

function ofServer(vitals: Vitals, warnings: readonly Warning[]) {
  const { version, node, checks, workerRestarts, requestsInFlight, connections, connectionsMax, certificates } = vitals;
  return {
    postern_build_info: [{ labels: { version, node }, value: 1 }],
    postern_check_ok: checks.map(({ name, ok }) => ({ labels: { check: name }, value: Number(ok) })),
    postern_warning: warningNames.map((name) => ({
      labels: { warning: name },
      value: warnings.filter((warning) => warning.name === name).length,
    })),
    postern_worker_restarts_total: only(workerRestarts),
    postern_requests_in_flight: only(requestsInFlight),
    postern_connections: [...summed(connections.map(({ listener, open }) => [listener, open] as const))].map(
      ([listener, value]) => ({ labels: { listener }, value }),
    ),
    postern_connections_max: only(connectionsMax),
    postern_certificate_expiry_timestamp_seconds: certificates.map(({ name, notAfterMs }) => ({
      labels: { certificate: name },
      value: notAfterMs / 1000,
    })),
  };
}

function ofRecords({ store, audit, sinks, keyTasks }: Vitals) {
  const { counts, inFlight, databaseBytes, logBytes, database } = store;
  const bySink = (valueOf: (sink: SinkReport) => number) =>
    [...summed(sinks.map((sink, index) => [index < sinksMax ? sink.name : 'others', valueOf(sink)] as const))].map(
      ([sink, value]) => ({ labels: { sink }, value }),
    );
  return {
    postern_store_transactions_total: Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
    postern_store_transactions_in_flight: only(inFlight),
    postern_store_size_bytes:
      database === undefined
        ? [
            { labels: { file: 'database' }, value: databaseBytes },
            { labels: { file: 'log' }, value: logBytes },
          ]
        : [],
    postern_store_reachable: database === undefined ? [] : only(Number(database.reachable)),
    postern_store_fault: Object.entries(database?.faults ?? {}).map(([fault, why]) => ({
      labels: { fault },
      value: Number(why !== undefined),
    })),
    postern_store_heartbeat_age_seconds: secondsOf(database?.heartbeatAgeMs),
    postern_store_clock_ahead_seconds: secondsOf(database?.clockAheadMs),
    postern_store_changes_behind_seconds: secondsOf(database?.changesBehindMs),
    postern_audit_records_total: Object.entries(audit.records).map(([kind, value]) => ({ labels: { kind }, value })),
    postern_audit_written_bytes_total: only(audit.bytes),
    postern_sink_records_total: bySink(({ records }) => records),
    postern_sink_backlog_bytes: bySink(({ backlogBytes }) => backlogBytes),
    postern_sink_gaps_total: bySink(({ gaps }) => gaps),
    postern_sink_failing: bySink(({ failure }) => Number(failure !== undefined)),
    postern_key_tasks: Object.entries(keyTasks).map(([queue, value]) => ({ labels: { queue }, value })),
  };
}

function ofProcess({ disk, descriptors, eventLoop, process, startedMs }: Vitals) {
  return {
    postern_data_free_bytes: disk === undefined ? [] : only(disk.freeBytes),
    postern_data_size_bytes: disk === undefined ? [] : only(disk.totalBytes),
    postern_event_loop_delay_seconds: Object.entries(eventLoop.delays).map(([percentile, value]) => ({
      labels: { percentile },
      value,
    })),
    postern_event_loop_active_seconds_total: only(eventLoop.activeSeconds),
    process_cpu_seconds_total: only(process.cpuSeconds),
    process_resident_memory_bytes: only(process.residentBytes),
    process_open_fds: descriptors === undefined ? [] : only(descriptors.open),
    process_max_fds: descriptors === undefined ? [] : only(descriptors.most),
    process_start_time_seconds: only(startedMs / 1000),
  };
}

/** Nothing for what is not known. */
function secondsOf(ms: number | undefined) {
  return ms === undefined ? [] : only(ms / 1000);
}

function only(value: number) {
  return [{ labels: {}, value }];
}

function summed(entries: readonly (readonly [name: string, value: number])[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, value] of entries) sums.set(name, (sums.get(name) ?? 0) + value);
  return sums;
}
