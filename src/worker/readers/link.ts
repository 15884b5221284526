import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import type { LineFrame, RecordLine } from '../../audit/line.ts';
import { AuditUnavailable } from '../../audit/log.ts';
import type { Measured } from '../../http/measured.ts';
import { eachLine } from './lines.ts';
import { framesMax, readOrder } from './protocol.ts';
import type { ReaderVitals, RecordsConnection, ToReader } from './protocol.ts';

/** The connection with the worker has ended before it said whether the records are in the log. */
export class RecordLost extends Error {
  override readonly name = 'RecordLost';
}

interface LinkParts {
  readonly path: string;
  readonly preface: Omit<RecordsConnection, 'kind'>;
  /** Carries out an order of the worker's. */
  readonly obey: (order: Exclude<ToReader, { readonly kind: 'recorded' | 'failed' }>) => Promise<void>;
  /** The worker is not there, or does not want this reader. */
  readonly lost: () => void;
  readonly vitals: () => ReaderVitals;
  /** The worker said what it never says, or an order could not be carried out. */
  readonly failed: (error: unknown) => void;
}

const againMs = 50;
const tellEveryMs = 500;
const endedMax = 4096;

/** A reader's end of its connection with the worker. It is opened again when it breaks. */
export class WorkerLink {
  readonly #parts: LinkParts;
  #socket: Socket | undefined;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #id = 0;
  #frames = new WeakMap<LineFrame, number>();
  #framesUsed = 0;
  #ended: Measured[] = [];
  #obeying: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#report(), tellEveryMs).unref();
    this.#connect();
  }

  /**
   * Has the worker write records, all or none.
   * @throws {AuditUnavailable} when there is no worker
   */
  record(lines: readonly RecordLine[]): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) throw new AuditUnavailable('the worker, which writes the log, is not there');
    this.#id += 1;
    const forget = this.#framesUsed + lines.length >= framesMax;
    if (forget) this.#forget();
    const frames: Record<string, string> = {};
    const of = lines.map(({ frame, atMs = 0 }) => [frame === undefined ? 0 : this.#frameId(frame, frames), atMs]);
    const head = { id: this.#id, lines: of, frames, ...(forget && { forget }), ...this.#takeEnded() };
    socket.write(`${JSON.stringify(head)}\n${lines.map(({ text }) => text).join('\n')}\n`);
    const recorded = Promise.withResolvers<void>();
    this.#waiting.set(this.#id, recorded);
    return recorded.promise;
  }

  /** Counts a request that was answered here, with the next message. */
  ended(measured: Measured): void {
    if (this.#ended.length < endedMax) this.#ended.push(measured);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    this.#report();
    this.#socket?.end();
  }

  #connect(): void {
    const socket = createConnection(this.#parts.path);
    socket.on('error', (error) => {
      if (!('syscall' in error)) this.#parts.failed(error);
    });
    socket.once('connect', () => {
      socket.write(`${JSON.stringify({ kind: 'records', ...this.#parts.preface })}\n`);
    });
    socket.once('close', () => this.#lose());
    eachLine(socket, (line) => this.#take(line, socket));
  }

  #take(line: string, socket: Socket): void {
    const message = readOrder(line);
    if (message === undefined) throw new TypeError('the worker sent an unknown line');
    if (message.kind === 'recorded' || message.kind === 'failed') {
      const recorded = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === 'recorded') recorded?.resolve();
      else recorded?.reject(new AuditUnavailable('the worker could not write the records'));
      return;
    }
    // One after the other. A reader that cannot obey must not go on with what was before.
    const before = this.#obeying;
    this.#obeying = this.#obey(message, { socket, before });
  }

  async #obey(
    order: Parameters<LinkParts['obey']>[0],
    { socket, before }: { readonly socket: Socket; readonly before: Promise<void> },
  ): Promise<void> {
    await before;
    // An order of a connection that is over does not tell what has changed since.
    if (socket.destroyed) return;
    try {
      await this.#parts.obey(order);
    } catch (error) {
      this.#parts.failed(error);
      // The worker may answer the change as soon as the connection is over, which is told here a moment later.
      this.#parts.lost();
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    if (order.kind === 'state') this.#socket = socket;
    socket.write(`${JSON.stringify({ took: order.order })}\n`);
  }

  #lose(): void {
    const waiting = [...this.#waiting.values()];
    this.#socket = undefined;
    this.#waiting.clear();
    this.#forget();
    this.#parts.lost();
    for (const { reject } of waiting) reject(new RecordLost('the worker has ended'));
    if (!this.#closed) this.#again = setTimeout(() => this.#connect(), againMs);
  }

  #forget(): void {
    this.#frames = new WeakMap();
    this.#framesUsed = 0;
  }

  #frameId(frame: LineFrame, added: Record<string, string>): number {
    const known = this.#frames.get(frame);
    if (known !== undefined) return known;
    this.#framesUsed += 1;
    this.#frames.set(frame, this.#framesUsed);
    added[this.#framesUsed] = frame.resourceId;
    return this.#framesUsed;
  }

  #takeEnded() {
    const ended = this.#ended;
    this.#ended = [];
    return {
      ended: ended.map(({ operation, status, seconds, verdict }) => ({
        operation,
        ...(status !== undefined && { status }),
        seconds,
        ...(verdict !== undefined && { allowed: verdict.allowed, because: verdict.because }),
      })),
    };
  }

  #report(): void {
    if (this.#socket === undefined) return;
    this.#socket.write(`${JSON.stringify({ ...this.#takeEnded(), vitals: this.#parts.vitals() })}\n`);
  }
}
