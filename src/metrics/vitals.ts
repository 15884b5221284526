/** A certificate that the server shows, or an authority that signs one. */
export interface ServedCertificate {
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether the server renews it by itself; the operator replaces all others. */
  readonly renewsItself: boolean;
}

/** How far the delivery of the audit log to a sink is. */
export interface SinkReport {
  /** `storage/NAME` or `otlp/NAME`. */
  readonly name: string;
  /** Since the sink was added, like `gaps`. */
  readonly records: number;
  readonly gaps: number;
  /** Bytes of the log that it has not passed. */
  readonly backlogBytes: number;
  readonly failure?: { readonly message: string; readonly since: string };
}

/** The way to a database that is not of this server alone. */
export interface DatabaseVitals {
  readonly reachable: boolean;
  /** Why it must not be used although it is reachable, by name: sentences for those that hold. */
  readonly faults: Readonly<Record<string, string | undefined>>;
  /** How long ago the last acknowledged heartbeat began; `undefined`: there was none. */
  readonly heartbeatAgeMs?: number | undefined;
  /** This machine's clock minus that of the database. */
  readonly clockAheadMs?: number | undefined;
  /** How long ago this server knew of every change that other nodes had made, or the database was away. */
  readonly changesBehindMs?: number | undefined;
}

/** The state of a server at one moment, as plain data. */
export interface Vitals {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly version: string;
  readonly node: string;
  /** The checks of `/readyz`. */
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
  readonly workerRestarts: number;
  readonly requestsInFlight: number;
  /** By listener; several of one kind are possible. */
  readonly connections: readonly { readonly listener: string; readonly open: number }[];
  readonly connectionsMax: number;
  readonly store: {
    readonly counts: Readonly<Record<'committed' | 'conflict' | 'failed', number>>;
    readonly inFlight: number;
    readonly databaseBytes: number;
    readonly logBytes: number;
    /** Of a database elsewhere, which has no files here. */
    readonly database?: DatabaseVitals | undefined;
  };
  readonly audit: { readonly records: Readonly<Record<'reads' | 'others', number>>; readonly bytes: number };
  readonly sinks: readonly SinkReport[];
  /** How many bytes of older files the log keeps for a sink that does not take them. */
  readonly undeliveredMaxBytes: number;
  readonly keyTasks: Readonly<Record<'operations' | 'generate', number>>;
  readonly certificates: readonly ServedCertificate[];
  /** `undefined` where the system does not say, like the next one. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  readonly descriptors: { readonly open: number; readonly most: number } | undefined;
  readonly eventLoop: { readonly delays: Readonly<Record<string, number>>; readonly activeSeconds: number };
  readonly process: { readonly cpuSeconds: number; readonly residentBytes: number };
}
