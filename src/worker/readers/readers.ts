import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Audit } from '../../audit/audit.ts';
import { isSigningKeyRecord } from '../../authority/signing-key-records.ts';
import { noteTls } from '../../http/connection-tls.ts';
import type { Measured } from '../../http/measured.ts';
import type { Certificate } from '../../ingress/options.ts';
import type { ShownCertificates } from '../../ingress/shown-certificates.ts';
import { subnetPrefix } from '../../resources/keys.ts';
import type { SealedStore } from '../../store/sealed.ts';
import { writtenKeys } from '../../store/store.ts';
import type { Transaction } from '../../store/store.ts';
import type { Service } from '../../types/service.ts';
import type { Source } from '../../types/source.ts';
import { Channel } from './channel.ts';
import type { ReaderOrder } from './channel.ts';
import { firstLine } from './lines.ts';
import { prefaceMax, readPreface } from './protocol.ts';
import type { ReaderState, ReaderVitals, RecordsConnection, RelayedConnection } from './protocol.ts';

interface ReadersParts {
  /** The number of the configuration: a reader that has another one is not believed. */
  readonly epoch: number;
  readonly tenantId: string;
  /** As `parseMasterKey` reads them: those that are configured. */
  readonly masterKeys: () => readonly string[];
  readonly log: Pick<Logger, 'error'>;
}

/** The parts of the server that serve the readers. */
export interface ServesReaders {
  readonly http: HttpServer;
  readonly audit: Pick<Audit, 'readNow'>;
  readonly requests: { add(measured: Measured): void };
  readonly shown: ShownCertificates;
}

/** A reader, as status and metrics show it. */
export interface ReaderSeen extends ReaderVitals {
  readonly reader: number;
  readonly pid: number;
}

const goneLookMs = 20;

/**
 * The worker's side of its readers, the processes that answer reads (`open-reader.ts`). It takes the requests that they
 * hand over, with the source that they have proved; writes their records; and tells them what changes in what they keep.
 * It owns the log and every count, so that there is one of each.
 */
export class Readers {
  readonly #parts: ReadersParts;
  readonly #channels = new Map<Channel, RecordsConnection>();
  /** The connections of requests that readers hand over. */
  readonly #relayed = new WeakMap<object, RelayedConnection>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #serves: ServesReaders | undefined;
  #refused = false;
  /** The key that a rotation put in use, first. */
  #rotatedTo: readonly string[] = [];

  constructor(parts: ReadersParts) {
    this.#parts = parts;
  }

  /** The source of a connection that a reader has handed over. */
  sourceOf(socket: object): Source | undefined {
    return this.#relayed.get(socket)?.source;
  }

  /** Likewise, the service that its listener serves. */
  servesOn(socket: object): Service | undefined {
    return this.#relayed.get(socket)?.serves;
  }

  /** Each reader that is connected. */
  get seen(): readonly ReaderSeen[] {
    return [...this.#channels].flatMap(([{ vitals }, { reader, pid }]) =>
      vitals === undefined ? [] : [{ reader, pid, ...vitals }],
    );
  }

  /** Call it before the first connection is taken. */
  serve(serves: ServesReaders): void {
    this.#serves = serves;
    serves.shown.changed = () => void this.stateChanged();
  }

  /** Takes the readers' connections on a listening socket of the supervisor, whose path only they have. */
  async listen(handle: object): Promise<{ close(): void }> {
    // A reader that has sent all of a request still waits for its answer.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#begin(socket));
    this.#server = server;
    server.listen(handle);
    await once(server, 'listening');
    server.on('error', () => undefined);
    return { close: () => this.close() };
  }

  /** Resolves when each reader has what it gets from here, as it is now. */
  async stateChanged(): Promise<void> {
    await this.#tellAll(this.#state());
  }

  /** The store is sealed under this key now. */
  async rotatedTo(masterKey: string): Promise<void> {
    this.#rotatedTo = [masterKey];
    await this.stateChanged();
  }

  /** Answers nothing more of readers, which then hand everything over. */
  refuse(): void {
    this.#refused = true;
    for (const channel of this.#channels.keys()) channel.close();
  }

  /**
   * The same store. A transaction that changes what readers keep is over when each of them knows it, or has died, so that
   * none decides by what was before once the change is answered.
   */
  told(store: SealedStore): SealedStore {
    return {
      read: (request) => store.read(request),
      list: (request) => store.list(request),
      readMany: (requests) => store.readMany(requests),
      changes: (since, limit) => store.changes(since, limit),
      destroyDomain: (domain) => store.destroyDomain(domain),
      close: () => store.close(),
      rotateMasterKey: (masterKey) => store.rotateMasterKey(masterKey),
      transact: async (transaction) => {
        const keys = keptIn(transaction);
        if (keys.length === 0) return store.transact(transaction);
        try {
          return await store.transact(transaction);
        } finally {
          // Also after a failure, whose outcome may be unknown: to read again is harmless.
          await this.#tellAll({ kind: 'changed', keys });
        }
      },
    };
  }

  /** Resolves when no reader is left, or the time is over. */
  async gone(mostMs: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < mostMs && this.#channels.size > 0; waitedMs += goneLookMs)
      await sleep(goneLookMs);
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #tellAll(order: ReaderOrder): Promise<void> {
    await Promise.all(Array.from(this.#channels.keys(), (channel) => channel.tell(order)));
  }

  async #begin(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    const line = await firstLine(socket, prefaceMax);
    const preface = line === undefined ? undefined : readPreface(line);
    const serves = this.#serves;
    if (preface?.epoch !== this.#parts.epoch || serves === undefined) socket.destroy();
    else if (preface.kind === 'records') this.#open(socket, preface, serves);
    else this.#relay(socket, preface, serves);
  }

  #open(socket: Socket, preface: RecordsConnection, { audit, requests }: ServesReaders): void {
    if (this.#refused) {
      socket.destroy();
      return;
    }
    socket.on('error', (error) => {
      if (!('syscall' in error))
        this.#parts.log.error({ err: error, reader: preface.reader }, 'a reader was not understood');
    });
    const channel = new Channel(socket, {
      record: (lines) => audit.readNow(lines),
      ended: (measured) => requests.add(measured),
    });
    this.#channels.set(channel, preface);
    socket.once('close', () => this.#channels.delete(channel));
    void channel.tell(this.#state());
  }

  #relay(socket: Socket, preface: RelayedConnection, { http }: ServesReaders): void {
    this.#relayed.set(socket, preface);
    noteTls(socket, { servername: preface.servername, version: preface.tls });
    http.emit('connection', socket);
  }

  #state(): Extract<ReaderOrder, { readonly kind: 'state' }> {
    const { shown } = this.#serves ?? {};
    if (shown === undefined) throw new TypeError('there is no state before the server is assembled');
    const { tenantId, masterKeys } = this.#parts;
    const state: ReaderState = {
      masterKeys: [...this.#rotatedTo, ...masterKeys()],
      tenantId,
      own: inText(shown.of('own').certificate),
      azure: inText(shown.of('azure').certificate),
      operator: shown.ofOperator.map((one) => ({ ...one, ...inText(one) })),
      gatewayAuthorities: shown.gatewayAuthorities,
    };
    return { kind: 'state', state };
  }
}

/** The records that a reader keeps in memory without a requirement that each read has in its snapshot. */
function keptIn(transaction: Transaction): readonly string[] {
  return writtenKeys(transaction).filter((key) => key.startsWith(subnetPrefix) || isSigningKeyRecord(key));
}

function inText({ key, cert }: Certificate): Certificate {
  return { key: String(key), cert: String(cert) };
}
