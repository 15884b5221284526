import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { servernameOf, tlsVersionOf } from '../../http/connection-tls.ts';
import { dispatchByHost } from '../../http/host.ts';
import { countRequests, createHttp, Drain } from '../../http/http-server.ts';
import type { DrainTimes } from '../../http/http-server.ts';
import { RequestMeter } from '../../http/measured.ts';
import { ownNames } from '../../http/own-names.ts';
import { hasBody } from '../../http/request.ts';
import { Ingress } from '../../ingress/ingress.ts';
import { compileNat } from '../../ingress/nat.ts';
import { subnetKey } from '../../resources/keys.ts';
import type { Settings } from '../../settings/settings.ts';
import { limitsOfEach } from '../connection-limits.ts';
import { servedBy } from '../hosts.ts';
import { directoryOf } from '../open-ingress.ts';
import { openCore } from './open-core.ts';
import type { Core } from './open-core.ts';
import { RecordLost, WorkerLink } from './link.ts';
import type { ReaderState, ReaderVitals } from './protocol.ts';
import { Relay, relayedEdge } from './relay.ts';

export interface ReaderParts {
  readonly settings: Settings;
  readonly epoch: number;
  readonly reader: number;
  /** The data folder, as this process opens it. */
  readonly entry: string;
  /** The path of the worker's socket. */
  readonly channel: string;
  readonly now: () => number;
  readonly log: Logger;
}

/** A process beside the worker that answers reads of the vaults, and hands every other request over. */
export interface OpenedReader {
  readonly ingress: Ingress;
  /** Stops accepting, and lets requests in flight finish. Returns how many connections were cut off. */
  drain(times: DrainTimes): Promise<number>;
  close(): Promise<void>;
}

/** Resolves when the worker has sent what a reader needs. Requests are answered from then on. */
export async function openReader(parts: ReaderParts): Promise<OpenedReader> {
  const first = Promise.withResolvers<ReaderState>();
  const obeyed = Promise.withResolvers<Reader>();
  const opened: { reader?: Reader } = {};
  const link = new WorkerLink({
    path: parts.channel,
    preface: { epoch: parts.epoch, reader: parts.reader, pid: process.pid },
    async obey(order) {
      if (order.kind === 'state') first.resolve(order.state);
      const reader = await obeyed.promise;
      await (order.kind === 'state' ? reader.begin(order.state) : reader.changed(order.keys));
    },
    lost: () => opened.reader?.lost(),
    failed: (error) => parts.log.error({ err: error }, 'what the worker said was not understood'),
    vitals: () => opened.reader?.vitals() ?? { connections: [], inFlight: 0, ...usage() },
  });
  const reader = new Reader(parts, link, await first.promise);
  opened.reader = reader;
  obeyed.resolve(reader);
  await reader.begun;
  return reader;
}

