import type { HeaderProblem } from './proxy-header.ts';

/** Why the ingress ended a connection. */
export type Refusal =
  | { readonly kind: 'header'; readonly problem: HeaderProblem }
  /** The PROXY header was not complete in time. */
  | { readonly kind: 'headerTimeout' }
  /** The other end closed before its PROXY header was complete. */
  | { readonly kind: 'headerEnded' }
  /** `code` as Node and OpenSSL name it: a PROXY header where none is accepted is `ERR_SSL_WRONG_VERSION_NUMBER`. */
  | { readonly kind: 'handshakeFailed'; readonly code: string }
  | { readonly kind: 'handshakeTimeout' }
  /**
   * A limit was reached, and this connection was the least active, or the last to come while all others had a request
   * in flight.
   */
  | { readonly kind: 'tooManyConnections'; readonly limit: number }
  /** The address is not among those that the load balancer's listener accepts. */
  | { readonly kind: 'notTheLoadBalancer' }
  | { readonly kind: 'subnetGone'; readonly incarnation: string }
  | { readonly kind: 'endpointOff'; readonly incarnation: string }
  /** The gateways' authority did not sign the gateway's certificate, or it is over; `code` as OpenSSL names it. */
  | { readonly kind: 'certificateNotTrusted'; readonly code: string }
  /** The gateway's certificate names no virtual network of this server's domain. */
  | { readonly kind: 'certificateWithoutVnet' }
  /** The gateway's header does not have the GUID of a subnet in TLV 0xE1. */
  | { readonly kind: 'subnetNotNamed' }
  /** The gateway is bound to a virtual network that does not contain the subnet it names. */
  | { readonly kind: 'subnetOfAnotherVnet'; readonly incarnation: string }
  /** The gateway gave an address that the subnet does not have. */
  | { readonly kind: 'addressOutside'; readonly address: string; readonly addressPrefix: string }
  /** Workloads in a subnet have IPv4 addresses; the gateway gave another kind. */
  | { readonly kind: 'notIpv4' }
  /** The request for a connection (CONNECT) is malformed: in its target or body, or as Node's code says. */
  | { readonly kind: 'connectMalformed'; readonly what: string }
  /** The request has another method than CONNECT. */
  | { readonly kind: 'notConnect' }
  /** No declared place has the credential, or none was shown. */
  | { readonly kind: 'credentialRefused' }
  /** The connection was asked for to a host that is not one of this server. */
  | { readonly kind: 'foreignHost'; readonly host: string };

export type ListenerKind =
  'public' | 'subnet' | 'metadata' | 'unixGateway' | 'tlsGateway' | 'loadBalancer' | 'declared';

/** One line of the ingress's log. */
export interface RefusedConnection {
  readonly listener: ListenerKind;
  /** The peer's address from the kernel; `undefined` on a unix socket. */
  readonly remoteAddress: string | undefined;
  readonly refusal: Refusal;
  /** How many refusals of this kind on this kind of listener were left out of the log since the last line. */
  readonly leftOut: number;
}

export interface RefusalLogOptions {
  readonly write: (line: RefusedConnection) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

const linesPerWindow = 10;
const windowMs = 10_000;

interface Window {
  startedAt: number;
  lines: number;
  leftOut: number;
}

/** Strangers cause these lines, so each kind is written at most ten times in ten seconds; the rest are counted. */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  add(listener: ListenerKind, remoteAddress: string | undefined, refusal: Refusal): void {
    const window = this.#windowOf(`${listener} ${refusal.kind}`);
    if (window.lines >= linesPerWindow) {
      window.leftOut += 1;
      return;
    }
    window.lines += 1;
    const { leftOut } = window;
    window.leftOut = 0;
    this.#options.write({ listener, remoteAddress, refusal, leftOut });
  }

  /** There are few windows, because both kinds are closed lists. */
  #windowOf(key: string): Window {
    const now = this.#options.now();
    const window = this.#windows.get(key) ?? { startedAt: now, lines: 0, leftOut: 0 };
    this.#windows.set(key, window);
    if (now - window.startedAt >= windowMs) Object.assign(window, { startedAt: now, lines: 0 });
    return window;
  }
}

/**
 * Why a gateway's handshake failed, if not by a plain disconnect. For an untrusted certificate Node's error says only
 * that the connection was reset; the reason is `authorizationError` of the socket.
 */
export function gatewayRefusal(code: string, untrusted: unknown): Refusal | undefined {
  if (typeof untrusted === 'string') return { kind: 'certificateNotTrusted', code: untrusted };
  if (code === 'ECONNRESET') return undefined;
  return code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? { kind: 'handshakeTimeout' } : { kind: 'handshakeFailed', code };
}
