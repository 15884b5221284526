import { isIP, Socket } from 'node:net';
import postgres from 'postgres';
import type { Host, Target } from './target.ts';

export interface LinkOptions {
  readonly target: Target;
  /** In the server's list of sessions. */
  readonly name: string;
  /** Whether statements stay prepared. It becomes false behind a pooler that does not keep those of its clients apart. */
  readonly prepared: { value: boolean };
  /** Told what is notified to this connection. */
  readonly notified?: (payload: string) => void;
  /** The random part of the waiting between attempts: 0 to 1. */
  readonly random: () => number;
  readonly connectMs: number;
  readonly route: Route;
  /** The link that finds the primary: when it loses its connection, the next host is tried. The others go where it went. */
  readonly leads?: boolean;
}

/** The host of the database that its links connect to: an index, which counts on. */
export interface Route {
  at: number;
}

/** A row as PostgreSQL writes it: each column's value as a string. */
export type Row = readonly (string | null)[];

export interface Answer {
  readonly rows: readonly Row[];
  /** The codes of the warnings that came with it. */
  readonly warnings: readonly string[];
  /** The process of the server, as the connection was told at its start: a pooler tells another one. */
  readonly processId: number | undefined;
}

/** A statement had no answer in time, or the connection was lost while it waited: whether it was carried out is not known. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** The server's own error: the statement failed, and changed nothing. */
export class ServerSaid extends Error {
  override readonly name = 'ServerSaid';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The library would write and read booleans, JSON and bytes itself; here all values are strings as PostgreSQL has them. */
const asWritten = {
  to: 25,
  from: [16, 17, 114, 3802],
  serialize: (value: unknown) => String(value),
  parse: (value: string) => value,
};

/** One connection to one of the hosts, until it is lost. */
export class Connection {
  /** Of the route, when it was made. */
  readonly place: number;
  /** Whether its statements stay prepared. */
  readonly isPrepared: boolean;
  readonly #sql: postgres.Sql<{ asWritten: string }>;
  #socket: Socket | undefined;
  #warnings: string[] = [];
  #statements = 0;
  #destroyed = false;
  readonly #withoutTls = Promise.withResolvers<never>();

  constructor(options: LinkOptions) {
    const { target, connectMs, prepared, name, notified, route } = options;
    this.place = route.at;
    this.isPrepared = prepared.value;
    this.#withoutTls.promise.catch(() => {});
    const host = target.hosts[route.at % target.hosts.length] ?? { kind: 'tcp', host: 'localhost', port: 5432 };
    // The types of the library lack these two.
    const settings: postgres.Options<{ asWritten: postgres.PostgresType<string> }> & {
      socket: () => Promise<Socket>;
      onnotify?: (channel: string, payload: string) => void;
    } = {
      host: host.kind === 'tcp' ? host.host : '/',
      port: host.kind === 'tcp' ? host.port : 5432,
      database: target.database,
      ...(target.user !== undefined && { user: target.user }),
      ...(target.password !== undefined && { password: target.password }),
      ssl: tlsOf(host, target),
      max: 1,
      max_lifetime: null,
      idle_timeout: 0,
      connect_timeout: connectMs / 1000,
      fetch_types: false,
      types: { asWritten },
      prepare: this.isPrepared,
      backoff: () => 0,
      connection: { application_name: name },
      onnotice: ({ code }) => {
        if (code !== undefined) this.#warnings.push(code);
      },
      ...(notified !== undefined && { onnotify: (_: string, payload: string) => notified(payload) }),
      // Its own, so that a connection without an answer can be destroyed at once.
      socket: () => this.#open(host, tlsOf(host, target) !== false),
    };
    this.#sql = postgres(settings);
  }

  async query(text: string, values: readonly (string | null)[], timeoutMs: number): Promise<Answer> {
    this.#statements += 1;
    const tag = text.includes(':tag') ? String(this.#statements) : undefined;
    const tagged = text.replace(':tag', `$${values.length + 1}::text`);
    const given = tag === undefined ? [...values] : [...values, tag];
    const running = this.#sql.unsafe<Record<string, string | null>[]>(tagged, given, { prepare: true }).values();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new LinkLost(`the database did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      const rows = await Promise.race([running, late.promise, this.#withoutTls.promise]);
      if (tag !== undefined && rows[0]?.at(-1) !== tag) throw new LinkLost('the database answered another statement');
      const warnings = this.#warnings;
      this.#warnings = [];
      return { rows, warnings, processId: rows.state?.pid };
    } catch (error) {
      running.catch(() => {});
      throw failureOf(error);
    } finally {
      clearTimeout(timer);
    }
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const end = (): void => {
      this.#socket?.destroy();
    };
    // First the library, which would write to a socket that is gone.
    this.#sql.end({ timeout: 0 }).then(end, end);
  }

  async #open(host: Host, asksForTls: boolean): Promise<Socket> {
    const socket = new Socket();
    this.#socket = socket;
    if (this.#destroyed) throw new LinkLost('the connection was given up');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // It stays: the library takes its own away before the last error.
    socket.on('error', reject);
    socket.once('connect', () => resolve());
    if (host.kind === 'tcp') socket.connect(host.port, host.host);
    else socket.connect(host.path);
    await promise;
    // The library would begin TLS nevertheless, and wait. https://www.postgresql.org/docs/current/protocol-flow.html
    if (asksForTls)
      socket.once('data', (answer: Buffer) => {
        if (answer.toString('latin1').startsWith('N')) this.#withoutTls.reject(new LinkLost(withoutTls));
      });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    return socket;
  }
}

const withoutTls =
  'it does not speak TLS (ssl = on in postgresql.conf, client_tls_sslmode of PgBouncer); ' +
  'where the way to it is protected otherwise, say sslmode=disable in the URL';

function tlsOf(host: Host, { tls }: Target): false | Record<string, unknown> {
  if (tls.mode === 'none' || host.kind === 'socket') return false;
  return {
    servername: isIP(host.host) === 0 ? host.host : undefined,
    host: host.host,
    rejectUnauthorized: true,
    ...(tls.authorities !== undefined && { ca: tls.authorities }),
  };
}

function failureOf(error: unknown): Error {
  if (error instanceof LinkLost) return error;
  if (error instanceof postgres.PostgresError) return new ServerSaid(error.code, error.message);
  return new LinkLost(error instanceof Error ? error.message : String(error), { cause: causeOf(error) });
}

/** Only the code: the library's errors carry the statement's values. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? { code: error.code } : undefined;
}