class Reader implements OpenedReader {
  readonly #parts: ReaderParts;
  readonly #link: WorkerLink;
  readonly #names;
  readonly #drain = new Drain();
  readonly #http = createHttp(undefined, this.#drain);
  readonly #meter: RequestMeter;
  readonly #relay: Relay;
  readonly ingress: Ingress;
  readonly #begun = Promise.withResolvers<void>();
  /** The subnets that connections here came from. */
  readonly #subnets = new Set<string>();
  #core: Core | undefined;
  /** Whether reads are answered here: the worker is there, and what is kept here is of its time. */
  #answers = false;
  #losses = 0;
  #masterKeys = '';
  /** Cores that were replaced, and still have requests. */
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: ReaderParts, link: WorkerLink, state: ReaderState) {
    const { settings, now, log, epoch, channel } = parts;
    this.#parts = parts;
    this.#link = link;
    this.#names = ownNames(settings.domain, { port: settings.port, publicPort: settings.publicPort });
    this.ingress = new Ingress({
      certificates: state,
      nat: compileNat(settings.nat),
      subnets: {
        ...directoryOf(() => this.#core?.rulebook),
        lookUp: (incarnation) => this.changed([subnetKey(incarnation)]),
      },
      onConnection: (socket) => {
        const source = this.ingress.sourceOf(socket);
        if (source.kind === 'subnet') this.#subnets.add(source.incarnation);
        this.#http.emit('connection', socket);
      },
      log: (refused) => log.warn(refused, 'a connection was refused'),
      now,
      limits: limitsOfEach(settings),
    });
    this.#relay = new Relay({
      path: channel,
      prefaceOf: (socket) => ({
        kind: 'requests',
        epoch,
        source: this.ingress.sourceOf(socket),
        serves: this.ingress.servesOn(socket),
        servername: servernameOf(socket),
        tls: tlsVersionOf(socket),
      }),
    });
    this.#meter = new RequestMeter((measured) => {
      if (measured.edge !== relayedEdge) this.#link.ended(measured);
    });
    countRequests(this.#http, [this.#drain, this.ingress, this.#meter]);
    const elsewhere = (...request: Parameters<Relay['relay']>) => void this.#handOver(...request);
    const answer = dispatchByHost(servedBy(this.ingress, this.#names), {
      vault: (request, response, host) => this.#core?.vaults(request, response, host),
      home: elsewhere,
    });
    this.#http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#answers && request.method === 'GET' && !hasBody(request)) answer(request, response);
      else elsewhere(request, response);
    });
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Takes the worker's state, at the beginning and after each change of it. */
  async begin(state: ReaderState): Promise<void> {
    const losses = this.#losses;
    this.#show(state);
    const masterKeys = state.masterKeys.join(' ');
    if (!this.#answers || this.#core === undefined || masterKeys !== this.#masterKeys) {
      const core = await this.#open(state);
      const before = this.#core;
      this.#core = core;
      this.#masterKeys = masterKeys;
      if (before !== undefined) this.#end(before);
      this.#endSubnets([...this.#subnets].filter((one) => core.rulebook.subnet(one)?.serviceEndpoint !== true));
    }
    // A worker that was lost meanwhile did not say what has changed since.
    this.#answers = losses === this.#losses;
    this.#begun.resolve();
  }

  async changed(keys: readonly string[]): Promise<void> {
    this.#endSubnets((await this.#core?.changed(keys)) ?? []);
  }

  lost(): void {
    this.#losses += 1;
    this.#answers = false;
  }

  vitals(): ReaderVitals {
    return { connections: this.ingress.connections.each, inFlight: this.#meter.inFlight, ...usage() };
  }

  drain(times: DrainTimes): Promise<number> {
    this.ingress.stopAccepting();
    return this.#drain.drain(times, () => this.ingress.connections.total);
  }

  async close(): Promise<void> {
    this.ingress.closeAll();
    this.#http.closeAllConnections();
    this.#http.close();
    this.#answers = false;
    if (this.#core !== undefined) this.#end(this.#core);
    await Promise.all(this.#ending);
    this.#link.close();
  }

  #open(state: ReaderState): Promise<Core> {
    const { settings, entry, now, log } = this.#parts;
    return openCore(state, {
      settings,
      names: this.#names,
      databaseFile: join(entry, 'postern.db'),
      sourceOf: (socket: Socket) => this.ingress.sourceOf(socket),
      closeSubnets: (incarnations) => this.#endSubnets(incarnations),
      record: (lines) => this.#link.record(lines),
      elsewhere: (request, response, error) => this.#elsewhere(request, response, error),
      now,
      log,
    });
  }

  #end(core: Core): void {
    const ended = core
      .close()
      .catch((error: unknown) => this.#parts.log.error({ err: error }, 'a store was not closed'));
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }

  #show({ own, azure, operator, gatewayAuthorities }: ReaderState): void {
    const { shown } = this.ingress;
    if (JSON.stringify(operator) !== JSON.stringify(shown.ofOperator)) shown.setOperator(operator);
    for (const [names, certificate] of [
      ['own', own],
      ['azure', azure],
    ] as const) {
      if (shown.of(names).certificate.cert !== certificate.cert) this.ingress.setCertificate(certificate, names);
    }
    if (shown.gatewayAuthorities !== gatewayAuthorities) this.ingress.trustGateways(gatewayAuthorities);
  }

  #endSubnets(incarnations: readonly string[]): void {
    for (const one of incarnations) {
      this.#subnets.delete(one);
      this.ingress.closeSubnet(one);
    }
  }

  /** A request that was begun here: it counts as one of its connection's already. */
  #elsewhere(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (!(error instanceof RecordLost)) return this.#relay.relay(request, response);
    // Its record may be in the log, and a second one would say that it was answered twice.
    response.destroy();
    return Promise.resolve();
  }

  async #handOver(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const over = this.#relay.relay(request, response);
    await (this.#core === undefined ? over : this.#core.turns.handOver(request.socket, over));
  }
}

function usage(): Pick<ReaderVitals, 'cpuSeconds' | 'residentBytes'> {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, residentBytes: process.memoryUsage.rss() };
}
