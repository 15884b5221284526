import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Client } from './client.ts';

export interface PipelinedTo {
  readonly client: Pick<Client, 'ca' | 'home'>;
  readonly vault: string;
  /** Of the listener; the server's own unless given. */
  readonly port?: number;
  /** The loopback address to connect from. */
  readonly from?: string;
}

/** One connection to a vault, on which requests are sent without waiting for the answers of those before. */
export class Pipelined<Note> {
  readonly socket: TLSSocket;
  readonly #answered: (status: number, note: Note) => void;
  readonly #host: string;
  /** Of the requests whose answers have not come, the first one first. */
  readonly #notes: Note[] = [];
  #rest = '';

  /** `answered` is called with an answer's status and what was noted when its request was sent. */
  static async open<Note>(to: PipelinedTo, answered: (status: number, note: Note) => void): Promise<Pipelined<Note>> {
    const opened = new Pipelined<Note>(to, answered);
    await once(opened.socket, 'secureConnect');
    return opened;
  }

  private constructor({ client, vault, port, from }: PipelinedTo, answered: (status: number, note: Note) => void) {
    const own = new URL(client.home);
    const servername = `${vault}.vault.${own.hostname}`;
    this.#host = `${servername}:${own.port}`;
    this.#answered = answered;
    this.socket = connect({
      host: '127.0.0.1',
      port: port ?? Number(own.port),
      ca: client.ca,
      servername,
      ...(from !== undefined && { localAddress: from }),
    });
    this.socket.setEncoding('latin1').on('data', (text: string) => this.#read(text));
    // An end that came early: whoever waits for answers sees that they are missing.
    this.socket.on('error', () => undefined);
  }

  get unanswered(): number {
    return this.#notes.length;
  }

  /** Sends `count` requests with this method and target in one write, each with `note`. */
  send({ line, token, body, count = 1 }: Asked, note: Note): void {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const head = [`${line} HTTP/1.1`, `Host: ${this.#host}`, `Authorization: Bearer ${token}`];
    if (body !== undefined)
      head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`);
    for (let sent = 0; sent < count; sent += 1) this.#notes.push(note);
    this.socket.write([...head, '', payload].join('\r\n').repeat(count));
  }

  /** Fulfilled when all answers have come, or the connection has ended. */
  async settled(): Promise<void> {
    while (this.#notes.length > 0 && !this.socket.destroyed) await sleep(1);
  }

  #read(text: string): void {
    this.#rest += text;
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = this.#rest.slice(0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return;
      this.#rest = this.#rest.slice(end + 4 + length);
      const [note] = this.#notes.splice(0, 1);
      if (note !== undefined) this.#answered(Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), note);
    }
  }
}

interface Asked {
  /** Method and target. */
  readonly line: string;
  readonly token: string;
  readonly body?: unknown;
  readonly count?: number;
}
