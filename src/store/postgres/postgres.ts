import { randomBytes } from 'node:crypto';
import type { DatabaseState, NodeStore } from '../node-store.ts';
import { StoreRefused } from '../refused.ts';
import { assertTransaction, Unavailable } from '../store.ts';
import type {
  Changes,
  Cursor,
  List,
  Read,
  ReadResult,
  Store,
  StoredRecord,
  Transaction,
  Turn,
  Version,
} from '../store.ts';
import { ChangeFeed } from './changes.ts';
import { identifier } from './functions.ts';
import { prepareDatabase, refusalOf } from './install.ts';
import { makeLinks } from './links.ts';
import type { Links } from './links.ts';
import { PostgresNodes } from './nodes.ts';
import type { PostgresStoreOptions } from './options.ts';
import { Reads } from './reads.ts';
import { Session } from './session.ts';
import { stampSql } from './stamp.ts';
import { Turns } from './turns.ts';
import { Waker } from './waker.ts';
import { Writes } from './writes.ts';

/** A store in PostgreSQL, which any number of nodes share. */
export interface PostgresStore extends NodeStore {
  turnOf(key: string): Promise<Turn>;
}

/**
 * Opens the store, and makes its schema when it is missing.
 * @throws {StoreRefused} `wrongUrl`, `unreachable`, `noRights`, `standby`, `wrongServer`, `otherFormat`, and what `judge`
 * refuses
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const links = makeLinks(options);
  const schema = options.schema ?? 'postern';
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new StoreRefused(
      'wrongUrl',
      `The schema ${JSON.stringify(schema)} is not a lower-case name: use a-z, 0-9 and _.`,
    );
  }
  const store = new OpenPostgresStore(links, { ...options, schema });
  try {
    await store.start(links.target.hosts.length, options.startMs ?? 10_000);
    return store;
  } catch (error) {
    await store.close();
    throw refusalOf(error, links.target);
  }
}

class OpenPostgresStore implements PostgresStore {
  readonly nodes: PostgresNodes;
  readonly #changes: ChangeFeed;
  readonly #schema: string;
  readonly #links: Links;
  readonly #session: Session;
  readonly #reads: Reads;
  readonly #writes: Writes;
  readonly #waker: Waker;
  readonly #turns: Turns;
  #closed: Promise<void> | undefined;
  /** The calls that the close waits for: they still get their answers. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(links: Links, options: PostgresStoreOptions & { schema: string }) {
    const { node, now, freshMs = 2_000, patienceMs = 3_000 } = options;
    const clock = () => ({ monotonicMs: performance.now(), wallMs: now() });
    const schema = identifier(options.schema);
    this.#schema = schema;
    this.#links = links;
    this.#session = new Session({
      link: this.#links.pulse,
      schema,
      node,
      clock,
      freshMs,
      patienceMs,
      heartbeatEveryMs: freshMs / 4,
      moved: () => {
        for (const link of [links.reads, links.writes, links.turns]) link.drop();
      },
      notice: options.notice ?? (() => {}),
      judge: async () => options.judge?.(this.#view()),
    });
    const session = this.#session;
    this.#reads = new Reads({ link: this.#links.reads, session, schema, timeoutMs: 5_000 });
    this.#changes = new ChangeFeed(this.#reads, schema);
    this.#writes = new Writes({
      link: this.#links.writes,
      session,
      schema,
      node: node.id,
      clock,
      history: options.history ?? 100_000,
      timeoutMs: 5_000,
      outcomeMs: options.outcomeMs ?? 10_000,
    });
    this.#waker = new Waker({ link: this.#links.reads, listening: links.listening, schema });
    this.#turns = new Turns({ link: this.#links.turns, session, schema, waker: this.#waker });
    this.nodes = new PostgresNodes({ reads: this.#reads, link: this.#links.pulse, session, schema });
  }

  async start(hosts: number, startMs: number): Promise<void> {
    await prepareDatabase(this.#links.pulse, { schema: this.#schema, hosts, withinMs: startMs });
    await this.#session.start(startMs);
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    const [result] = await this.#readMany([request], false);
    return unwrapped(result);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    const [result] = await this.#readMany([request], false);
    return unwrapped(result).filter((record) => record !== undefined);
  }

  readMany(requests: readonly (Read | List)[]): Promise<readonly ReadResult[]> {
    return this.#readMany(requests, false);
  }

  transact(transaction: Transaction): Promise<readonly Version[]> {
    return this.#transact(transaction, false);
  }

  changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    return this.#counted(() => this.#changes.read(since, limit, false));
  }

  async clock(): Promise<number> {
    const text = `select ${stampSql}, (extract(epoch from clock_timestamp()) * 1000)::text, :tag`;
    const { rows } = await this.#counted(() => this.#reads.ask(text, [], false));
    return Number(rows[0]?.[2]);
  }

  committed(listener: () => void): () => void {
    return this.#waker.listen(listener);
  }

  state(): DatabaseState {
    return this.#session.state();
  }

  accept(): Promise<void> {
    return this.#session.accept();
  }

  turnOf(key: string): Promise<Turn> {
    return this.#counted(() => this.#turns.turnOf(key));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#waker.close();
    await Promise.allSettled(this.#underWay);
    this.#session.close();
    const { pulse, reads, writes, turns } = this.#links;
    for (const link of [pulse, reads, writes, turns]) link.close();
  }

  /** The same store for `judge`, which must read the database before it is accepted. */
  #view(): Store {
    return {
      read: async (request) => unwrapped((await this.#readMany([request], true))[0]),
      list: async (request) =>
        unwrapped((await this.#readMany([request], true))[0]).filter((record) => record !== undefined),
      readMany: (requests) => this.#readMany(requests, true),
      transact: (transaction) => this.#transact(transaction, true),
      changes: (since, limit) => this.#counted(() => this.#changes.read(since, limit, true)),
      close: () => Promise.resolve(),
    };
  }

  async #readMany(requests: readonly (Read | List)[], judging: boolean): Promise<readonly ReadResult[]> {
    return this.#counted(() => this.#reads.readMany(requests, judging));
  }

  async #transact(transaction: Transaction, judging: boolean): Promise<readonly Version[]> {
    this.#assertOpen();
    assertTransaction(transaction);
    const put = (transaction.put ?? []).map(({ key, value, version = newVersion() }) => ({
      key,
      version,
      value: Buffer.from(value),
    }));
    const { require = [], delete: deleted = [], turn } = transaction;
    return this.#counted(() => this.#writes.transact({ require, put, delete: deleted, turn }, judging));
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new Error('the store is closed');
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const working = work();
    this.#underWay.add(working);
    try {
      return await working;
    } finally {
      this.#underWay.delete(working);
    }
  }
}

function newVersion(): Version {
  return randomBytes(16).toString('base64url');
}

/** Copies: others may have been given the same records. */
function unwrapped(result: ReadResult | undefined): readonly (StoredRecord | undefined)[] {
  if (result === undefined) throw new Unavailable('The database did not answer a read');
  if (!result.ok) throw result.error;
  return result.records.map((record) => record && { ...record, value: new Uint8Array(record.value) });
}
