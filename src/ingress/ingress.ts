import { createServer, type Socket } from 'node:net';
import { parseAddress, siteOf } from '../address/address.ts';
import type { Room } from '../shares/places.ts';
import type { Service } from '../types/service.ts';
import type { Source } from '../types/source.ts';
import {
  attributeDeclared,
  attributeGateway,
  attributeLoadBalancer,
  attributeMetadata,
  attributePublic,
  attributeSeenAs,
  attributeSubnet,
  placeOf,
  senderCheck,
  type Attribution,
  type SeenAs,
  type Subnet,
} from './attribution.ts';
import { answerConnect, ConnectReader, type ConnectRules } from './connect.ts';
import { DeclaredPlaces } from './declared-places.ts';
import { endTls, errorCode } from './end-tls.ts';
import { bindChannel, gatewayServer } from './gateway-certificate.ts';
import { listenerOf, relaying, type Attributed, type Listener, type Purpose } from './listener.ts';
import { OpenListeners } from './open-listeners.ts';
import { defaultLimits } from './options.ts';
import type {
  Certificate,
  CertifiedNames,
  IngressLimits,
  IngressOptions,
  Listenable,
  LoadBalancer,
  OpenListener,
  TlsGateway,
} from './options.ts';
import type { AcceptedVersion, ProxyHeader } from './proxy-header.ts';
import { gatewayRefusal, RefusalLog, type Refusal } from './refusal.ts';
import { ShownCertificates } from './shown-certificates.ts';
import { takeHeader } from './take-header.ts';

