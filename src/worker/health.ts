import type { Logger } from 'pino';
import { openHealthListener } from '../health/listener.ts';
import type { HealthAnswer } from '../health/listener.ts';
import { readiness } from '../health/readiness.ts';
import type { Readiness, ReadinessState } from '../health/readiness.ts';
import { exposition, expositionType } from '../metrics/exposition.ts';
import { samplesOf } from '../metrics/samples.ts';
import type { Vitals } from '../metrics/vitals.ts';
import { changeOf, warningsOf } from '../metrics/warnings.ts';
import type { Warning } from '../metrics/warnings.ts';
import type { Settings } from '../settings/settings.ts';
import { isLoopback } from '../settings/values.ts';
import type { HealthListener } from '../types/supervision.ts';
import type { AddedListener } from './listeners.ts';
import { ProcessMeter } from './process-vitals.ts';
import type { Server } from './server.ts';
import { release } from './upgrade.ts';

type Watched = Pick<Server, 'checks' | 'requests' | 'vitals'>;

interface Begun {
  readonly settings: Settings;
  /** The data folder, as this process opens it. */
  readonly folder: string;
  readonly workerRestarts: number;
}

interface Looked {
  readonly vitals: Vitals;
  readonly warnings: readonly Warning[];
  /** The metrics, as they are sent. */
  readonly exposed: string;
}

/** How old the figures of an answer may be. */
const freshMs = 100;
/** The interval in which warnings are looked for by themselves. */
const lookEveryMs = 30_000;
const undeliveredMaxBytesDefault = 1024 * 1024 * 1024;

/**
 * The answers of this process about itself. It begins before the server does and ends after it, so that a probe is answered while
 * a large database is opened and while the last requests are finished.
 */
export class Health {
  readonly #log: Logger;
  readonly #begun = Promise.withResolvers<Begun>();
  readonly #now: () => number;
  readonly #startedMs: number;
  #phase: ReadinessState['phase'] = 'starting';
  #server: Watched | undefined;
  #meter: ProcessMeter | undefined;
  #warnings: readonly Warning[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looked: Promise<Looked | undefined> = Promise.resolve(undefined);

  /** @param now milliseconds since 1970 */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#startedMs = now() - performance.now();
  }

  /** Call it when the process has given up root: until then it listens nowhere. */
  begin(begun: Begun): void {
    this.#meter = new ProcessMeter(begun.folder, { watchesLoop: begun.settings.health !== undefined });
    this.#begun.resolve(begun);
  }

  /** Call it when requests are answered. */
  serve(server: Watched): void {
    this.#server = server;
    if (this.#phase !== 'starting') return;
    this.#phase = 'serving';
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    const look = () => void this.#look().catch((error: unknown) => this.#failed(error));
    look();
    setInterval(look, lookEveryMs).unref();
  }

  /** Call it when the server begins to stop. */
  stop(): void {
    this.#phase = 'stopping';
  }

  async listen({ id, address }: HealthListener, handle: object): Promise<AddedListener> {
    const { domain, health } = (await this.#begun.promise).settings;
    if (!isLoopback(address)) {
      this.#log.warn(`the listener ${id} for probes and monitoring is not on loopback: whoever reaches it may ask it`);
    }
    const open = await openHealthListener(handle, {
      names: { domain, hosts: health?.hosts ?? [] },
      answers: { '/healthz': () => live, '/readyz': () => this.#readyz(), '/metrics': () => this.#metrics() },
      logError: (error) => this.#failed(error),
    });
    return { ok: true, close: () => open.close() };
  }

  /** The figures for `postern status`; without most of them if they cannot be read, which must not end the worker. */
  async status(): Promise<object> {
    const { ready, checks } = await this.#readiness();
    const looked = await this.#look().catch((error: unknown) => this.#failed(error));
    const own = { ready, checks, warnings: looked?.warnings ?? [], startedAt: iso(this.#startedMs) };
    return looked === undefined ? own : { ...own, ...shown(looked.vitals) };
  }

  async #readyz(): Promise<HealthAnswer> {
    const { ready, checks } = await this.#readiness();
    const warnings = (await this.#look())?.warnings ?? [];
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks, warnings });
  }

  async #metrics(): Promise<HealthAnswer> {
    const looked = await this.#look();
    if (looked === undefined) {
      return { status: 503, type: 'text/plain; charset=utf-8', body: 'The server is starting.\n' };
    }
    return { status: 200, type: expositionType, body: looked.exposed };
  }

  async #readiness(): Promise<Readiness> {
    const checks = this.#server?.checks;
    const store = await checks?.store();
    return readiness({ phase: this.#phase, store, log: checks?.log() });
  }

  /** Questions soon after each other have one answer: a flood of them must not take the event loop from the vaults. */
  #look(): Promise<Looked | undefined> {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs >= freshMs) {
      this.#lookedAtMs = nowMs;
      this.#looked = this.#lookNow();
    }
    return this.#looked;
  }

  /** Reads the vitals, and says in the log which warnings have begun and which have ended. */
  async #lookNow(): Promise<Looked | undefined> {
    const server = this.#server;
    const vitals = await this.#vitals();
    if (server === undefined || vitals === undefined) return undefined;
    const warnings = warningsOf(vitals, this.#warnings);
    const { begun, ended } = changeOf(this.#warnings, warnings);
    this.#warnings = warnings;
    // Those of certificates that the operator must replace are in the log each day (`Renewals`).
    const isNew = ({ name }: Warning) => name !== 'certificateExpires';
    for (const { name, about, message, remedy } of begun.filter(isNew))
      this.#log.warn({ warning: name, about }, `${message} ${remedy}`);
    for (const { name, about } of ended) this.#log.info({ warning: name, about }, 'a warning is over');
    const samples = { ...samplesOf(vitals, warnings), ...server.requests.samples() };
    return { vitals, warnings, exposed: exposition(samples) };
  }

  async #vitals(): Promise<Vitals | undefined> {
    const server = this.#server;
    if (server === undefined || this.#meter === undefined) return undefined;
    const { settings, workerRestarts } = await this.#begun.promise;
    const { checks } = await this.#readiness();
    const { sizes, ...ofProcess } = await this.#meter.read();
    const { store, ...ofServer } = server.vitals();
    return {
      nowMs: this.#now(),
      startedMs: this.#startedMs,
      version: release,
      node: process.version,
      checks,
      workerRestarts,
      undeliveredMaxBytes: settings.audit?.undeliveredMaxBytes ?? undeliveredMaxBytesDefault,
      ...ofServer,
      ...ofProcess,
      store: { ...store, ...sizes },
    };
  }

  #failed(error: unknown): undefined {
    this.#log.error({ err: error }, 'the state of the server could not be read');
  }
}

/** The event loop has come to this: the process lives. */
const live = json(200, { status: 'live' });

function json(status: number, body: object): HealthAnswer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body, undefined, 2)}\n` };
}

function shown({ version, store, audit, sinks, certificates, connections, disk }: Vitals) {
  const { counts, databaseBytes, logBytes, database } = store;
  const { committed, conflict: conflicts, failed } = counts;
  return {
    version,
    store: { ...(database === undefined ? { databaseBytes, logBytes } : { database }), committed, conflicts, failed },
    audit: { records: audit.records.reads + audit.records.others, bytes: audit.bytes },
    sinks,
    certificates: certificates.map(({ name, notBeforeMs, notAfterMs }) => ({
      name,
      notBefore: iso(notBeforeMs),
      notAfter: iso(notAfterMs),
    })),
    connections: connections.reduce((sum, { open }) => sum + open, 0),
    ...(disk !== undefined && { disk }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
