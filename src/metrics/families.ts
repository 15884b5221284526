/** A metric family: every time series of one name (Prometheus, "Metric types"). */
interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One line, as `# HELP` shows it. */
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * Every metric, in the order of the exposition. A label's values come from a closed list or from the operator, never from a
 * request: a stranger cannot make time series, and no vault or secret is named.
 */
export const families = {
  postern_build_info: { type: 'gauge', help: 'Always 1: the release and its Node.', labels: ['version', 'node'] },
  postern_check_ok: {
    type: 'gauge',
    help: 'Whether a check of /readyz holds: 1 or 0. The server is ready if all do.',
    labels: ['check'],
  },
  postern_warning: {
    type: 'gauge',
    help: 'How many things a warning of /readyz is about, by its name. 0: there is no such warning.',
    labels: ['warning'],
  },
  postern_worker_restarts_total: {
    type: 'counter',
    help: 'How often a worker was replaced since the server was started: it died, did not answer, or a SIGHUP came.',
    labels: [],
  },
  postern_requests_total: {
    type: 'counter',
    help: 'Requests that are over, by the operation and the status; status "aborted": the client went away before its answer.',
    labels: ['edge', 'operation', 'status'],
  },
  postern_request_duration_seconds: {
    type: 'histogram',
    help: 'From the end of the header of a request to the end of its answer.',
    labels: ['edge', 'operation'],
  },
  postern_requests_in_flight: { type: 'gauge', help: 'Requests that are not answered yet.', labels: [] },
  postern_firewall_verdicts_total: {
    type: 'counter',
    help: "The verdicts of the vaults' firewalls on requests that are over, and why.",
    labels: ['verdict', 'because'],
  },
  postern_connections: { type: 'gauge', help: 'Open connections, by the kind of listener.', labels: ['listener'] },
  postern_connections_max: {
    type: 'gauge',
    help: 'How many connections one listener may have.',
    labels: [],
  },
  postern_store_transactions_total: {
    type: 'counter',
    help: 'Transactions of the store by their result; a conflict is decided again.',
    labels: ['result'],
  },
  postern_store_transactions_in_flight: {
    type: 'gauge',
    help: 'Transactions that wait for the thread that writes, or for the disk.',
    labels: [],
  },
  postern_store_size_bytes: {
    type: 'gauge',
    help: 'The size of the database and of its write-ahead log.',
    labels: ['file'],
  },
  postern_store_reachable: {
    type: 'gauge',
    help: 'Whether the database of --store answers, and has proved that it is the primary: 1 or 0.',
    labels: [],
  },
  postern_store_fault: {
    type: 'gauge',
    help: 'Whether the server must not be asked although the database of --store answers: 1 or 0, by why.',
    labels: ['fault'],
  },
  postern_store_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'How long ago the last heartbeat began that the database of --store acknowledged.',
    labels: [],
  },
  postern_store_clock_ahead_seconds: {
    type: 'gauge',
    help: 'The clock of this machine minus that of the database of --store.',
    labels: [],
  },
  postern_store_changes_behind_seconds: {
    type: 'gauge',
    help: 'How long ago this server knew of every change of the other nodes, or could not reach the database of --store.',
    labels: [],
  },
  postern_audit_records_total: {
    type: 'counter',
    help: 'Lines of the audit log: of reads that were answered, and all others.',
    labels: ['kind'],
  },
  postern_audit_written_bytes_total: { type: 'counter', help: 'Bytes written to the audit log.', labels: [] },
  postern_sink_records_total: {
    type: 'counter',
    help: 'Records that were delivered to a sink since it was added.',
    labels: ['sink'],
  },
  postern_sink_backlog_bytes: {
    type: 'gauge',
    help: 'Bytes of the audit log that a sink has not passed.',
    labels: ['sink'],
  },
  postern_sink_gaps_total: {
    type: 'counter',
    help: 'Gaps in the delivery to a sink since it was added.',
    labels: ['sink'],
  },
  postern_sink_failing: {
    type: 'gauge',
    help: 'Whether the last delivery to a sink failed: 1 or 0.',
    labels: ['sink'],
  },
  postern_key_tasks: {
    type: 'gauge',
    help: 'Tasks of the key threads that are not done; "generate" are RSA keys that are made or proved.',
    labels: ['queue'],
  },
  postern_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When a certificate expires, in seconds since 1970.',
    labels: ['certificate'],
  },
  postern_data_free_bytes: { type: 'gauge', help: 'Room on the disk of the data folder.', labels: [] },
  postern_data_size_bytes: { type: 'gauge', help: 'The size of the disk of the data folder.', labels: [] },
  postern_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late the event loop was at most in the last minute, by percentile.',
    labels: ['percentile'],
  },
  postern_event_loop_active_seconds_total: {
    type: 'counter',
    help: 'For how long the event loop has worked; its rate is the share of a processor that the main thread uses.',
    labels: [],
  },
  process_cpu_seconds_total: { type: 'counter', help: 'Processor time of the worker, with all threads.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the worker.', labels: [] },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors of the worker.', labels: [] },
  process_max_fds: { type: 'gauge', help: 'How many file descriptors the worker may have.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'When the worker started, in seconds since 1970.', labels: [] },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof families;

type LabelsOf<Name extends FamilyName> = Readonly<Record<(typeof families)[Name]['labels'][number], string>>;

/** A value of a counter or gauge, or a histogram. */
export interface Sample<Labels> {
  readonly labels: Labels;
  readonly value: number | HistogramValue;
}

export interface HistogramValue {
  /** See `Histogram`. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

/** The samples of each family. A family that is empty has no lines. */
export type Samples = { readonly [Name in FamilyName]: readonly Sample<LabelsOf<Name>>[] };
