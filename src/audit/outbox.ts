import { setTimeout as pause } from 'node:timers/promises';
import type { Prefix } from '../store/keys.ts';
import { jsonPut, listRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Put, Store } from '../store/store.ts';
import type { LogRecord } from './activity.ts';
import { Committed } from './committed.ts';
import type { Shipped } from './committed.ts';
import type { AuditLog } from './log.ts';
import { lineOf } from './line.ts';
import { withNode } from './node-line.ts';
import type { AuditNode } from './node-line.ts';
import { withRecordId } from './record.ts';
import { idOf, staged, takeUnowned } from './staged.ts';

/** `"recordId":"<id>"}}` and the line break: a record's id is the last thing on its line, see `withRecordId`. */
export const recordIdMark = { before: '"recordId":"', length: 36, after: '"}}\n' } as const;

/**
 * Makes ids that are unique and ascend bytewise in the order of their creation: UUID version 7 (RFC 9562 section 5.7)
 * with a counter in `rand_a` (section 6.2, method 1). The order holds even if the clock goes back. `random` is called
 * once for 8 bytes, which keep the ids of two processes apart.
 */
export function recordIdMaker(now: () => number, random: (size: number) => Uint8Array): () => string {
  const nonce = Buffer.from(random(8));
  // The variant of RFC 9562 section 4.1, binary 10.
  nonce.writeUInt8((nonce.readUInt8(0) & 0x3f) | 0x80, 0);
  const tail = `${nonce.toString('hex', 0, 2)}-${nonce.toString('hex', 2)}`;
  let time = 0;
  let counter = 0;
  return () => {
    const at = Math.trunc(now());
    counter = at > time ? 0 : counter + 1;
    time = Math.max(at, time);
    if (counter > 0xfff) {
      time += 1;
      counter = 0;
    }
    const hex = time.toString(16).padStart(12, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail}`;
  };
}

interface OutboxParts {
  readonly store: Store;
  readonly log: AuditLog;
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** Of several that share the store: it ships its own records alone. */
  readonly node?: AuditNode | undefined;
  readonly notice: (message: string) => void;
}

/**
 * The put of a record for a change that is committed before the log is open: `recover` brings it into the log. `id` is one of
 * `recordIdMaker`.
 */
export function putBeforeLog(record: LogRecord, id: string): Put {
  return recordPut(staged.key(id), withRecordId(record, id));
}

/** The number of records that go into the log together. */
const batchSize = 256;

/** Between two batches, so that the log's fsyncs leave room for those of the store on the same disk. */
const pauseMs = 20;

const retryMs = 1000;

/**
 * The records of changes on their way to the log. Each is committed in the store with its change, is written to the
 * log, reaches the disk there, and only then leaves the store.
 *
 * It is written once, even across a crash, because batches never overlap: a batch has left the store before the next is
 * written. So the only lines of the log whose records may still be in the store are those after the last line whose
 * record is not, and `recover` looks back only to that line.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #makeId: () => string;
  /** Of the records that go into this log. */
  readonly #prefix: Prefix<LogRecord>;
  readonly #committed = new Committed();
  /** Keys of the records that are in the log and may still be in the store. */
  #written: readonly string[] = [];
  #wanted = false;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failing = false;
  #closing = false;
  #held: Promise<void> | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#makeId = recordIdMaker(parts.now, parts.random);
    this.#prefix = parts.node === undefined ? staged.prefix() : staged.prefix(parts.node.id, '');
  }

  /**
   * A put that belongs in the change's transaction. Call `committed` or `failed` when the transaction has ended.
   * @throws {AuditUnavailable} while the log cannot be written: the change must not begin
   */
  stage(record: LogRecord): Put {
    this.#parts.log.assertWritable();
    const id = this.#makeId();
    const { node } = this.#parts;
    const key = node === undefined ? staged.key(id) : staged.key(node.id, id);
    const plain = lineOf(withRecordId(record, id));
    const line = node === undefined ? plain : { ...plain, text: withNode(plain.text, node) };
    this.#committed.begin(key, line);
    return jsonPut(key, line.text);
  }

  /** Call it when these puts are committed; `undefined`: some were. Returns at once. */
  committed(puts: readonly Put[] | undefined): void {
    if (puts === undefined) this.#committed.doubt();
    else for (const { key } of puts) this.#committed.add(key);
    this.#ship();
  }

  /** Call it when the transaction of these puts has failed. A conflict is found before anything is written. */
  failed(puts: readonly Put[], error: unknown): void {
    for (const { key } of puts) {
      if (error instanceof Conflict) this.#committed.refuse(key);
      else this.#committed.fail(key);
    }
  }

  /** A failure is tried again until it succeeds. */
  #ship(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  /** Call it once, before anything else: ships what a crash left behind. The log may be unavailable. */
  async recover(): Promise<void> {
    const { node, store } = this.#parts;
    if (node !== undefined) await takeUnowned(store, node);
    const waiting = await this.#staged();
    if (waiting.size === 0) return;
    const written: string[] = [];
    for (const id of this.#parts.log.recordIds()) {
      const key = waiting.get(id);
      if (key === undefined) break;
      written.push(key);
    }
    this.#written = written;
    this.#committed.doubt();
    this.#ship();
    await this.#running;
  }

  /**
   * Runs the work while no batch begins. So the files of the log and a snapshot of the store that are both taken in that
   * time fit together: `recover` finds each record of a change in one of them, or in both as after a crash.
   */
  async whileHeld<T>(work: () => Promise<T>): Promise<T> {
    await this.#released();
    const held = Promise.withResolvers<void>();
    this.#held = held.promise;
    try {
      return await work();
    } finally {
      this.#held = undefined;
      held.resolve();
    }
  }

  /** Call it when records were added that this process did not stage. */
  added(): void {
    this.#committed.doubt();
    this.#ship();
  }

  /** Tries a last time to ship what is there; what cannot be shipped stays for the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    this.#committed.doubt();
    this.#ship();
    await this.#running;
  }

  /** Their keys, by the ids of the records. */
  async #staged(): Promise<ReadonlyMap<string, string>> {
    const keys = new Map<string, string>();
    let after: string | undefined;
    do {
      const records = await this.#parts.store.list({ prefix: this.#prefix, after, limit: batchSize });
      for (const { key } of records) keys.set(idOf(key), key);
      after = records.at(-1)?.key;
    } while (after !== undefined);
    return keys;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false;
        await this.#shipAll();
      }
      this.#failing = false;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  #failed(error: unknown): void {
    if (!this.#failing) this.#parts.notice(`Audit records of changes wait in the store: ${String(error)}`);
    this.#failing = true;
    this.#committed.doubt();
    clearTimeout(this.#retry);
    if (!this.#closing) this.#retry = setTimeout(() => this.#ship(), retryMs).unref();
  }

  async #shipAll(): Promise<void> {
    const { log } = this.#parts;
    await this.#forgetWritten();
    for (;;) {
      await this.#released();
      const batch = this.#committed.isAll ? this.#committed.take(batchSize) : await this.#listed();
      if (batch.length === 0) return;
      await log.write(batch.map(({ line }) => line.text));
      this.#written = batch.map(({ key }) => key);
      await this.#forgetWritten();
      if (!this.#closing) await pause(pauseMs);
    }
  }

  async #released(): Promise<void> {
    while (this.#held !== undefined) await this.#held;
  }

  async #listed(): Promise<readonly Shipped[]> {
    this.#committed.list();
    const records = await listRecords(this.#parts.store, { prefix: this.#prefix, limit: batchSize });
    this.#committed.listed(
      records.map(({ key }) => key),
      records.length < batchSize,
    );
    return records.map(({ key, value }) => ({ key, line: lineOf(value) }));
  }

  async #forgetWritten(): Promise<void> {
    if (this.#written.length === 0) return;
    // With any setting: a change's record survives a power failure, as the change does.
    await this.#parts.log.sync();
    await this.#parts.store.transact({ delete: this.#written });
    this.#written = [];
  }
}
