import type { Socket } from 'node:net';
import type { RecordLine } from '../../audit/line.ts';
import type { Measured } from '../../http/measured.ts';
import { eachLine } from './lines.ts';
import { ReaderMessages } from './protocol.ts';
import type { ReaderMessage, ReaderVitals, ToReader } from './protocol.ts';

interface ChannelServices {
  /** Writes records, all or none, as `Audit.readNow` does. */
  readonly record: (lines: readonly RecordLine[]) => Promise<void> | undefined;
  readonly ended: (measured: Measured) => void;
}

type Order = Extract<ToReader, { readonly order: number }>;
/** An order without its number. */
export type ReaderOrder = Order extends infer Each ? (Each extends Order ? Omit<Each, 'order'> : never) : never;

/** The worker's end of the connection with one reader: its records come in, and orders go out. */
export class Channel {
  readonly #socket: Socket;
  readonly #services: ChannelServices;
  readonly #messages = new ReaderMessages();
  readonly #orders = new Map<number, () => void>();
  #order = 0;
  /** The reader's last word about itself. */
  vitals: ReaderVitals | undefined;

  constructor(socket: Socket, services: ChannelServices) {
    this.#socket = socket;
    this.#services = services;
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      for (const settle of this.#orders.values()) settle();
      this.#orders.clear();
    });
    eachLine(socket, (line) => {
      const message = this.#messages.take(line);
      if (message !== undefined) this.#take(message);
    });
  }

  /** Resolves when the reader has carried out the order, or can answer nothing any more because the connection is over. */
  tell(order: ReaderOrder): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#order += 1;
    this.#orders.set(this.#order, resolve);
    this.#send({ ...order, order: this.#order });
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take({ id, lines, ended, vitals, took }: ReaderMessage): void {
    for (const one of ended) this.#services.ended(one);
    if (vitals !== undefined) this.vitals = vitals;
    if (took !== undefined) {
      this.#orders.get(took)?.();
      this.#orders.delete(took);
    }
    if (id !== undefined) this.#record(id, lines);
  }

  #record(id: number, lines: readonly RecordLine[]): void {
    const recorded = () => this.#send({ kind: 'recorded', id });
    const failed = () => this.#send({ kind: 'failed', id });
    let synced: Promise<void> | undefined;
    try {
      synced = this.#services.record(lines);
    } catch {
      // The log has said why. The reader hands the requests over, and they are refused here.
      failed();
      return;
    }
    if (synced === undefined) recorded();
    else synced.then(recorded, failed);
  }

  #send(message: ToReader): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}
