import { Connection, LinkLost, ServerSaid } from './connection.ts';
import type { Answer, LinkOptions } from './connection.ts';

const mostBackoffMs = 1_000;

/**
 * One connection at a time, made when it is needed and again after it was lost, to the next of the hosts, with growing
 * waits between attempts. Statements are pipelined.
 */
export class Link {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  /** How many connections were begun. */
  #attempts = 0;
  #failures = 0;
  #notBefore = 0;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** The number of the connection, or of the last one. */
  get connections(): number {
    return this.#attempts;
  }

  /**
   * A statement whose last column is `:tag` is answered by its first row with another value each time: a pooler was seen to
   * pass on an answer of its own questions, after which each statement had the answer of the one before.
   * @throws {ServerSaid} the statement failed
   * @throws {LinkLost} its outcome is unknown
   */
  async query(text: string, values: readonly (string | null)[], timeoutMs: number): Promise<Answer> {
    const connection = await this.#current();
    try {
      const answer = await connection.query(text, values, timeoutMs);
      this.#failures = 0;
      return answer;
    } catch (error) {
      if (error instanceof ServerSaid && !endsSession(error.code)) throw error;
      this.#lose(connection);
      if (!(error instanceof ServerSaid && isOfPreparing(error.code) && connection.isPrepared)) throw error;
      // The statement was not begun. Behind this pooler, statements are sent whole from here on.
      this.#options.prepared.value = false;
      return this.query(text, values, timeoutMs);
    }
  }

  /** `query` for a function that writes: in a transaction that says what it is, where the session's default is another one. */
  async commit(text: string, values: readonly (string | null)[], timeoutMs: number): Promise<Answer> {
    try {
      return await this.query(text, values, timeoutMs);
    } catch (error) {
      // Another client of the pooler has left it behind, or the role has it.
      if (!(error instanceof ServerSaid && ['PT001', '25006', '40001'].includes(error.code))) throw error;
      return this.#commitAlone(text, values, timeoutMs);
    }
  }

  async #commitAlone(text: string, values: readonly (string | null)[], timeoutMs: number): Promise<Answer> {
    const connection = await this.#current();
    // Sent together: a node that is stopped between them would hold the lock of the writers.
    const [begun, answered, committed] = await Promise.allSettled([
      connection.query('begin isolation level read committed read write', [], timeoutMs),
      connection.query(text, values, timeoutMs),
      connection.query('commit', [], timeoutMs),
    ]);
    if (begun.status === 'fulfilled' && answered.status === 'fulfilled' && committed.status === 'fulfilled') {
      // A warning counts for the first of those whose answers arrive together.
      const warnings = [begun, answered, committed].flatMap(({ value }) => value.warnings);
      return { ...answered.value, warnings };
    }
    this.#lose(connection);
    // Without its transaction the statement may have been carried out, whatever else failed.
    if (begun.status === 'rejected' && answered.status === 'fulfilled') throw new LinkLost(messageOf(begun.reason));
    throw [begun, answered, committed].find((each) => each.status === 'rejected')?.reason;
  }

  /** Gives the connection up: it leads to a server that is not the primary. */
  drop(): void {
    if (this.#connection !== undefined) this.#lose(this.#connection);
  }

  close(): void {
    this.#closed = true;
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #current(): Connection | Promise<Connection> {
    if (this.#connection !== undefined && this.#connection.place !== this.#options.route.at) this.drop();
    return this.#connection ?? this.#connect();
  }

  async #connect(): Promise<Connection> {
    const wait = this.#notBefore - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (this.#closed) throw new LinkLost('the store is closed');
    // Others that waited too use the connection that the first of them made.
    if (this.#connection !== undefined) return this.#connection;
    this.#attempts += 1;
    this.#connection = new Connection(this.#options);
    return this.#connection;
  }

  #lose(connection: Connection): void {
    connection.destroy();
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#failures += 1;
    const { target, random, route, leads = false } = this.#options;
    if (leads) route.at += 1;
    const round = Math.floor((this.#failures - 1) / target.hosts.length);
    const most = round === 0 ? 0 : Math.min(20 * 2 ** round, mostBackoffMs);
    this.#notBefore = performance.now() + most * (0.5 + random() / 2);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Classes of errors after which the server closes the session, or it is of no use. */
function endsSession(code: string): boolean {
  return (
    code.startsWith('08') ||
    code.startsWith('57P') ||
    code.startsWith('28') ||
    code.startsWith('3D') ||
    code === '53300' ||
    isOfPreparing(code)
  );
}

/** A prepared statement that is missing, or there already: another client of the pooler has the server's session. */
function isOfPreparing(code: string): boolean {
  return code === '26000' || code === '42P05';
}