/**
 * Accepts connections, proves where they come from and ends TLS. A connection's source is set once, before a request is
 * read from it, and nothing inside the connection changes it.
 */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #limits: IngressLimits;
  readonly #refusals: RefusalLog;
  /** By the socket that `onConnection` gets. */
  readonly #attributed = new WeakMap<object, Attributed>();
  readonly #listeners: OpenListeners;
  /** The certificates that new connections are shown. */
  readonly shown: ShownCertificates;
  /** The places that programs declare. */
  readonly declared = new DeclaredPlaces();

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.shown = new ShownCertificates(options.certificates);
    this.#refusals = new RefusalLog({ write: options.log, now: options.now });
    this.#listeners = new OpenListeners(this.#limits, this.#refusals);
  }

  /** The source of a connection, by the socket that `onConnection` got (an HTTP request's `socket`). */
  sourceOf(socket: object): Source {
    const known = this.#attributed.get(socket)?.source;
    return known ?? { kind: 'unknown', reason: 'the connection did not come through the ingress' };
  }

  /** The service that the connection's listener serves by Azure's own names; `undefined`: the server's own names. */
  servesOn(socket: object): Service | undefined {
    return this.#attributed.get(socket)?.serves;
  }

  /** Call it when a request begins: a connection with a request in flight does not have to make room for others. */
  begin(socket: object): void {
    const known = this.#attributed.get(socket);
    known?.places.begin(known.socket);
  }

  /** Call it when a request that `begin` was called for was answered, or its connection ended. */
  end(socket: object): void {
    const known = this.#attributed.get(socket);
    known?.places.end(known.socket);
  }

  /** Public clients, seen through the NAT table. With `serves` they have public addresses already, and no table applies. */
  addPublic(handle: Listenable, serves?: Service): Promise<OpenListener> {
    const nat = serves === undefined ? this.#options.nat : [];
    return this.#addPlain({ kind: 'public', serves }, handle, (listener, socket) => {
      this.#settle(listener, socket, attributePublic(nat, socket.remoteAddress));
    });
  }

  /** A socket of the program that this server runs in: each connection counts as one from this place (`attributeSeenAs`). */
  addSeenAs(handle: Listenable, place: SeenAs): Promise<OpenListener> {
    const attribute = () => attributeSeenAs(this.#options.subnets, place);
    return this.#addPlain({ kind: 'public' }, handle, (...accepted) => this.#settleKnown(...accepted, attribute));
  }

  /** A socket that only this subnet can reach: it was opened inside the namespace of its virtual network. */
  addSubnetListener(handle: Listenable, subnet: Subnet, serves?: Service): Promise<OpenListener> {
    return this.#addPlain({ kind: 'subnet', serves }, handle, (listener, socket) => {
      const address = parseAddress(socket.remoteAddress ?? '');
      this.#settleKnown(listener, socket, () => attributeSubnet(this.#options.subnets, subnet, address));
    });
  }

  /** Likewise, for plain HTTP and no vault: `accept` gets each connection, with or without the subnet's service endpoint. */
  addMetadataListener(handle: Listenable, subnet: Subnet, accept: (socket: Socket) => void): Promise<OpenListener> {
    return this.#addPlain({ kind: 'metadata' }, handle, (listener, socket) => {
      const address = parseAddress(socket.remoteAddress ?? '');
      const attribute = () => attributeMetadata(this.#options.subnets, subnet, address);
      this.#settleKnown({ ...listener, onPlain: accept }, socket, attribute);
    });
  }

  /**
   * A gateway on this host. Being able to open the socket's path binds it to the virtual network with this resource
   * GUID.
   */
  addUnixGateway(handle: Listenable, { vnet }: { readonly vnet: string }): Promise<OpenListener> {
    return this.#addPlain({ kind: 'unixGateway' }, handle, (listener, socket) => {
      this.#takeHeader(listener, socket, 2, (header) => attributeGateway(this.#options.subnets, vnet, header));
    });
  }

  /** A load balancer that names the public address it accepted; it is trusted because of its own address. */
  addLoadBalancer(handle: Listenable, { from, version }: LoadBalancer): Promise<OpenListener> {
    const isSender = senderCheck(from);
    return this.#addPlain({ kind: 'loadBalancer' }, handle, (listener, socket) => {
      if (isSender(socket.remoteAddress)) this.#takeHeader(listener, socket, version, attributeLoadBalancer);
      else this.#refuse(listener, socket, { kind: 'notTheLoadBalancer' });
    });
  }

  /** Gateways on other hosts: PROXY v2 inside mutual TLS, each channel bound to a virtual network by its certificate. */
  addTlsGateway(handle: Listenable, gateway: TlsGateway): Promise<OpenListener> {
    const context = () => this.shown.toGateways(gateway);
    const server = gatewayServer(context(), this.#limits);
    const listener = listenerOf({ kind: 'tlsGateway', renew: () => server.setSecureContext(context()) }, this.#limits);
    server.on('connection', (socket: Socket) => this.#track(listener, socket));
    server.on('tlsClientError', (error, socket) => {
      const refusal = gatewayRefusal(errorCode(error), socket.authorizationError);
      if (refusal !== undefined) this.#refuse(listener, socket, refusal);
    });
    server.on('secureConnection', (socket) => {
      this.#track(listener, socket);
      if (!this.#takePlace(listener, socket, undefined)) return;
      const refuse = (refusal: Refusal) => this.#refuse(listener, socket, refusal);
      const vnet = bindChannel(socket, { domain: gateway.domain, now: this.#options.now, refuse });
      if (vnet === undefined) return;
      this.#takeHeader(listener, socket, 2, (header) => attributeGateway(this.#options.subnets, vnet, header));
    });
    return this.#listeners.open(listener, server, handle);
  }

  /** Programs that declare their place by a credential, and ask for connections to the server's own hosts (CONNECT). */
  addDeclared(handle: Listenable, { isOwnHost }: Pick<ConnectRules, 'isOwnHost'>): Promise<OpenListener> {
    const reader = new ConnectReader({ places: this.declared, isOwnHost, timeoutMs: this.#limits.headerTimeoutMs });
    return this.#addPlain({ kind: 'declared', answer: answerConnect }, handle, (listener, socket) => {
      reader.take(socket, (verdict) => {
        if (!verdict.ok) return this.#refuse(listener, socket, verdict.refusal);
        this.declared.keep(verdict.id, socket);
        this.#settleKnown(listener, socket, () => attributeDeclared(this.#options.subnets, verdict.place));
      });
    });
  }

  /** Shows new connections another certificate; open connections keep theirs. */
  setCertificate(certificate: Certificate, names: CertifiedNames = 'own'): void {
    this.shown.set(names, certificate);
    this.#listeners.renew();
  }

  /** Believes gateways whose certificates these authorities (PEM) signed, from their next connection on. */
  trustGateways(authorities: string): void {
    this.shown.gatewayAuthorities = authorities;
    this.#listeners.renew();
  }

  /** Ends the subnet's open connections to the vaults at once, whichever listener accepted them; returns how many. */
  closeSubnet(incarnation: string): number {
    return this.#listeners.endSubnet(incarnation);
  }

  /** Accepts no new connection on any listener; open connections stay, and `closeSubnet` still ends them. */
  stopAccepting(): void {
    this.#listeners.stopAccepting();
  }

  /** How many connections are open, whether their TLS handshake is over or not. */
  get connections(): Pick<OpenListeners, 'total' | 'each' | 'most'> {
    return this.#listeners;
  }

  closeAll(): void {
    this.#listeners.closeAll();
  }

  #addPlain(purpose: Purpose, handle: Listenable, accept: (listener: Listener, socket: Socket) => void) {
    const listener = listenerOf(purpose, this.#limits);
    const { kind } = listener;
    // A listener on a handle lacks http's default of no delay, and without it each connection stalls once for 40 ms.
    const server = createServer({ noDelay: true }, (socket) => {
      this.#track(listener, socket);
      const address = relaying.has(kind) ? undefined : parseAddress(socket.remoteAddress ?? '');
      const place = address && siteOf(address);
      if (this.#takePlace(listener, socket, place)) accept(listener, socket);
    });
    return this.#listeners.open(listener, server, handle);
  }

  #track(listener: Listener, socket: Socket): void {
    // An error ends the connection, and 'close' is emitted for it too.
    socket.on('error', () => undefined);
    listener.connections.add(socket);
  }

  /** Gives a connection its place, or ends it if there is no room. */
  #takePlace(listener: Listener, socket: Socket, place: string | undefined): boolean {
    if (!this.#makeRoom(listener, socket, listener.places.roomFor(place))) return false;
    listener.places.add(socket, place);
    socket.once('close', () => listener.places.remove(socket));
    return true;
  }

  #makeRoom(listener: Listener, socket: Socket, room: Room<Socket>): boolean {
    if (room.kind === 'room') return true;
    const leaving = room.kind === 'goes' ? room.connection : socket;
    listener.places.remove(leaving);
    this.#refuse(listener, leaving, { kind: 'tooManyConnections', limit: room.limit });
    return leaving !== socket;
  }

  #takeHeader(
    listener: Listener,
    socket: Socket,
    accept: AcceptedVersion,
    attribute: (header: ProxyHeader) => Attribution,
  ): void {
    const done: Parameters<typeof takeHeader>[1]['done'] = (taken) => {
      if (taken.ok) this.#settleKnown(listener, socket, () => attribute(taken.header));
      else this.#settle(listener, socket, taken);
    };
    takeHeader(socket, { accept, timeoutMs: this.#limits.headerTimeoutMs, done });
  }

  /** Settles what `attribute` says, but believes that a subnet or its endpoint is gone only after looking it up. */
  #settleKnown(listener: Listener, socket: Socket, attribute: () => Attribution): void {
    const attribution = attribute();
    const { refusal } = attribution.ok ? {} : attribution;
    if (refusal?.kind !== 'subnetGone' && refusal?.kind !== 'endpointOff') {
      this.#settle(listener, socket, attribution);
      return;
    }
    const settle = (): void => {
      if (!socket.destroyed) this.#settle(listener, socket, attribute());
    };
    // If the lookup fails, the connection stays refused.
    this.#options.subnets.lookUp(refusal.incarnation).then(settle, settle);
  }

  /** The one place where a connection gets its source. */
  #settle(listener: Listener, socket: Socket, attribution: Attribution): void {
    if (!attribution.ok) {
      this.#refuse(listener, socket, attribution.refusal);
      return;
    }
    const { source } = attribution;
    const place = relaying.has(listener.kind) ? placeOf(source) : undefined;
    if (place !== undefined) {
      if (!this.#makeRoom(listener, socket, listener.places.roomToMove(place))) return;
      listener.places.move(socket, place);
    }
    if (source.kind === 'subnet') listener.connections.bind(socket, source.incarnation);
    const { places, serves } = listener;
    if (listener.onPlain !== undefined) {
      this.#attributed.set(socket, { source, serves, places, socket });
      listener.onPlain(socket);
      return;
    }
    listener.answer?.(socket);
    const secured = endTls(socket, {
      ...this.shown.endingFor(serves === undefined ? 'own' : 'azure'),
      timeoutMs: this.#limits.handshakeTimeoutMs,
      onSecure: this.#options.onConnection,
      onRefused: (refusal) => this.#refuse(listener, socket, refusal),
    });
    this.#attributed.set(secured, { source, serves, places, socket });
  }

  #refuse(listener: Listener, socket: Socket, refusal: Refusal): void {
    this.#refusals.add(listener.kind, socket.remoteAddress, refusal);
    if (listener.answer === undefined) socket.destroy();
    else listener.answer(socket, refusal);
  }
}
